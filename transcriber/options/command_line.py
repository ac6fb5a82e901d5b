"""The command line of a transcription, turned into settings.

Options, defaults and meanings are openai-whisper's, so that its users can put this program in its
place; what it lacks follows in a group of its own. What the user's own defaults say holds where
the command line says nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from transcriber.choosing.device import check_requested
from transcriber.errors import UsageError
from transcriber.languages import language_code
from transcriber.models.preference import remembered_model
from transcriber.options.defaults import defaults_path, read_defaults
from transcriber.options.parser import make_parser, with_truth, with_underscores
from transcriber.paths import model_directory
from transcriber.settings import (
    CAPABILITIES,
    CAPABILITY_VARIABLE,
    DEFAULT_MODEL,
    OUTPUT_FORMATS,
    DecodingSettings,
    OutputSettings,
    RunSettings,
    fallback_temperatures,
)

_DERIVED = {
    "language",
    "temperatures",
    "condition_on_previous_text",
    "batch_size",
    "word_timestamps",
}
"""Settings that more than the option of their name decides on."""

_WORD_OPTIONS = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")


def parse(arguments: Sequence[str]) -> RunSettings:
    """Turn the arguments of a transcription into settings.

    Raises
    ------
    UsageError
        When they make no sense, or a line of the user's own defaults does not.
    """
    parser = make_parser()
    words = with_truth(with_underscores(arguments), parser)
    given = parser.parse_mixed(words)
    path = None if given.no_defaults else defaults_path()
    defaults = read_defaults(path, parser, check_values)
    if not defaults:
        return _settings(given)
    parser.set_defaults(**defaults)
    given = parser.parse_mixed(words)
    # argparse puts what is given behind the default; who names a mirror wants that one.
    kept = len(defaults.get("model_mirror", ()))
    given.model_mirror = given.model_mirror[kept:] or given.model_mirror
    try:
        return _settings(given)
    except UsageError as error:
        error.remedy += f" (some options are those in {path}; --no_defaults leaves them out)"
        raise


def _settings(given: argparse.Namespace) -> RunSettings:
    to_stdout = given.output_dir == "-"
    given.output_format = given.output_format or (("txt",) if to_stdout else OUTPUT_FORMATS)
    _check_combinations(given)
    check_values(given)
    if to_stdout and len(given.output_format) > 1:
        raise UsageError("--output_dir - prints one format", "choose it with --output_format")
    if to_stdout and "docx" in given.output_format and sys.stdout.isatty():
        raise UsageError(
            "--output_dir - --output_format docx prints what no terminal shows",
            "redirect it into a file, or name a folder",
        )
    decoding = DecodingSettings(
        language=_language(given),
        temperatures=fallback_temperatures(
            given.temperature, given.temperature_increment_on_fallback
        ),
        condition_on_previous_text=given.condition_on_previous_text is not False,
        # What was said before is known only where one window is decoded after the other.
        batch_size=1 if given.condition_on_previous_text else given.batch_size,
        word_timestamps=given.word_timestamps or given.subtitles is not None,
        **{
            name: getattr(given, name)
            for name in DecodingSettings.__dataclass_fields__
            if name not in _DERIVED
        },
    )
    output = OutputSettings(
        directory=None if to_stdout else Path(given.output_dir),
        formats=given.output_format,
        skip_existing=given.skip_existing,
        subtitles=given.subtitles,
        **{name: getattr(given, name) for name in _WORD_OPTIONS},
    )
    prints = not given.quiet if given.verbose is None else given.verbose
    named = given.model or remembered_model()
    return RunSettings(
        inputs=tuple(given.audio),
        model=named or DEFAULT_MODEL,
        model_is_open=named is None,
        model_directory=given.model_dir or model_directory(),
        device=given.device,
        backend=given.backend,
        python=given.python,
        cuda_addon=given.cuda_addon,
        threads=given.threads,
        verbose=prints and not to_stdout,
        progress=given.progress,
        quiet=given.quiet,
        offline=given.offline,
        mirrors=tuple(given.model_mirror),
        ffmpeg=given.ffmpeg,
        audio_track=_audio_track(given),
        audio_timeout=given.audio_timeout,
        audio_memory=given.audio_memory,
        queue=given.queue,
        notes=_without_effect(given),
        decoding=decoding,
        output=output,
    )


def _language(given: argparse.Namespace) -> str | None:
    return None if given.language in (None, "None") else language_code(given.language)


def _audio_track(given: argparse.Namespace) -> str | None:
    if given.audio_track is None:
        return None
    # Not for every start.
    from transcriber.audio.tracks import parse_choice  # noqa: PLC0415

    return parse_choice(given.audio_track)


def check_values(given: argparse.Namespace) -> None:
    """Refuse what the parser cannot judge, of each option by itself.

    Raises
    ------
    UsageError
        When a value means nothing.
    """
    check_requested(given.device)
    _language(given)
    _audio_track(given)
    if given.python == "":
        raise UsageError("--python is empty", "name an interpreter, such as /usr/bin/python3")
    if given.model == "":
        raise UsageError("--model is empty", "name a model, such as base")


def _check_combinations(given: argparse.Namespace) -> None:
    if not (given.word_timestamps or given.subtitles):
        for name in _WORD_OPTIONS:
            if getattr(given, name):
                raise UsageError(f"--{name} needs the words' times", "add --word_timestamps True")
    if given.patience is not None and given.beam_size is None:
        raise UsageError("--patience is for the beam search", "leave it out or set --beam_size")
    if given.patience and round(given.beam_size * given.patience) < 1:
        raise UsageError("--patience is too small for --beam_size", "their product must reach 1")
    if given.condition_on_previous_text and (given.batch_size or 1) > 1:
        raise UsageError(
            "--condition_on_previous_text True decodes one window after the other",
            "leave it out, or set --batch_size 1",
        )


def _without_effect(given: argparse.Namespace) -> tuple[str, ...]:
    """Name the options that openai-whisper accepts but that change nothing as they are given."""
    idle = {
        "--python has no effect with --backend own": (
            given.python is not None and given.backend == "own"
        ),
        "--python has no effect without an NVIDIA GPU: --backend system uses that Python": (
            given.python is not None and given.backend == "auto" and not _may_seek_gpu(given)
        ),
        "--max_line_count has no effect without --max_line_width": (
            given.max_line_count and not (given.max_line_width or given.subtitles)
        ),
        "--max_words_per_line has no effect with --max_line_width": (
            given.max_words_per_line and given.max_line_width
        ),
        "--hallucination_silence_threshold has no effect without --word_timestamps True": (
            given.hallucination_silence_threshold is not None
            and not (given.word_timestamps or given.subtitles)
        ),
        "--highlight_words has no effect with --subtitles": (
            given.highlight_words
            and given.subtitles
            and not {"ass", "lrc"} & {*given.output_format}
        ),
        "--max_words_per_line has no effect with --subtitles": (
            given.max_words_per_line and given.subtitles and not given.max_line_width
        ),
        "--subtitles cuts srt, vtt and ass, and none of them is written": (
            given.subtitles and not {"srt", "vtt", "ass"} & {*given.output_format}
        ),
    }
    return (*(text for text, applies in idle.items() if applies), *_idle_variables())


def _may_seek_gpu(given: argparse.Namespace) -> bool:
    """Return whether a Python is looked for that can use the GPU where the program cannot."""
    from transcriber.machine.nvidia import find_driver  # noqa: PLC0415  not for every start

    return given.device != "cpu" and find_driver().present


def _idle_variables() -> Iterator[str]:
    """Name the environment variables whose values mean nothing, which PyTorch passes over."""
    capability = os.environ.get(CAPABILITY_VARIABLE)
    if capability is not None and capability not in CAPABILITIES:
        names = ", ".join(CAPABILITIES)
        yield f"{CAPABILITY_VARIABLE}={capability} has no effect: it may be {names}"
    threads = os.environ.get("OMP_NUM_THREADS")
    if threads is not None:
        # Not for every start: `--version` counts its modules.
        from transcriber.machine.threads import configured_threads  # noqa: PLC0415

        if not configured_threads(os.environ):
            yield f"OMP_NUM_THREADS={threads} has no effect: it is no number of threads"
