"""What the programs around other engines have in common: options in, segments out.

Each is started anew for a recording, or for several that it transcribes one after the other, as
ours is, and loads what it needs within what is measured, once. It prints a line for each segment
as soon as it has it, ``[00:00.000 --> 00:04.000] text``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

Say = Callable[[float, float, str], None]
"""Prints a segment: the seconds at which it begins and ends, and its text."""

Transcribe = Callable[[Path, Say], None]
"""Transcribes a recording and says each segment as it comes."""

Load = Callable[[argparse.Namespace], Transcribe]
"""Loads a model; what it imports counts as loading."""

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Those that openai-whisper falls back to, one after the other."""


def run(load: Load, arguments: Sequence[str]) -> None:
    """Transcribe recordings as the command line `arguments` says."""
    options = _parser().parse_args(arguments)
    transcribe = load(options)
    for recording in options.audio:
        transcribe(recording, _say)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=_there, required=True, help="in the engine's own form")
    parser.add_argument("--audio", type=_there, action="append", required=True)
    parser.add_argument("--language", required=True)
    search = parser.add_mutually_exclusive_group(required=True)
    search.add_argument("--beam_size", type=int)
    search.add_argument("--greedy", action="store_true")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--fallback", action="store_true", help="decode what fails again")
    # What only some engines have a choice of.
    parser.add_argument("--compute_type", choices=("float32", "int8", "float16"), default="float32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batched", action="store_true", help="decode several windows at once")
    return parser


def _there(text: str) -> Path:
    if not Path(text).exists():
        raise argparse.ArgumentTypeError(f"there is no {text}")
    return Path(text)


def _say(start: float, end: float, text: str) -> None:
    print(f"[{_clock(start)} --> {_clock(end)}] {text.strip()}", flush=True)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(1000 * seconds), 60_000)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
