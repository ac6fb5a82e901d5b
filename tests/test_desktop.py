"""Being double-clicked: windows, dropped recordings, and where the files go."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import wave
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import PROGRAM_VARIABLE, program

from transcriber import __main__, desktop
from transcriber.errors import DependencyError, UsageError

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture
def terminals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is the whole search path of programs, as on a machine with a screen."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("APPIMAGE", raising=False)
    return folder


def add_terminal(folder: Path, name: str) -> Path:
    """Put a terminal there that notes what it should show."""
    path, note = folder / name, folder / f"{name}.note"
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{note}\n')
    path.chmod(0o755)
    return note


def double_click(*arguments: str, stdout: int = subprocess.DEVNULL) -> int:
    done = subprocess.run(
        program(arguments),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=60,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize("name", ["xdg-terminal-exec", "gnome-terminal", "konsole", "xterm"])
def test_a_double_click_opens_a_window(terminals: Path, name: str) -> None:
    note = add_terminal(terminals, name)
    assert double_click() == 0
    words = {first: rest for first, *rest in desktop.TERMINALS}[name]
    shown = note.read_text().splitlines()
    assert shown[: len(words)] == words
    assert shown[-1] == "desktop"
    if PROGRAM_VARIABLE not in os.environ:
        assert shown[len(words) : -1] == [sys.executable, "-m", "transcriber"]
    elif os.environ[PROGRAM_VARIABLE].endswith(".AppImage"):
        # Not what it is mounted as: that goes with the process that opens the window.
        assert shown[len(words) : -1] == [os.path.realpath(os.environ[PROGRAM_VARIABLE])]


@pytest.mark.parametrize(
    ("words", "clicked", "shown"),
    [
        # A double click, and the desktop's menu.
        ([], True, True),
        (["desktop"], False, True),
        # The program's name, typed on a terminal.
        ([], False, False),
        # Recordings have files beside them.
        (["desktop", "/a.mp3"], True, False),
    ],
)
def test_the_page_is_shown_where_there_is_a_browser(
    terminals: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], clicked: bool, shown: bool
) -> None:
    add_terminal(terminals, "xdg-open")
    monkeypatch.setattr(desktop, "was_double_clicked", lambda: clicked)
    monkeypatch.setattr(desktop, "run", lambda *_: 7)
    monkeypatch.setattr(desktop, "is_interactive", lambda: True)
    started: list[tuple[str, list[str]]] = []

    def run_subcommand(name: str, rest: list[str]) -> int:
        started.append((name, rest))
        return 0

    monkeypatch.setattr("transcriber.commands.running.run_subcommand", run_subcommand)
    assert __main__.main(words) == (0 if shown else 7)
    assert started == ([("ui", ["--until_closed"])] if shown else [])
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert __main__.main(words) == 7


def test_opened_recordings_get_into_the_window(terminals: Path) -> None:
    add_terminal(terminals, "xterm")
    note = add_terminal(terminals, "x-terminal-emulator")
    assert double_click("desktop", "/a b.mp3", "-c.mp3") == 0
    assert note.read_text().splitlines()[-3:] == ["desktop", "/a b.mp3", "-c.mp3"]


@pytest.mark.skipif(
    not os.environ.get(PROGRAM_VARIABLE), reason="files are dropped on a program, not on Python"
)
def test_a_file_dropped_on_the_program_opens_the_window(terminals: Path, tmp_path: Path) -> None:
    note = add_terminal(terminals, "xterm")
    recordings = [tmp_path / "a b.mp3", tmp_path / "-c.mp3"]
    for path in recordings:
        path.touch()
    assert double_click(*map(str, recordings)) == 0
    assert note.read_text().splitlines()[-3:] == ["desktop", *map(str, recordings)]


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process look as one that a file manager has started."""
    monkeypatch.setattr(desktop, "native_executable", lambda: Path("/opt/transcriber"))
    monkeypatch.setattr(desktop, "was_double_clicked", lambda: True)
    monkeypatch.setattr(desktop, "_is_kept", lambda _: False)


@pytest.mark.usefixtures("dropped")
def test_what_is_dropped_are_files_and_nothing_else(tmp_path: Path) -> None:
    one, two = tmp_path / "a b.mp3", tmp_path / "c.mp3"
    for path in (one, two):
        path.touch()
    assert desktop.were_dropped([str(one)])
    assert desktop.were_dropped([str(one), str(two), str(tmp_path)])
    assert desktop.were_dropped([one.as_uri()])
    for words in (
        [str(one), "-f", "srt"],
        ["--", str(one)],
        [f"-o{tmp_path}", str(one)],
        [str(tmp_path / "missing.mp3")],
        [os.path.relpath(one)],
        ["https://a.example/a.mp3"],
        ["-"],
    ):
        assert not desktop.were_dropped(words)


@pytest.mark.usefixtures("dropped")
@pytest.mark.parametrize(
    ("name", "value"),
    [("native_executable", None), ("was_double_clicked", False), ("_is_kept", True)],
)
def test_a_script_drops_nothing(
    name: str, value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktop, name, lambda *_: value)
    assert not desktop.were_dropped([str(tmp_path)])


@pytest.mark.parametrize(
    ("name", "kept"),
    [("log.txt", True), ("nohup.out", True), (".xsession-errors", False), ("session.log", False)],
)
def test_a_file_that_is_kept_is_that_of_a_script(tmp_path: Path, name: str, kept: bool) -> None:
    with open(tmp_path / name, "w") as stream:
        assert desktop._is_kept(stream.fileno()) is kept
    with open(os.devnull) as nowhere:
        assert not desktop._is_kept(nowhere.fileno())


@pytest.mark.usefixtures("dropped")
def test_dropped_files_are_handed_to_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Sequence[str]] = []

    def note(words: Sequence[str]) -> int:
        shown.append(words)
        return 0

    monkeypatch.setattr(desktop, "open_terminal", note)
    assert __main__._dispatch([str(tmp_path)]) == 0
    assert shown == [[str(tmp_path)]]


@pytest.mark.usefixtures("dropped")
def test_without_a_window_dropped_files_are_transcribed_all_the_same(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none(_: Sequence[str]) -> int:
        raise DependencyError("no terminal was found to show a window in")

    monkeypatch.setattr(desktop, "open_terminal", none)
    calls: list[Sequence[str]] = []

    def transcribe(words: Sequence[str]) -> int:
        calls.append(words)
        return 0

    assert desktop.run(["/x/a.mp3"], transcribe) == 0
    assert calls == [["--output_dir", "/x", "--", "/x/a.mp3"]]
    assert "no terminal" in capsys.readouterr().err
    with pytest.raises(DependencyError):
        desktop.run([], lambda _: pytest.fail("nothing to transcribe"))


def test_a_script_gets_no_window(terminals: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = add_terminal(terminals, "xterm")
    assert double_click(stdout=subprocess.PIPE) == 2
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert double_click() == 2
    assert double_click("desktop") == 2
    assert not note.exists()


def test_no_terminal_is_one_line_that_names_the_command(
    terminals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desktop, "native_executable", lambda: terminals / "transcriber")
    appimage = terminals / "our file.AppImage"
    appimage.touch()
    monkeypatch.setenv("APPIMAGE", str(appimage))
    with pytest.raises(DependencyError, match=r"give there: '.*our file\.AppImage' RECORDING"):
        desktop.open_terminal([])
    # Of another program that started this one, and is gone.
    appimage.unlink()
    with pytest.raises(DependencyError, match=r"give there: \S+/transcriber RECORDING"):
        desktop.open_terminal([])


def test_the_files_lie_beside_the_recordings(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    calls: list[Sequence[str]] = []

    def transcribe(words: Sequence[str]) -> int:
        calls.append(words)
        return 3 if str(folder) in words else 0

    paths = [str(tmp_path / "a.mp3"), str(folder), str(tmp_path / "b.mp3"), "c.mp3"]
    assert desktop.run([f"file://{paths[0].replace(' ', '%20')}", *paths[1:]], transcribe) == 3
    assert calls == [
        ["--output_dir", str(tmp_path), "--", paths[0], paths[2]],
        ["--output_dir", str(folder), "--", str(folder)],
        ["--output_dir", ".", "--", "c.mp3"],
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:///a%20b.mp3", "/a b.mp3"),
        ("file://localhost/a.mp3", "/a.mp3"),
        ("file://elsewhere/a.mp3", "file://elsewhere/a.mp3"),
        ("/100%20.mp3", "/100%20.mp3"),
        ("https://a.example/a.mp3", "https://a.example/a.mp3"),
        ("http://[x/a.wav", "http://[x/a.wav"),
        ("//x[1].mp3", "//x[1].mp3"),
    ],
)
def test_addresses_of_local_files(text: str, path: str) -> None:
    assert desktop.local_path(text) == path


def test_ctrl_c_ends_all_folders() -> None:
    calls: list[Sequence[str]] = []

    def interrupted(words: Sequence[str]) -> int:
        calls.append(words)
        return 130

    assert desktop.run(["/a/x.mp3", "/b/y.mp3"], interrupted) == 130
    assert len(calls) == 1


def test_nobody_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(UsageError, match="no recording is named"):
        desktop.run([], lambda _: pytest.fail("nothing to transcribe"))


def typed(lines: Sequence[str], *arguments: str) -> str:
    """Start the program on a terminal, type the lines at its prompts, and return the screen."""
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(PYTHONPATH=str(REPOSITORY), TRANSCRIBER_OFFLINE="1")
        command = program(arguments)
        os.execv(command[0], command)  # noqa: S606
    screen, waiting = "", list(lines)
    try:
        while select.select([terminal], [], [], 30)[0]:
            try:
                screen += os.read(terminal, 4096).decode(errors="replace")
            except OSError:
                # How a terminal says that its program has ended.
                break
            if waiting and screen.endswith((": ", ". ")):
                os.write(terminal, f"{waiting.pop(0)}\n".encode())
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    assert not waiting, screen
    return screen


def test_a_terminal_without_arguments_is_asked_until_enter_alone(tmp_path: Path) -> None:
    path = tmp_path / "it's mine.wav"
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, 16000, 0, "NONE", "not compressed"))
        stream.writeframes(bytes(3200))
    screen = typed([f"'{tmp_path}/missing.wav'", str(path), "http://[x ~/none.wav", ""])
    assert screen.count("Drag recordings into this window") == 4, screen
    assert str(Path("~/none.wav").expanduser()) in screen
    assert "missing.wav" in screen
    # That one is there, so a model is looked for, which the network is forbidden for here.
    assert screen.count("the network is forbidden") == 1
    assert "Traceback" not in screen


def test_the_window_of_an_opened_recording_stays_until_enter(tmp_path: Path) -> None:
    screen = typed([""], "desktop", str(tmp_path / "missing.wav"))
    assert "missing.wav" in screen
    assert "Press Enter to close this window" in screen
