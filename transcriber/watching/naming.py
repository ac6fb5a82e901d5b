"""What the transcripts of arrivals are called, and which of them are there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.inputs.names import ClashError, taken_stems, told_apart
from transcriber.inputs.recordings import Recording
from transcriber.outputs import is_done, output_paths, output_stem
from transcriber.settings import RunSettings
from transcriber.transcript.ownership import Mark, mark_of, put_mark

BESIDE = Path("/")
"""The output folder where each transcript goes beside its recording."""


def named(
    present: Mapping[Path, Path],
    settings: RunSettings,
    clash: Callable[[ClashError], None] = lambda _: None,
) -> dict[Path, Recording]:
    """Return the recordings with the names of their transcripts, without those that clash.

    Parameters
    ----------
    present : mapping of Path to Path
        All recordings that are there, and the watched folder of each.
    settings : RunSettings
        Where the transcripts go, and in which formats.
    clash : callable
        Is told which would write the same files, or over what is read.
    """
    output = settings.output.directory or BESIDE
    alone = {path: _alone(path, folder, output) for path, folder in present.items()}
    own = {one for path, stem in alone.items() for one in (stem, stem.with_name(path.name))}
    made = {stem for stem in own if _is_somebodys(output / stem, settings)}
    taken = made | set(taken_stems(present, output))
    while True:
        try:
            stems = told_apart(list(alone.items()), taken)
        except ClashError as error:
            clash(error)
            for path in error.paths:
                del alone[path or Path()]
        else:
            return {
                path: Recording(path=path, label=printable(str(path)), stem=stem)
                for path, stem in zip(alone, stems, strict=True)
            }


def has_transcript(recording: Recording, folder: Path, settings: RunSettings) -> bool:
    """Whether a recording has a transcript, perhaps of a time when no other was called alike."""
    if is_done(recording, settings):
        return True
    if recording.path is None or settings.output.directory is None:
        return False
    alone = replace(recording, stem=_alone(recording.path, folder, settings.output.directory))
    return _is_marked(alone, settings) and is_done(alone, settings)


def renewed(paths: Sequence[Path], mark: Mark) -> bool:
    """Whether a transcript is there, of a file that sounds alike; its marks are renewed then.

    Parameters
    ----------
    paths : sequence of Path
        The files of the transcript.
    mark : Mark
        Of the recording, which may have got another title since.
    """
    marked = {path: old for path in paths if (old := mark_of(path))}
    if not marked or not all(map(os.path.exists, paths)):
        return False
    if any(old.samples != mark.samples for old in marked.values()):
        return False
    for path in marked:
        with contextlib.suppress(OSError), path.open("rb") as stream:
            put_mark(stream.fileno(), mark)(path)
    return True


def _is_marked(recording: Recording, settings: RunSettings) -> bool:
    stem = output_stem(recording, settings)
    paths: Iterable[Path] = output_paths(stem, settings.output) if stem else ()
    return any(mark_of(path) for path in paths)


def _is_somebodys(stem: Path, settings: RunSettings) -> bool:
    """Whether files lie there that are no whole transcript, and one of them has no mark."""
    paths = output_paths(stem, settings.output)
    there = [path for path in paths if os.path.exists(path)]
    return len(there) < len(paths) and any(mark_of(path) is None for path in there)


def _alone(path: Path, folder: Path, output: Path) -> Path:
    """Return the stem that a recording has where none is called alike."""
    if output == BESIDE:
        return Path(os.path.abspath(path)).relative_to(BESIDE).with_suffix("")  # noqa: PTH100
    return path.relative_to(folder).with_suffix("")
