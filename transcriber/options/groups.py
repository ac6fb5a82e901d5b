"""The options about words and subtitles, and those that openai-whisper lacks."""

from __future__ import annotations

import argparse

from transcriber.options.values import batch_size, boolean, number
from transcriber.settings import (
    ADDON_CHOICES,
    APPEND_PUNCTUATIONS,
    BACKENDS,
    COMPUTE_TYPES,
    PREPEND_PUNCTUATIONS,
    SUBTITLES,
)


def add_words(group: argparse._ArgumentGroup) -> None:
    """Add what is about words and subtitles."""
    add = group.add_argument
    # 0 is unset for openai-whisper, too.
    count = number(int, optional=True, low=0)
    add("--word_timestamps", type=boolean, default=False, help="time each word (%(default)s)")
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
        type=boolean,
        default=False,
        help="underline each word in srt and vtt as it is said (%(default)s)",
    )
    add("--max_line_width", type=count, help="characters in a line of subtitles")
    add("--max_line_count", type=count, help="lines in a subtitle; needs --max_line_width")
    add("--max_words_per_line", type=count, help="words in a subtitle; without --max_line_width")
    add(
        "--hallucination_silence_threshold",
        type=number(float, optional=True, low=0),
        help="seconds of silence around a doubtful segment that drop it",
    )


def add_beyond(group: argparse._ArgumentGroup) -> None:
    """Add what openai-whisper lacks."""
    add = group.add_argument
    add(
        "--subtitles",
        choices=SUBTITLES,
        help="cut srt and vtt for reading, by the words' times: standard is two lines of 42 "
        "characters, 1 to 7 seconds, 17 characters a second; short is one line for small screens; "
        "words is one word at a time",
    )
    add("--skip_existing", action="store_true", help="pass over recordings that have all files")
    add("--quiet", action="store_true", help="print failures only; -o - prints the transcript")
    add("--no_defaults", action="store_true", help="leave your own defaults out")
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
        type=number(int, low=0, high=2**63 - 1),
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
        type=batch_size,
        metavar="auto|N",
        help="windows that the processor decodes at once, of one recording or of several; they are "
        "cut where nobody speaks; 1 is openai-whisper's way; auto is up to 8, as "
        "the memory allows, and 1 with --compute_type float32 (auto)",
    )
    add(
        "--vad_filter",
        type=boolean,
        help="decode only where somebody speaks (True, unless one window is decoded after the "
        "other)",
    )
    add(
        "--vad_threshold",
        type=number(float, low=0, high=1),
        default=0.5,
        help="from this probability on it is speech (%(default)s)",
    )
    add(
        "--vad_min_silence_ms",
        type=number(int, low=0, high=10**9),
        default=300,
        help="a pause that is shorter is a part of the speech (%(default)s)",
    )
    add(
        "--vad_speech_pad_ms",
        type=number(int, low=0, high=10**9),
        default=200,
        help="what is kept before and behind speech (%(default)s)",
    )
    add("--hotwords", help="words that occur, such as names; every window is given them")
    add(
        "--multilingual",
        type=boolean,
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
        "--audio_track",
        metavar="N|LANGUAGE|all",
        help="audio track to read: its number from 1 on, its language, or all of them, mixed; "
        "otherwise the one marked as default or with most channels, unless only another sounds "
        "like speech",
    )
    add(
        "--audio_timeout",
        type=number(float, low=0, high=10**9),
        default=0.0,
        metavar="SECONDS",
        help="longest time to read one recording; 0 is the usual limit (0)",
    )
    add(
        "--audio_memory",
        type=number(int, low=0, high=10**9),
        default=0,
        metavar="MIB",
        help="most memory for reading one recording; 0 is the usual limit (0)",
    )
