"""Which recordings the command line means, and where the transcript of each goes."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.errors import InputError, UsageError
from transcriber.files import temporary_file_error

STANDARD_INPUT = "-"

_ENDINGS = """
.3ga .3gp .aac .ac3 .adts .aif .aifc .aiff .amr .ape .asf .au .avi .awb .caf .dts .eac3 .f4v
.flac .flv .m2ts .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp3 .mp4 .mpeg .mpg .mpga .mts .oga .ogg
.ogv .opus .ra .rm .snd .spx .tta .ts .vob .voc .w64 .wav .weba .webm .wma .wmv .wv
"""
MEDIA_ENDINGS = frozenset(_ENDINGS.split())
"""What counts as a recording within a folder. A file that is named outright may end in anything."""


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


def find_recordings(inputs: Sequence[str]) -> tuple[Recording, ...]:
    """Resolve files, folders, glob patterns and ``-``.

    A folder stands for the recordings in it and below it, without hidden ones, and its inner
    structure is kept in the output folder. The same file named twice is one recording.

    Raises
    ------
    InputError
        When a file does not exist, a pattern matches nothing or a folder holds no recording.
    UsageError
        When two recordings would write the same output files.
    """
    found: dict[Path | None, Recording] = {}
    for given in inputs:
        for recording in _resolve(given):
            found.setdefault(recording.path and recording.path.absolute(), recording)
    recordings = tuple(found.values())
    _check_stems(recordings)
    return recordings


def _resolve(given: str) -> Iterator[Recording]:
    if given == STANDARD_INPUT:
        yield Recording(path=None, label="standard input", stem=Path("stdin"))
        return
    if not given:
        # An unset variable of a script; as a path it would be the current folder.
        raise InputError("the name of a recording is empty", "name a file or a folder")
    path = Path(given)
    # pathlib's questions raise where a folder may not be entered or a name is too long.
    if os.path.isdir(path):
        yield from _in_folder(path)
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


def _in_folder(folder: Path) -> Iterator[Recording]:
    def refuse(error: OSError) -> None:
        raise InputError(f"cannot read the folder {error.filename}: {error.strerror}")

    empty = True
    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(parent, name)
            if path.suffix.lower() in MEDIA_ENDINGS and not name.startswith("."):
                empty = False
                yield _recording(path, path.relative_to(folder).with_suffix(""))
    if empty:
        raise InputError(
            f"the folder {folder} holds no recording", "name the files, if they end unusually"
        )


def _recording(path: Path, stem: Path) -> Recording:
    return Recording(path=path, label=printable(str(path)), stem=stem)


def _check_stems(recordings: Sequence[Recording]) -> None:
    by_stem: dict[Path, Recording] = {}
    for recording in recordings:
        other = by_stem.setdefault(recording.stem, recording)
        if other is not recording:
            raise UsageError(
                f"{other.label} and {recording.label} would write the same files, "
                f"{recording.stem}.*",
                "transcribe them in two calls with another --output_dir each",
            )


@contextlib.contextmanager
def readable_file(recording: Recording) -> Iterator[Path]:
    """Give a recording a path that can be read at any offset.

    Standard input is copied to a temporary file first, since many formats keep their index at
    the end.

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
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("standard input is a terminal", "pipe a recording into the program")
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="transcriber-"))
            copy = Path(folder, "stdin")
            # Closed here, because closing tries again to write what did not fit.
            with copy.open("wb") as stream:
                shutil.copyfileobj(sys.stdin.buffer, stream)
        except OSError as error:
            raise temporary_file_error("standard input", error) from error
        yield copy
