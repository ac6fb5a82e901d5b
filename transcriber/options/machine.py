"""The options that decide where the program runs, and how it hears where somebody speaks."""

from __future__ import annotations

import argparse

from transcriber.options.values import BOOLEAN, batch_size, boolean, number
from transcriber.settings import BACKENDS, COMPUTE_TYPES


def add_machine(group: argparse._ArgumentGroup) -> None:
    """Add where the model runs, and with what."""
    add = group.add_argument
    add(
        "--device",
        default="auto",
        metavar="NAME",
        help="auto, cpu, cuda or cuda:N (%(default)s)",
    )
    add(
        "--threads",
        type=number(int, low=0, high=1024),
        default=0,
        metavar="N",
        help="processor threads to use; 0: automatic (0)",
    )
    add(
        "--batch_size",
        type=batch_size,
        metavar="auto|N",
        help="windows that are decoded at once, of one recording or of several; they are "
        "cut where nobody speaks; 1 is openai-whisper's way; auto is up to 8, on a GPU 16, as "
        "the memory allows, and 1 with --compute_type float32 (auto)",
    )
    add(
        "--compute_type",
        default="auto",
        choices=COMPUTE_TYPES,
        help="what the processor computes in, with the program's own PyTorch; auto is int8, the "
        "fastest, with about as few errors as float32; float32 gives openai-whisper's text "
        "(%(default)s)",
    )
    add(
        "--fp16",
        type=boolean,
        default=True,
        metavar=BOOLEAN,
        help="half precision on a GPU (%(default)s)",
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
        "--queue",
        action="store_true",
        help="have the running service decode it, in turn with its other recordings",
    )


def add_speech(group: argparse._ArgumentGroup) -> None:
    """Add what counts as speech."""
    add = group.add_argument
    add(
        "--vad_filter",
        type=boolean,
        metavar=BOOLEAN,
        help="decode only where somebody speaks (True, unless one window is decoded after the "
        "other)",
    )
    add(
        "--vad_threshold",
        type=number(float, low=0, high=1),
        default=0.5,
        metavar="X",
        help="from this probability on it is speech (%(default)s)",
    )
    add(
        "--vad_min_silence_ms",
        type=number(int, low=0, high=10**9),
        default=300,
        metavar="MS",
        help="a pause that is shorter is a part of the speech (%(default)s)",
    )
    add(
        "--vad_speech_pad_ms",
        type=number(int, low=0, high=10**9),
        default=200,
        metavar="MS",
        help="what is kept before and behind speech (%(default)s)",
    )
