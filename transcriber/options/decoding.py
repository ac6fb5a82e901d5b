"""The options that decide on the text: openai-whisper's, with its defaults and meanings."""

from __future__ import annotations

import argparse

from transcriber.options.values import boolean, number, timestamps, token_list

_MOST_BEAMS = 51863
"""One less than the smallest vocabulary has tokens: a beam goes on with as many and one more."""


def add_decoding(group: argparse._ArgumentGroup) -> None:
    """Add what decides on the text."""
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
        type=number(float, low=0),
        default=0.0,
        help="0 decodes, above 0 samples (%(default)s)",
    )
    optional_count = number(int, optional=True, low=1)
    add("--best_of", type=optional_count, default=5, help="candidates when sampling (%(default)s)")
    add(
        "--beam_size",
        type=number(int, optional=True, low=1, high=_MOST_BEAMS),
        default=5,
        help="beams at temperature 0 (%(default)s)",
    )
    add("--patience", type=number(float, low=0), help="of the beam search; 1 is the usual one")
    add(
        "--length_penalty",
        type=number(float, low=0, high=1),
        help="exponent of the length that hypotheses are ranked with",
    )
    add(
        "--suppress_tokens",
        type=token_list,
        default="-1",
        help="tokens never to write; -1 stands for special characters (%(default)s)",
    )
    add("--initial_prompt", help="text before the recording, such as names that occur in it")
    add(
        "--carry_initial_prompt",
        type=boolean,
        default=False,
        help="give it to every window, not only the first (%(default)s)",
    )
    add(
        "--condition_on_previous_text",
        type=boolean,
        help="give each window the text before it, and decode one after the other therefore; "
        "without a word, windows are given the text back to the last cut",
    )
    add("--fp16", type=boolean, default=True, help="half precision on a GPU (%(default)s)")
    threshold = number(float, optional=True)
    add(
        "--temperature_increment_on_fallback",
        type=number(float, optional=True, low=0.01),
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
        type=number(int, low=0, high=1024),
        default=0,
        help="how many the processor decodes with; 0 lets the program choose (0)",
    )
    add(
        "--clip_timestamps",
        type=timestamps,
        default=(0.0,),
        metavar="START,END,...",
        help="parts to transcribe, in seconds; the last end may be missing (0)",
    )
