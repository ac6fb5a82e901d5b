"""The output files, in openai-whisper's formats, each written as a whole or not at all."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transcriber.files import atomic_writer, sibling
from transcriber.settings import OutputSettings


def render(result: Mapping[str, Any], output: OutputSettings, file_format: str) -> str:
    """Return a transcript in one of the formats.

    Parameters
    ----------
    result : mapping
        ``text``, ``segments`` and ``language``, as openai-whisper's ``transcribe`` returns.
    output : OutputSettings
        How subtitles are broken into lines.
    file_format : str
        ``txt``, ``vtt``, ``srt``, ``tsv`` or ``json``.
    """
    from whisper.utils import get_writer  # noqa: PLC0415  imports torch

    text = io.StringIO()
    get_writer(file_format, "").write_result(
        result,
        file=text,
        highlight_words=output.highlight_words,
        max_line_count=output.max_line_count,
        max_line_width=output.max_line_width,
        max_words_per_line=output.max_words_per_line,
    )
    return text.getvalue()


def output_paths(stem: Path, output: OutputSettings) -> tuple[Path, ...]:
    """Return the files of a transcript, given their common path without an ending."""
    return tuple(stem.with_name(f"{stem.name}.{ending}") for ending in output.formats)


def write_outputs(
    result: Mapping[str, Any], stem: Path, output: OutputSettings
) -> tuple[Path, ...]:
    """Write every format of the settings.

    Raises
    ------
    StorageError
        When one cannot be written; the file that was there before is then unharmed.
    """
    paths = output_paths(stem, output)
    for path, file_format in zip(paths, output.formats, strict=True):
        content = render(result, output, file_format)
        with atomic_writer(path) as stream:
            # A decoder may cut a character in half; its lone surrogate is no reason to lose all.
            stream.write(content.encode("utf-8", "replace"))
    return paths


def partial_stem(stem: Path) -> Path:
    """Return the path of what an interrupted run leaves, which never passes for the whole."""
    return sibling(stem, ".transcriber-partial")


def remove_partial(stem: Path, output: OutputSettings) -> None:
    """Delete what an interrupted run left of a transcript that is now complete."""
    for path in output_paths(partial_stem(stem), output):
        with contextlib.suppress(OSError):
            path.unlink()
