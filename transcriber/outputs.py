"""Which files a transcript goes to, what is there already, and writing them.

Each file is written as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from transcriber.engine.interface import Transcript
from transcriber.errors import StorageError
from transcriber.exporting.formats import export, exported
from transcriber.files import atomic_writer, sibling, storage_error
from transcriber.inputs.recordings import Recording
from transcriber.settings import EVERY_FORMAT, OUTPUT_FORMATS, OutputSettings, RunSettings
from transcriber.transcript.cues import tidied_result
from transcriber.transcript.journal import journal_path
from transcriber.transcript.ownership import Mark, is_of, mark_of, put_mark
from transcriber.transcript.writers import render


def output_stem(recording: Recording, settings: RunSettings) -> Path | None:
    """Return the path of a recording's output files without endings; None is standard output."""
    folder = settings.output.directory
    return None if folder is None else folder / recording.stem


def title_of(recording: Recording) -> str:
    """Return what a transcript is headed with: the recording's name without its ending."""
    return recording.label if recording.path is None else recording.path.stem


def output_paths(stem: Path, output: OutputSettings) -> tuple[Path, ...]:
    """Return the files of a transcript, given their common path without an ending.

    Examples
    --------
    >>> wanted = OutputSettings(formats=("txt", "srt"))
    >>> [str(path) for path in output_paths(Path("out/talk"), wanted)]
    ['out/talk.txt', 'out/talk.srt']
    """
    return tuple(stem.with_name(f"{stem.name}.{ending}") for ending in output.formats)


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


def write_outputs(
    result: Transcript,
    stem: Path,
    output: OutputSettings,
    *,
    last: float = math.inf,
    mark: Mark | None = None,
    title: str | None = None,
    language: str | None = None,
) -> tuple[Path, ...]:
    """Write every format of the settings.

    Parameters
    ----------
    result : Transcript
        As the engine gives it.
    stem : Path
        The common path of the files, without an ending.
    output : OutputSettings
        Which formats, and how subtitles are cut.
    last : float
        Where the recording ends, in seconds.
    mark : Mark, optional
        Of the recording that it is the transcript of.
    title : str, optional
        What it is headed with; otherwise the name of the files.
    language : str, optional
        Code of the text's language, where that is not the one that is spoken.

    Returns
    -------
    tuple of Path
        The files, in the order of the formats.

    Raises
    ------
    StorageError
        When one cannot be written; the file that was there before is then unharmed.
    """
    paths = output_paths(stem, output)
    shown = tidied_result(result, last=last)
    title = stem.name if title is None else title
    for path, file_format in zip(paths, output.formats, strict=True):
        content = exported(
            shown, file_format, title=title, last=last, output=output, language=language
        )
        with atomic_writer(path) as stream:
            stream.write(content)
            note = put_mark(stream.fileno(), mark)
        note(path)
    return paths


def printed(
    result: Transcript,
    output: OutputSettings,
    *,
    last: float,
    title: str,
    language: str | None,
) -> str | bytes:
    """Return what standard output gets, in the one format of the settings.

    Parameters
    ----------
    result, output, last, title, language
        As for `write_outputs`.

    Returns
    -------
    str or bytes
        openai-whisper's formats as text, so that a terminal gets it in its own encoding.
    """
    (file_format,) = output.formats
    if file_format in OUTPUT_FORMATS:
        return render(result, output, file_format, last=last)
    return export(result, file_format, title=title, last=last, output=output, language=language)


def partial_stem(stem: Path) -> Path:
    """Return the path of what an interrupted run leaves, which never passes for the whole.

    Examples
    --------
    >>> str(partial_stem(Path("out/talk")))
    'out/talk.transcriber-partial'
    """
    return sibling(stem, ".transcriber-partial")


def remove_partial(stem: Path) -> None:
    """Delete what interrupted runs left of a transcript that is now complete, in any format."""
    partial = partial_stem(stem)
    for ending in EVERY_FORMAT:
        with contextlib.suppress(OSError):
            partial.with_name(f"{partial.name}.{ending}").unlink()
