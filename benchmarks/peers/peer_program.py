"""What the programs around other engines have in common: options in, segments and times out.

Each is started anew for a recording, or for several that it transcribes one after the other, as
ours is, and loads what it needs within what is measured, once.
It prints a line for each segment as soon as it has it, ``[00:00.000 --> 00:04.000] text``, and at
the end a line of JSON with ``load_seconds``, ``transcribe_seconds`` and ``text``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a peer is to do.

    Attributes
    ----------
    weights : Path
        The model in the peer's own form.
    audio : tuple of Path
        The recordings.
    language : str
        A code such as ``en``.
    beam_size : int or None
        Beams; None decodes greedily.
    threads : int
        Of the processor.
    compute_type : str
        What the engine computes with, where that can be chosen.
    batched : bool
        Whether several windows are decoded together, where that can be done.
    device : str
        ``cpu`` or ``cuda``, where that can be chosen.
    fallback : bool
        Whether a window that fails is decoded again at higher temperatures.
    """

    weights: Path
    audio: tuple[Path, ...]
    language: str
    beam_size: int | None
    threads: int
    compute_type: str
    batched: bool
    device: str = "cpu"
    fallback: bool = False


TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Those that openai-whisper falls back to, one after the other."""


class Transcript:
    """Prints segments as they come, and keeps their text."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, start: float, end: float, text: str) -> None:
        """Print a segment that lasts from `start` to `end`, in seconds."""
        self._texts.append(text.strip())
        print(f"[{_clock(start)} --> {_clock(end)}] {text.strip()}", flush=True)

    @property
    def text(self) -> str:
        """All of it, in one line."""
        return " ".join(text for text in self._texts if text)


class Engine(Protocol):
    """A loaded model."""

    def transcribe(self, recording: Path, options: Options, transcript: Transcript) -> None:
        """Transcribe a recording into `transcript`, a segment after the other."""


class Load(Protocol):
    """Loads a model; what it imports counts as loading."""

    def __call__(self, options: Options) -> Engine:
        """Return the loaded model."""


def run(load: Load, arguments: Iterable[str]) -> int:
    """Transcribe recordings as the command line `arguments` says, and return the exit code."""
    options = _parse(list(arguments))
    for path in (options.weights, *options.audio):
        if not path.exists():
            print(f"there is no {path}", file=sys.stderr)
            return 2
    begin = time.perf_counter()
    engine = load(options)
    loaded = time.perf_counter()
    transcript = Transcript()
    for recording in options.audio:
        engine.transcribe(recording, options, transcript)
    end = time.perf_counter()
    told = {
        "load_seconds": loaded - begin,
        "transcribe_seconds": end - loaded,
        "text": transcript.text,
    }
    print(json.dumps(told, ensure_ascii=False), flush=True)
    return 0


def _parse(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--audio", type=Path, action="append", required=True)
    parser.add_argument("--language", required=True)
    search = parser.add_mutually_exclusive_group(required=True)
    search.add_argument("--beam_size", type=int)
    search.add_argument("--greedy", action="store_true")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--compute_type", choices=("float32", "int8", "float16"), default="float32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batched", action="store_true")
    parser.add_argument("--fallback", action="store_true")
    given = vars(parser.parse_args(arguments))
    del given["greedy"]
    given["audio"] = tuple(given["audio"])
    return Options(**given)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(1000 * seconds), 60_000)
    return f"{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"
