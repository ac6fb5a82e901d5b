"""Which files a transcript goes to, and what is there already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from transcriber.errors import StorageError
from transcriber.files import storage_error
from transcriber.inputs.recordings import Recording
from transcriber.settings import RunSettings
from transcriber.transcript.journal import journal_path
from transcriber.transcript.ownership import Mark, is_of, mark_of
from transcriber.transcript.writers import output_paths


def output_stem(recording: Recording, settings: RunSettings) -> Path | None:
    """Return the path of a recording's output files without endings; None is standard output."""
    folder = settings.output.directory
    return None if folder is None else folder / recording.stem


def is_done(recording: Recording, settings: RunSettings) -> bool:
    """Whether a recording has all its output files and no journal of an unfinished run.

    Files that are known to be of another recording are not its own.
    """
    stem = output_stem(recording, settings)
    if stem is None or os.path.exists(journal_path(stem)):
        return False
    paths = output_paths(stem, settings.output)
    if not all(map(os.path.exists, paths)):
        return False
    # Files have the same mark, as a rule.
    marks = {mark for mark in map(mark_of, paths) if mark is not None}
    # What standard input holds is not known before it was read.
    path = recording.path
    return all(path is not None and is_of(mark, path) for mark in marks)


def check_outputs(paths: Sequence[Path]) -> None:
    """Refuse what could only be told after hours of decoding.

    Raises
    ------
    StorageError
        When a folder lies where a file is to be written, or no file can be called so.
    """
    for path in paths:
        try:
            os.lstat(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise storage_error("write", path, error) from error
        if os.path.isdir(path):
            raise StorageError(f"{path} is a folder", "choose another --output_dir")


def replaced(paths: Sequence[Path], mark: Mark) -> Iterator[str]:
    """Tell which files are replaced that are not known to be of the same recording.

    Parameters
    ----------
    paths : sequence of Path
        What will be written.
    mark : Mark
        Of the recording whose transcript that is.
    """
    others: dict[str, list[str]] = {}
    for path in paths:
        owner = mark_of(path)
        if os.path.exists(path) and not (owner and owner.same(mark)):
            others.setdefault(owner.label if owner else "", []).append(str(path))
    for label, names in others.items():
        whose = f"of another recording, {label}" if label else "nobody knows of which recording"
        yield f"replaces {', '.join(names)}, {whose}"
