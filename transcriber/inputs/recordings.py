"""Which recordings the command line means, and where the transcript of each goes."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.errors import InputError, UsageError
from transcriber.files import temporary_file_error
from transcriber.inputs.addresses import is_address
from transcriber.inputs.lists import expanded, list_path
from transcriber.inputs.media_files import is_recording
from transcriber.inputs.names import enumerate_some, in_words, place_of, taken_stems, told_apart
from transcriber.settings import EVERY_FORMAT

STANDARD_INPUT = "-"

_SHOWN = 3

_Note = Callable[[str], None]
_Failed = Callable[[str, InputError], None]


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One input.

    Attributes
    ----------
    path : Path or None
        The file; None is standard input.
    label : str
        What messages call it.
    stem : Path
        Path of its output files without their endings, below the output folder.
    """

    path: Path | None
    label: str
    stem: Path


def _refuse(_: str, error: InputError) -> None:
    raise error


def find_recordings(
    inputs: Sequence[str],
    note: _Note = lambda text: None,
    *,
    output: Path | None = None,
    failed: _Failed = _refuse,
) -> tuple[Recording, ...]:
    """Resolve files, folders, glob patterns, lists of them and ``-``.

    A folder stands for the recordings in it and below it, without hidden ones, and its inner
    structure is kept in the output folder. The same file named twice is one recording. Those that
    are called alike, or like a transcript, get names that tell them apart.

    Parameters
    ----------
    inputs : sequence of str
        What the user gave.
    note : callable
        Is told, in a line each, what is passed over in a folder, and which names were changed.
    output : Path, optional
        Where the transcripts go. None of them replaces what is read.
    failed : callable
        Is told what cannot be looked for, and why: a list or a folder that cannot be read, a
        pattern that matches nothing, a folder without a recording. It may raise the error.

    Raises
    ------
    InputError
        Where `failed` raises it, as it does when it is not given.
    UsageError
        When two recordings would write the same output files.
    """
    found: dict[Path | None, Recording] = {}
    for given in _names(inputs, failed):
        try:
            for recording in _resolve(given, note, failed):
                found.setdefault(recording.path and place_of(recording.path), recording)
        except InputError as error:
            failed(printable(given), error)
    recordings = tuple(found.values())
    taken = frozenset[Path]()
    if output is not None:
        read = [recording.path for recording in recordings if recording.path is not None]
        read += (Path(path) for path in map(list_path, inputs) if path is not None)
        taken = frozenset(taken_stems(read, output))
    stems = told_apart([(recording.path, recording.stem) for recording in recordings], taken)
    pairs = zip((recording.stem for recording in recordings), stems, strict=True)
    for line in in_words(((old, new) for old, new in pairs if new != old), taken):
        note(printable(line))
    return tuple(replace(old, stem=new) for old, new in zip(recordings, stems, strict=True))


def _names(inputs: Iterable[str], failed: _Failed) -> Iterator[str]:
    """Yield the inputs, with the names of each list that can be read in its place."""
    for given in inputs:
        try:
            yield from expanded([given])
        except InputError as error:
            failed(printable(given), error)


def _resolve(given: str, note: _Note, failed: _Failed) -> Iterator[Recording]:
    if given == STANDARD_INPUT:
        yield Recording(path=None, label="standard input", stem=Path("stdin"))
        return
    if not given:
        # An unset variable of a script; as a path it would be the current folder.
        raise InputError("the name of a recording is empty", "name a file or a folder")
    path = Path(given)
    # pathlib's questions raise where a folder may not be entered or a name is too long.
    if os.path.isdir(path):
        yield from _in_folder(path, note, failed)
    elif is_address(given):
        # As it was given: a path has no two slashes. It is refused when its turn comes.
        yield replace(_recording(path, Path(path.stem)), label=printable(given))
    elif os.path.lexists(path) or not glob.has_magic(given):
        # What is wrong with a missing file is told when its turn comes, after the others.
        yield _recording(path, Path(path.stem))
    else:
        matches = map(Path, sorted(glob.glob(given, recursive=True)))  # noqa: PTH207  may be absolute
        files = [match for match in matches if not os.path.isdir(match)]
        if not files:
            raise InputError(f"no file matches {given}", "check the pattern")
        for file in files:
            yield _recording(file, Path(file.stem))


def _in_folder(folder: Path, note: _Note, failed: _Failed) -> Iterator[Recording]:
    empty, others = True, list[str]()

    def refuse(error: OSError) -> None:
        nonlocal empty
        empty = False
        name = printable(str(error.filename))
        failed(name, InputError(f"cannot read the folder {name}: {error.strerror}"))

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        shown = sorted(name for name in files if not name.startswith("."))
        paths = [path for path in (Path(parent, name) for name in shown) if is_recording(path)]
        for path in paths:
            empty = False
            yield _recording(path, path.relative_to(folder).with_suffix(""))
        ours = _names_of_transcripts(paths) | {path.name for path in paths}
        others += (
            str(Path(parent, name).relative_to(folder))
            for name in shown
            if name not in ours and ".transcriber-" not in name
        )
    passed_over = _passed_over(others)
    if empty:
        raise InputError(
            f"the folder {folder} holds no recording{f' ({passed_over})' if others else ''}",
            "name the files, if they end unusually",
        )
    if others:
        note(printable(f"{folder}: passed over {passed_over}"))


def _names_of_transcripts(recordings: Iterable[Path]) -> set[str]:
    """Return what the transcripts of recordings in the same folder may be called."""
    return {
        f"{name}.{ending}"
        for path in recordings
        for name in (path.stem, path.name)
        for ending in EVERY_FORMAT
    }


def _passed_over(names: Sequence[str]) -> str:
    what = (
        "1 file that is no recording"
        if len(names) == 1
        else f"{len(names)} files that are no recordings"
    )
    return f"{what}: {enumerate_some(names, _SHOWN)}"


def _recording(path: Path, stem: Path) -> Recording:
    return Recording(path=path, label=printable(str(path)), stem=stem)


@contextlib.contextmanager
def readable_file(recording: Recording) -> Iterator[Path]:
    """Give a recording a path that can be read at any offset.

    Standard input is copied to a temporary file first, since many formats keep their index at
    the end. Where the system shows open files, that file has no name, and a killed run leaves none.

    Raises
    ------
    UsageError
        When standard input is a terminal.
    StorageError
        When the copy does not fit.
    """
    if recording.path is not None:
        yield recording.path
        return
    check_standard_input()
    with contextlib.ExitStack() as stack:
        try:
            # Not /proc/self: ffmpeg opens it, too.
            shown = Path(f"/proc/{os.getpid()}/fd")
            if os.access(shown, os.X_OK):
                unnamed = stack.enter_context(tempfile.TemporaryFile())
                copy = shown / str(unnamed.fileno())
            else:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="transcriber-"))
                copy = Path(folder, "stdin")
            # Closed here, because closing tries again to write what did not fit.
            with copy.open("wb") as stream:
                shutil.copyfileobj(sys.stdin.buffer, stream)
        except OSError as error:
            raise temporary_file_error("standard input", error) from error
        yield copy


def check_standard_input() -> None:
    """Check that standard input can hold a recording.

    Raises
    ------
    UsageError
        When it is a terminal.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("standard input is a terminal", "pipe a recording into the program")
