"""Transcribe recordings with whisper.cpp; see `benchmarks.peers.peer_program`.

Beside the common options, tokens of sounds that are not speech are forbidden as openai-whisper
forbids them, and no temperature but 0 is tried. What is not as in openai-whisper:

* The package is compiled for any processor with AVX2 and FMA. One that is compiled on the machine
  that it runs on would use what that has beyond them.
* It ends and ranks the hypotheses of a beam search, and goes from window to window, by rules of its
  own, and it keeps the keys and values of attention in 16 bits.
* It reads wave files of 16 kHz only.
"""

from __future__ import annotations

import argparse
import sys
import wave
from pathlib import Path
from typing import Any

from benchmarks.peers.peer_program import TEMPERATURES, Say, Transcribe, run

_CENTISECONDS = 100
"""Of a second: the unit of whisper.cpp's times."""


def load(options: argparse.Namespace) -> Transcribe:
    """Load the model."""
    # The binding alone: the Python package around it loads what downloads need.
    import _pywhispercpp as binding  # type: ignore[import-not-found]  # noqa: PLC0415

    model = binding.whisper_init_from_file_with_params(
        str(options.weights), binding.whisper_context_default_params()
    )
    if model is None:
        raise SystemExit(f"whisper.cpp cannot load {options.weights}")

    def transcribe(recording: Path, say: Say) -> None:
        def on_segments(context: Any, new: int) -> None:
            count = binding.whisper_full_n_segments(context)
            for number in range(count - new, count):
                start = binding.whisper_full_get_segment_t0(context, number)
                end = binding.whisper_full_get_segment_t1(context, number)
                text = binding.whisper_full_get_segment_text(context, number)
                say(start / _CENTISECONDS, end / _CENTISECONDS, text.decode("utf-8", "replace"))

        samples, parameters = _samples(recording), _parameters(binding, options)
        binding.assign_new_segment_callback(parameters, on_segments)
        code = binding.whisper_full(model, parameters, samples, len(samples))
        if code:
            raise SystemExit(f"whisper.cpp failed with {code}")

    return transcribe


def _parameters(binding: Any, options: argparse.Namespace) -> Any:
    strategies = binding.whisper_sampling_strategy
    if options.beam_size:
        search = strategies.WHISPER_SAMPLING_BEAM_SEARCH
        parameters = binding.whisper_full_default_params(search)
        parameters.beam_search = {"beam_size": options.beam_size, "patience": -1.0}
    else:
        parameters = binding.whisper_full_default_params(strategies.WHISPER_SAMPLING_GREEDY)
        parameters.greedy = {"best_of": 1}
    parameters.n_threads = options.threads
    parameters.language = options.language
    # It forgets the text of the recording before, not that of the windows before.
    parameters.no_context = True
    parameters.suppress_nst = True
    parameters.temperature = 0.0
    parameters.temperature_inc = TEMPERATURES[1] if options.fallback else 0.0
    parameters.print_progress = False
    return parameters


def _samples(path: Path) -> Any:
    """Return the samples of a wave file, ``float32`` from -1 to 1, shape ``(samples,)``."""
    import numpy as np  # noqa: PLC0415

    with wave.open(str(path), "rb") as recording:
        form = (recording.getframerate(), recording.getnchannels(), recording.getsampwidth())
        if form != (16_000, 1, 2):
            raise SystemExit(f"{path} is not a wave file of 16 kHz, one channel and 16 bits")
        frames = recording.readframes(recording.getnframes())
    return np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768)


if __name__ == "__main__":
    run(load, sys.argv[1:])
