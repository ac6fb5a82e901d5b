"""The options that decide on the text: openai-whisper's, with its defaults and meanings, and more.

What a group holds is what `--help-all` shows together.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from transcriber.options.values import BOOLEAN, boolean, number, token_list
from transcriber.settings import DEFAULT_MODEL

_MOST_BEAMS = 51863
"""One less than the smallest vocabulary has tokens: a beam goes on with as many and one more."""


def add_text(group: argparse._ArgumentGroup) -> None:
    """Add the model, the language and what it is told before it listens."""
    add = group.add_argument
    add(
        "--model",
        metavar="NAME|PATH",
        help=f"name of a model, or path of a checkpoint ({DEFAULT_MODEL}, unless another was "
        "chosen when the first one was fetched)",
    )
    add("--model_dir", type=Path, metavar="DIR", help="folder of the models (~/.cache/whisper)")
    add("--language", metavar="NAME", help="code or name of the language; detected when not given")
    add(
        "--multilingual",
        type=boolean,
        default=False,
        metavar=BOOLEAN,
        help="detect the language of every window (%(default)s)",
    )
    add(
        "--task",
        default="transcribe",
        choices=["transcribe", "translate"],
        help="write what is said, or its English translation (%(default)s)",
    )
    add(
        "--initial_prompt",
        metavar="TEXT",
        help="text before the recording, such as names that occur in it",
    )
    add(
        "--carry_initial_prompt",
        type=boolean,
        default=False,
        metavar=BOOLEAN,
        help="give it to every window, not only the first (%(default)s)",
    )
    add(
        "--hotwords",
        metavar="TEXT",
        help="words that occur, such as names; every window is given them",
    )


def add_decoding(group: argparse._ArgumentGroup) -> None:
    """Add how the text is looked for, and when it is doubted."""
    add = group.add_argument
    optional_count = number(int, optional=True, low=1)
    threshold = number(float, optional=True)
    add(
        "--beam_size",
        type=number(int, optional=True, low=1, high=_MOST_BEAMS),
        default=5,
        metavar="N",
        help="beams at temperature 0 (%(default)s)",
    )
    add(
        "--patience",
        type=number(float, low=0),
        metavar="X",
        help="of the beam search; 1 is the usual one",
    )
    add(
        "--length_penalty",
        type=number(float, low=0, high=1),
        metavar="X",
        help="exponent of the length that hypotheses are ranked with",
    )
    add(
        "--temperature",
        type=number(float, low=0),
        default=0.0,
        metavar="X",
        help="0 decodes, above 0 samples (%(default)s)",
    )
    add(
        "--temperature_increment_on_fallback",
        type=number(float, optional=True, low=0.01),
        default=0.2,
        metavar="X",
        help="step to the next temperature when a check fails (%(default)s)",
    )
    add(
        "--best_of",
        type=optional_count,
        default=5,
        metavar="N",
        help="candidates when sampling (%(default)s)",
    )
    add(
        "--seed",
        type=number(int, low=0, high=2**63 - 1),
        default=0,
        metavar="N",
        help="of the sampling, so that a run can be repeated (%(default)s)",
    )
    add(
        "--compression_ratio_threshold",
        type=threshold,
        default=2.4,
        metavar="X",
        help="above it text is repetitive and the check fails (%(default)s)",
    )
    add(
        "--logprob_threshold",
        type=threshold,
        default=-1.0,
        metavar="X",
        help="below this mean log probability the check fails (%(default)s)",
    )
    add(
        "--no_speech_threshold",
        type=threshold,
        default=0.6,
        metavar="X",
        help="above it a window whose check failed counts as silent (%(default)s)",
    )
    add(
        "--condition_on_previous_text",
        type=boolean,
        metavar=BOOLEAN,
        help="give each window the text before it, and decode one after the other therefore; "
        "without a word, windows are given the text back to the last cut",
    )
    add(
        "--suppress_tokens",
        type=token_list,
        default="-1",
        metavar="N,...",
        help="tokens never to write; -1 stands for special characters (%(default)s)",
    )
