"""What the transcripts of arrivals are called, and which of them are there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.inputs.names import taken_stems, told_apart
from transcriber.inputs.recordings import Recording
from transcriber.outputs import is_done, output_paths, output_stem
from transcriber.settings import RunSettings
from transcriber.transcript.ownership import mark_of

BESIDE = Path("/")
"""The output folder where each transcript goes beside its recording."""


def named(present: Mapping[Path, Path], output: Path) -> dict[Path, Recording]:
    """Return the recordings with the names of their transcripts.

    Parameters
    ----------
    present : mapping of Path to Path
        All recordings that are there, and the watched folder of each.
    output : Path
        Where the transcripts go.

    Raises
    ------
    UsageError
        When two would write the same files.
    """
    stems = told_apart(
        [(path, _alone(path, folder, output)) for path, folder in present.items()],
        frozenset(taken_stems(present, output)),
    )
    return {
        path: Recording(path=path, label=printable(str(path)), stem=stem)
        for path, stem in zip(present, stems, strict=True)
    }


def has_transcript(recording: Recording, folder: Path, settings: RunSettings) -> bool:
    """Whether a recording has a transcript, perhaps of a time when no other was called alike."""
    if is_done(recording, settings):
        return True
    if recording.path is None or settings.output.directory is None:
        return False
    alone = replace(recording, stem=_alone(recording.path, folder, settings.output.directory))
    return _is_marked(alone, settings) and is_done(alone, settings)


def _is_marked(recording: Recording, settings: RunSettings) -> bool:
    stem = output_stem(recording, settings)
    paths: Iterable[Path] = output_paths(stem, settings.output) if stem else ()
    return any(mark_of(path) for path in paths)


def _alone(path: Path, folder: Path, output: Path) -> Path:
    """Return the stem that a recording has where none is called alike."""
    if output == BESIDE:
        return Path(os.path.abspath(path)).relative_to(BESIDE).with_suffix("")  # noqa: PTH100
    return path.relative_to(folder).with_suffix("")
