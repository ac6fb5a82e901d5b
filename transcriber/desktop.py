"""Being started with a double click: the page, or a terminal to be seen in.

A file manager starts the program without a terminal, and without arguments or with the recordings
that were opened. Without any, the page is shown where there is a browser. The files of recordings
are written beside them, since there is no current folder that the user knows of, and the window
stays until the last line was read.
"""

from __future__ import annotations

import os
import shlex
import shutil
import stat
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from transcriber.beside import native_executable
from transcriber.errors import DependencyError, UsageError

COMMAND = "desktop"
"""The word by which the desktop entry asks for this; it is in no help, for nobody types it."""

TERMINALS = (
    # The desktop's own choice first: these names lead to it.
    ("xdg-terminal-exec",),
    ("x-terminal-emulator", "-e"),
    ("gnome-terminal", "--"),
    ("kgx", "--"),
    ("konsole", "-e"),
    ("xfce4-terminal", "-x"),
    ("mate-terminal", "-x"),
    ("lxterminal", "-e"),
    ("kitty",),
    ("alacritty", "-e"),
    ("foot",),
    ("wezterm", "start", "--"),
    ("xterm", "-e"),
)
"""Programs that show another one in a window, with what comes before its command line."""

OPENERS = (("xdg-open",), ("gio", "open"), ("sensible-browser",), ("x-www-browser",))
"""Programs that show an address in the browser that the user prefers."""

SIGNALLED = 128
"""Exit codes above it are those of a run that a signal ended."""

Transcribe = Callable[[Sequence[str]], int]
"""Runs the program with the arguments of a transcription and returns the exit code."""


def was_double_clicked() -> bool:
    """Return whether a file manager, not a shell or a script, seems to have started the program.

    There is a screen, nothing can be typed, and nobody waits for the output: who starts the
    program to read from it has a pipe there.
    """
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if any(stream.isatty() for stream in streams):
        return False
    return not any(stat.S_ISFIFO(os.fstat(number).st_mode) for number in (0, 1, 2))


def is_interactive() -> bool:
    """Return whether somebody can be asked for recordings, here or in a window."""
    return (sys.stdin.isatty() and sys.stderr.isatty()) or was_double_clicked()


def were_dropped(words: Sequence[str]) -> bool:
    """Return whether the words are files that somebody has dropped on the program.

    A file manager names them in full, gives no option, and lets the output go nowhere, to the
    journal or into the session's log. What a script starts in this way has its output elsewhere.
    """
    if native_executable() is None or not was_double_clicked():
        return False
    if any(_is_kept(number) for number in (1, 2)):
        return False
    paths = [local_path(word) for word in words]
    return all(path.startswith("/") and os.path.lexists(path) for path in paths)


def _is_kept(number: int) -> bool:
    """Return whether a stream goes into a file, other than the log of the desktop's session."""
    if not stat.S_ISREG(os.fstat(number).st_mode):
        return False
    # ~/.xsession-errors, wayland-session.log
    return "session" not in Path(f"/proc/self/fd/{number}").resolve().name


def shows_page(*, opened: bool) -> bool:
    """Return whether the page is what somebody wants who has named no recording.

    Parameters
    ----------
    opened : bool
        Whether the desktop's menu says that it has started the program. Without that, whoever
        types the program's name alone looks at a terminal.
    """
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not screen or not any(shutil.which(opener[0]) for opener in OPENERS):
        return False
    return opened or was_double_clicked()


def open_terminal(recordings: Sequence[str]) -> int:
    """Become a terminal in which the program runs.

    Raises
    ------
    DependencyError
        When there is none.
    """
    for name, *words in TERMINALS:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, *words, *_own_command(), COMMAND, *recordings])  # noqa: S606
    raise DependencyError(
        "no terminal was found to show a window in",
        f"open one and give there: {shlex.join(_own_command())} RECORDING",
    )


def run(arguments: Sequence[str], transcribe: Transcribe) -> int:
    """Transcribe the recordings that were opened, or ask for some.

    Parameters
    ----------
    arguments : sequence of str
        Paths or addresses of local files.
    transcribe : callable
        Does it.

    Returns
    -------
    int
        The exit code of the last transcription that failed, or 0.

    Raises
    ------
    UsageError
        When there is no recording and nobody to ask for one.
    DependencyError
        When there is no terminal to be opened.
    """
    if not sys.stdin.isatty():
        if was_double_clicked():
            try:
                return open_terminal(arguments)
            except DependencyError as error:
                # What was named can be transcribed without being seen.
                if not arguments:
                    raise
                print(f"transcriber: {error}", file=sys.stderr)
        if not arguments:
            raise UsageError("no recording is named", "give its path, or see transcriber --help")
    code = 0
    for group in [list(map(local_path, arguments))] if arguments else _asked():
        code = _beside(group, transcribe) or code
        if code > SIGNALLED:
            return code
    if arguments and sys.stdin.isatty():
        print("\nPress Enter to close this window. ", end="", file=sys.stderr, flush=True)
        sys.stdin.readline()
    return code


def local_path(text: str) -> str:
    """Return the path that a desktop means: some hand over addresses, ``file:///...``."""
    try:
        parts = urllib.parse.urlsplit(text)
    except ValueError:
        # Brackets, which are for addresses of the next protocol of the internet.
        return text
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return urllib.parse.unquote(parts.path)
    return text


def _beside(paths: list[str], transcribe: Transcribe) -> int:
    """Transcribe each recording into its own folder; those of one folder in one call."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder = path if os.path.isdir(path) else os.path.dirname(path)  # noqa: PTH120
        folders.setdefault(folder or ".", []).append(path)
    code = 0
    for folder, group in folders.items():
        code = transcribe(["--output_dir", folder, "--", *group]) or code
        if code > SIGNALLED:
            break
    return code


def _asked() -> Iterator[list[str]]:
    """Ask for recordings until there is an empty line, or no line any more."""
    while True:
        print(
            "\nDrag recordings into this window, or type where they are, then press Enter;\n"
            "Enter alone ends: ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        line = sys.stdin.readline().strip()
        if not line:
            return
        try:
            paths = [local_path(word) for word in shlex.split(line)]
        except ValueError:
            # An apostrophe in a name that was typed.
            paths = [local_path(line)]
        # A name with blanks that was typed without quotes.
        if not all(map(os.path.exists, paths)) and os.path.exists(line):
            paths = [line]
        yield [os.path.expanduser(path) for path in paths]  # noqa: PTH111 - of text


def _own_command() -> list[str]:
    """Return the command that starts this program anew."""
    appimage = os.environ.get("APPIMAGE", "")
    executable = native_executable()
    if appimage and executable and Path(appimage).is_file():
        return [appimage]
    if executable:
        return [str(executable)]
    return [sys.executable, "-m", "transcriber"]
