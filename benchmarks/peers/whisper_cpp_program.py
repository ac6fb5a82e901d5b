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

import sys
import wave
from pathlib import Path
from typing import Any

from benchmarks.peers.peer_program import TEMPERATURES, Engine, Options, Transcript, run

_CENTISECONDS = 100
"""Of a second: the unit of whisper.cpp's times."""


class WhisperCpp:
    """whisper.cpp with its model loaded."""

    def __init__(self, options: Options) -> None:
        # The binding alone: the Python package around it loads what downloads need.
        import _pywhispercpp  # type: ignore[import-not-found]  # noqa: PLC0415

        self._binding = _pywhispercpp
        self._context = _pywhispercpp.whisper_init_from_file_with_params(
            str(options.weights), _pywhispercpp.whisper_context_default_params()
        )
        if self._context is None:
            raise SystemExit(f"whisper.cpp cannot load {options.weights}")

    def transcribe(self, recording: Path, options: Options, transcript: Transcript) -> None:
        """Transcribe a recording into `transcript`, a segment after the other."""
        binding = self._binding
        samples = read_wave(recording)

        def on_segments(context: Any, new: int) -> None:
            count = binding.whisper_full_n_segments(context)
            for number in range(count - new, count):
                transcript.add(
                    binding.whisper_full_get_segment_t0(context, number) / _CENTISECONDS,
                    binding.whisper_full_get_segment_t1(context, number) / _CENTISECONDS,
                    binding.whisper_full_get_segment_text(context, number).decode(
                        "utf-8", "replace"
                    ),
                )

        parameters = self._parameters(options)
        binding.assign_new_segment_callback(parameters, on_segments)
        code = binding.whisper_full(self._context, parameters, samples, len(samples))
        if code:
            raise SystemExit(f"whisper.cpp failed with {code}")

    def _parameters(self, options: Options) -> Any:
        strategies = self._binding.whisper_sampling_strategy
        beams = options.beam_size
        parameters = self._binding.whisper_full_default_params(
            strategies.WHISPER_SAMPLING_BEAM_SEARCH if beams else strategies.WHISPER_SAMPLING_GREEDY
        )
        if beams:
            parameters.beam_search = {"beam_size": beams, "patience": -1.0}
        else:
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


def read_wave(path: Path) -> Any:
    """Return the samples of a wave file, ``float32`` from -1 to 1, shape ``(samples,)``.

    Raises
    ------
    SystemExit
        When it has not 16 kHz, one channel and 16 bits.
    """
    import numpy as np  # noqa: PLC0415

    with wave.open(str(path), "rb") as recording:
        form = (recording.getframerate(), recording.getnchannels(), recording.getsampwidth())
        if form != (16_000, 1, 2):
            raise SystemExit(f"{path} is not a wave file of 16 kHz, one channel and 16 bits")
        frames = recording.readframes(recording.getnframes())
    return np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32768)


def load(options: Options) -> Engine:
    """Return the loaded model."""
    return WhisperCpp(options)


if __name__ == "__main__":
    sys.exit(run(load, sys.argv[1:]))
