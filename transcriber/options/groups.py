"""The options about files, words and subtitles, downloads, and the reading of recordings."""

from __future__ import annotations

import argparse

from transcriber.options.values import BOOLEAN, boolean, number, output_formats, timestamps
from transcriber.settings import (
    ADDON_CHOICES,
    APPEND_PUNCTUATIONS,
    EXPORT_FORMATS,
    OUTPUT_FORMATS,
    PREPEND_PUNCTUATIONS,
    SUBTITLES,
)


def add_writing(group: argparse._ArgumentGroup) -> None:
    """Add what is written, and what is told meanwhile."""
    add = group.add_argument
    add(
        "--output_dir",
        "-o",
        default=".",
        metavar="DIR",
        help="folder of the files; - prints the transcript (.)",
    )
    add(
        "--output_format",
        "-f",
        type=output_formats,
        metavar="FORMAT,...",
        help=f"which files to write: {', '.join(OUTPUT_FORMATS)}, or all of these; "
        f"{', '.join(EXPORT_FORMATS)} only where they are named (all; txt with -o -)",
    )
    add(
        "--skip_existing",
        action="store_true",
        help="skip recordings whose output files all exist",
    )
    add(
        "--verbose",
        type=boolean,
        metavar=BOOLEAN,
        help="print segments as they come (True, but with --quiet False)",
    )
    add("--quiet", action="store_true", help="print failures only; -o - prints the transcript")
    add(
        "--progress",
        default="auto",
        choices=["auto", "bar", "json", "none"],
        help="on standard error; auto is a bar on a terminal (%(default)s)",
    )


def add_words(group: argparse._ArgumentGroup) -> None:
    """Add what is about words and subtitles."""
    add = group.add_argument
    # 0 is unset for openai-whisper, too.
    count = number(int, optional=True, low=0)
    add(
        "--subtitles",
        choices=SUBTITLES,
        help="cut srt, vtt and ass for reading, by the words' times: standard is two lines of 42 "
        "characters, 1 to 7 seconds, 17 characters a second; short is one line for small screens; "
        "words is one word at a time",
    )
    add(
        "--word_timestamps",
        type=boolean,
        default=False,
        metavar=BOOLEAN,
        help="time each word (%(default)s)",
    )
    add(
        "--highlight_words",
        type=boolean,
        default=False,
        metavar=BOOLEAN,
        help="underline each word in srt and vtt as it is said; in ass and lrc, time it "
        "(%(default)s)",
    )
    add("--max_line_width", type=count, metavar="N", help="characters in a line of subtitles")
    add(
        "--max_line_count",
        type=count,
        metavar="N",
        help="lines in a subtitle; needs --max_line_width or --subtitles",
    )
    add(
        "--max_words_per_line",
        type=count,
        metavar="N",
        help="words in a subtitle; without --max_line_width",
    )
    add(
        "--prepend_punctuations",
        default=PREPEND_PUNCTUATIONS,
        metavar="SIGNS",
        help="punctuation that belongs to the word after it",
    )
    add(
        "--append_punctuations",
        default=APPEND_PUNCTUATIONS,
        metavar="SIGNS",
        help="punctuation that belongs to the word before it",
    )
    add(
        "--hallucination_silence_threshold",
        type=number(float, optional=True, low=0),
        metavar="SECONDS",
        help="seconds of silence around a doubtful segment that drop it",
    )


def add_fetching(group: argparse._ArgumentGroup) -> None:
    """Add what is fetched, and from where."""
    add = group.add_argument
    add("--offline", action="store_true", help="never open a network connection")
    add(
        "--model_mirror",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="fetch models from here first; may be repeated",
    )
    add(
        "--cuda_addon",
        choices=ADDON_CHOICES,
        help="what to do if there is an NVIDIA GPU but no CUDA add-on (ask on a terminal, "
        "unless the answer was never)",
    )


def add_reading(group: argparse._ArgumentGroup) -> None:
    """Add how recordings are read, and how much of them."""
    add = group.add_argument
    add(
        "--clip_timestamps",
        type=timestamps,
        default=(0.0,),
        metavar="START,END,...",
        help="parts to transcribe, in seconds; the last end may be missing (0)",
    )
    add(
        "--audio_track",
        metavar="N|LANGUAGE|all",
        help="audio track to read: its number from 1 on, its language, or all of them, mixed; "
        "otherwise the one marked as default or with most channels, unless only another sounds "
        "like speech",
    )
    add("--ffmpeg", metavar="FILE", help="the ffmpeg to read recordings with")
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
