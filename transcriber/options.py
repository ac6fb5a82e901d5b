"""The command line of a transcription, turned into settings.

Options, defaults and meanings are openai-whisper's, so that its users can put this program in its
place; what it lacks follows in a group of its own. Every option may be written with dashes or
with underscores.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from transcriber import __version__
from transcriber.errors import UsageError
from transcriber.languages import language_code
from transcriber.machine.device import check_requested
from transcriber.models.preference import remembered_model
from transcriber.paths import model_directory
from transcriber.settings import (
    ADDON_CHOICES,
    APPEND_PUNCTUATIONS,
    BACKENDS,
    CAPABILITIES,
    CAPABILITY_VARIABLE,
    COMPUTE_TYPES,
    DEFAULT_MODEL,
    OUTPUT_FORMATS,
    PREPEND_PUNCTUATIONS,
    DecodingSettings,
    OutputSettings,
    RunSettings,
    fallback_temperatures,
)

_DERIVED = {"language", "temperatures", "condition_on_previous_text", "batch_size"}
"""Settings that more than the option of their name decides on."""

_WORD_OPTIONS = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")

_DESCRIPTION = """\
Transcribe recordings with OpenAI's Whisper, and write text and subtitles.

  transcriber talk.mp3                      transcribe a recording
  transcriber --language de interviews/     all recordings in a folder
  transcriber models list                   the models; also fetch, verify, import, remove, path
  transcriber cuda status                   the CUDA add-on; also fetch, import, remove
  transcriber doctor                        what was found on this machine
"""

_EPILOG = """\
exit codes: 0 done; 1 defect of the program; 2 usage; 3 a recording cannot be read; 4 model;
5 network; 6 offline and not there; 7 a file cannot be written; 8 ffmpeg or a library is missing;
9 time or memory limit of reading a recording; 10 some of several recordings failed;
11 the GPU, or the Python that decodes, has failed;
129, 130 or 143 ended by a signal: the same command continues where it stopped;
141 whoever read standard output has gone
"""


_MOST_BEAMS = 51863
"""One less than the smallest vocabulary has tokens: a beam goes on with as many and one more."""

_MOST_WINDOWS = 64
"""Beyond that each costs as much as by itself, and the memory that it takes."""

_LONGEST_SECONDS = 1e9
"""Thirty years: beyond any recording, and far from where numbers lose their seconds."""


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line, as every other failure."""

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` instead of printing the whole usage."""
        raise UsageError(message, f"see {self.prog} --help")


def with_underscores(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``--some-option=x`` written as ``--some_option=x``."""
    converted = list(arguments)
    for index, argument in enumerate(converted):
        if argument == "--":
            break
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            converted[index] = "--" + name[2:].replace("-", "_") + equals + value
    return converted


def parse(arguments: Sequence[str]) -> RunSettings:
    """Turn the arguments of a transcription into settings.

    Raises
    ------
    UsageError
        When they make no sense.
    """
    return _settings(_parser().parse_args(with_underscores(arguments)))


def _boolean(text: str) -> bool:
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected True or False, not {text!r}")
    return values[text.lower()]


def _number(
    convert: Callable[[str], float],
    *,
    optional: bool = False,
    low: float = -math.inf,
    high: float = math.inf,
) -> Callable[[str], float | None]:
    what = "a whole number" if convert is int else "a number"
    bounds = [f"at least {low:.12g}"] * (low > -math.inf) + [f"at most {high:.12g}"] * (
        high < math.inf
    )
    expected = " of ".join([what, *([" and ".join(bounds)] if bounds else [])])
    expected += ("," * (len(bounds) > 1) + " or None") * optional

    def parse_number(text: str) -> float | None:
        if optional and text == "None":
            return None
        try:
            value = convert(text)
        except ValueError:
            value = math.nan
        # Infinity switches a threshold off; where there is a limit, it is a slip.
        endless = value == math.inf and low > -math.inf
        if endless or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"expected {expected}, not {text!r}")
        return value

    return parse_number


def _timestamps(text: str) -> tuple[float, ...]:
    try:
        values = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        values = (math.nan,)
    bounds = (0.0, *values)
    if not all(a <= b < _LONGEST_SECONDS for a, b in zip(bounds, values, strict=False)):
        raise argparse.ArgumentTypeError(
            f"expected rising times in seconds, start,end,start,end,..., not {text!r}"
        )
    return values


def _batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    if text.isdecimal() and 1 <= int(text) <= _MOST_WINDOWS:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"expected auto, or a whole number of at least 1 and at most {_MOST_WINDOWS}, not {text!r}"
    )


def _token_list(text: str) -> str:
    try:
        [int(part) for part in text.split(",") if text]
    except ValueError:
        message = f"expected token numbers separated by commas, not {text!r}"
        raise argparse.ArgumentTypeError(message) from None
    return text


def _parser() -> Parser:
    parser = Parser(
        prog="transcriber",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--version", action="version", version=f"transcriber {__version__}")
    add("audio", nargs="+", help="recordings, folders or quoted patterns; - is standard input")
    add(
        "--model",
        help=f"name of a model, or path of a checkpoint ({DEFAULT_MODEL}, unless another was "
        "chosen when the first one was fetched)",
    )
    add("--model_dir", type=Path, help="folder of the models (~/.cache/whisper)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    add("--output_dir", "-o", default=".", help="folder of the files; - prints the transcript (.)")
    add(
        "--output_format",
        "-f",
        default="all",
        choices=[*OUTPUT_FORMATS, "all"],
        help="which files to write (%(default)s)",
    )
    add("--verbose", type=_boolean, default=True, help="print segments as they come (%(default)s)")
    _add_decoding(parser.add_argument_group("decoding"))
    _add_words(parser.add_argument_group("words and subtitles"))
    _add_beyond(parser.add_argument_group("beyond openai-whisper"))
    return parser


def _add_decoding(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--task",
        default="transcribe",
        choices=["transcribe", "translate"],
        help="write what is said, or its English translation (%(default)s)",
    )
    add("--language", help="code or name of the language; detected when not given")
    add(
        "--temperature",
        type=_number(float, low=0),
        default=0.0,
        help="0 decodes, above 0 samples (%(default)s)",
    )
    optional_count = _number(int, optional=True, low=1)
    add("--best_of", type=optional_count, default=5, help="candidates when sampling (%(default)s)")
    add(
        "--beam_size",
        type=_number(int, optional=True, low=1, high=_MOST_BEAMS),
        default=5,
        help="beams at temperature 0 (%(default)s)",
    )
    add("--patience", type=_number(float, low=0), help="of the beam search; 1 is the usual one")
    add(
        "--length_penalty",
        type=_number(float, low=0, high=1),
        help="exponent of the length that hypotheses are ranked with",
    )
    add(
        "--suppress_tokens",
        type=_token_list,
        default="-1",
        help="tokens never to write; -1 stands for special characters (%(default)s)",
    )
    add("--initial_prompt", help="text before the recording, such as names that occur in it")
    add(
        "--carry_initial_prompt",
        type=_boolean,
        default=False,
        help="give it to every window, not only the first (%(default)s)",
    )
    add(
        "--condition_on_previous_text",
        type=_boolean,
        help="give each window the text before it, and decode one after the other therefore; "
        "without a word, windows are given the text back to the last cut",
    )
    add("--fp16", type=_boolean, default=True, help="half precision on a GPU (%(default)s)")
    threshold = _number(float, optional=True)
    add(
        "--temperature_increment_on_fallback",
        type=_number(float, optional=True, low=0.01),
        default=0.2,
        help="step to the next temperature when a check fails (%(default)s)",
    )
    add(
        "--compression_ratio_threshold",
        type=threshold,
        default=2.4,
        help="above it text is repetitive and the check fails (%(default)s)",
    )
    add(
        "--logprob_threshold",
        type=threshold,
        default=-1.0,
        help="below this mean log probability the check fails (%(default)s)",
    )
    add(
        "--no_speech_threshold",
        type=threshold,
        default=0.6,
        help="above it a window whose check failed counts as silent (%(default)s)",
    )
    add(
        "--threads",
        type=_number(int, low=0, high=1024),
        default=0,
        help="how many the processor decodes with; 0 lets the program choose (0)",
    )
    add(
        "--clip_timestamps",
        type=_timestamps,
        default=(0.0,),
        metavar="START,END,...",
        help="parts to transcribe, in seconds; the last end may be missing (0)",
    )


def _add_words(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    # 0 is unset for openai-whisper, too.
    count = _number(int, optional=True, low=0)
    add("--word_timestamps", type=_boolean, default=False, help="time each word (%(default)s)")
    add(
        "--prepend_punctuations",
        default=PREPEND_PUNCTUATIONS,
        help="punctuation that belongs to the word after it",
    )
    add(
        "--append_punctuations",
        default=APPEND_PUNCTUATIONS,
        help="punctuation that belongs to the word before it",
    )
    add(
        "--highlight_words",
        type=_boolean,
        default=False,
        help="underline each word in srt and vtt as it is said (%(default)s)",
    )
    add("--max_line_width", type=count, help="characters in a line of subtitles")
    add("--max_line_count", type=count, help="lines in a subtitle; needs --max_line_width")
    add("--max_words_per_line", type=count, help="words in a subtitle; without --max_line_width")
    add(
        "--hallucination_silence_threshold",
        type=_number(float, optional=True, low=0),
        help="seconds of silence around a doubtful segment that drop it",
    )


def _add_beyond(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--skip_existing", action="store_true", help="leave recordings alone that have all files")
    add(
        "--progress",
        default="auto",
        choices=["auto", "bar", "json", "none"],
        help="on standard error; auto is a bar on a terminal (%(default)s)",
    )
    add("--offline", action="store_true", help="never open a network connection")
    add(
        "--model_mirror",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="fetch models from here first; may be repeated",
    )
    add(
        "--seed",
        type=_number(int, low=0, high=2**63 - 1),
        default=0,
        help="of the sampling, so that a run can be repeated (%(default)s)",
    )
    add(
        "--compute_type",
        default="auto",
        choices=COMPUTE_TYPES,
        help="what the processor computes in, with the program's own PyTorch; auto is int8, the "
        "fastest, with about as few errors as float32; that gives openai-whisper's very text "
        "(%(default)s)",
    )
    add(
        "--batch_size",
        type=_batch_size,
        metavar="auto|N",
        help="windows that the processor decodes at once, of one recording or of several; they are "
        "cut where nobody speaks; 1 is openai-whisper's way; auto is up to 8, as "
        "the memory allows, and 1 with --compute_type float32 (auto)",
    )
    add(
        "--vad_filter",
        type=_boolean,
        help="decode only where somebody speaks (True, unless one window is decoded after the "
        "other)",
    )
    add(
        "--vad_threshold",
        type=_number(float, low=0, high=1),
        default=0.5,
        help="from this probability on it is speech (%(default)s)",
    )
    add(
        "--vad_min_silence_ms",
        type=_number(int, low=0, high=10**9),
        default=300,
        help="a pause that is shorter is a part of the speech (%(default)s)",
    )
    add(
        "--vad_speech_pad_ms",
        type=_number(int, low=0, high=10**9),
        default=200,
        help="what is kept before and behind speech (%(default)s)",
    )
    add("--hotwords", help="words that occur, such as names; every window is given them")
    add(
        "--multilingual",
        type=_boolean,
        default=False,
        help="detect the language of every window (%(default)s)",
    )
    add(
        "--backend",
        default="auto",
        choices=BACKENDS,
        help="whose PyTorch decodes: the program's own or one of the system; auto is the "
        "system's where only that can use the GPU (%(default)s)",
    )
    add(
        "--python",
        metavar="PATH",
        help="the system's Python to use, or its environment's folder; else the best is looked for",
    )
    add(
        "--cuda_addon",
        choices=ADDON_CHOICES,
        help="what to do where an NVIDIA GPU is and the program lacks its CUDA add-on "
        "(ask on a terminal, unless the answer was never)",
    )
    add("--ffmpeg", metavar="FILE", help="the ffmpeg to read recordings with")
    add(
        "--audio_timeout",
        type=_number(float, low=0, high=10**9),
        default=0.0,
        metavar="SECONDS",
        help="longest time to read one recording; 0 is the usual limit (0)",
    )
    add(
        "--audio_memory",
        type=_number(int, low=0, high=10**9),
        default=0,
        metavar="MIB",
        help="most memory for reading one recording; 0 is the usual limit (0)",
    )


def _settings(given: argparse.Namespace) -> RunSettings:
    _check_combinations(given)
    check_requested(given.device)
    if given.python == "":
        raise UsageError("--python is empty", "name an interpreter, such as /usr/bin/python3")
    if given.model == "":
        raise UsageError("--model is empty", "name a model, such as base")
    to_stdout = given.output_dir == "-"
    if to_stdout and given.output_format == "all":
        raise UsageError("--output_dir - prints one format", "choose it with --output_format")
    language = given.language if given.language not in (None, "None") else None
    decoding = DecodingSettings(
        language=None if language is None else language_code(language),
        temperatures=fallback_temperatures(
            given.temperature, given.temperature_increment_on_fallback
        ),
        condition_on_previous_text=given.condition_on_previous_text is not False,
        # What was said before is known only where one window is decoded after the other.
        batch_size=1 if given.condition_on_previous_text else given.batch_size,
        **{
            name: getattr(given, name)
            for name in DecodingSettings.__dataclass_fields__
            if name not in _DERIVED
        },
    )
    formats = OUTPUT_FORMATS if given.output_format == "all" else (given.output_format,)
    output = OutputSettings(
        directory=None if to_stdout else Path(given.output_dir),
        formats=formats,
        skip_existing=given.skip_existing,
        **{name: getattr(given, name) for name in _WORD_OPTIONS},
    )
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
        verbose=given.verbose and not to_stdout,
        progress=given.progress,
        offline=given.offline,
        mirrors=tuple(given.model_mirror),
        ffmpeg=given.ffmpeg,
        audio_timeout=given.audio_timeout,
        audio_memory=given.audio_memory,
        notes=_without_effect(given),
        decoding=decoding,
        output=output,
    )


def _check_combinations(given: argparse.Namespace) -> None:
    if not given.word_timestamps:
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
        "--max_line_count has no effect without --max_line_width": (
            given.max_line_count and not given.max_line_width
        ),
        "--max_words_per_line has no effect with --max_line_width": (
            given.max_words_per_line and given.max_line_width
        ),
        "--hallucination_silence_threshold has no effect without --word_timestamps True": (
            given.hallucination_silence_threshold is not None and not given.word_timestamps
        ),
    }
    return (*(text for text, applies in idle.items() if applies), *_idle_variables())


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
