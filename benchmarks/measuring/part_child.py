"""Be a process that has loaded a model on one build of PyTorch and runs a part of it when told.

``python -m benchmarks.measuring.part_child WEIGHTS THREADS`` writes the names of the parts it knows
as a line of JSON. Then each line of standard input names a part, and is answered with its seconds.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from transcriber.engine import openai_whisper

whisper = openai_whisper.load()

from whisper.decoding import PyTorchInference  # noqa: E402 - not before numba has its placeholder

DECODER_STEPS = 10
"""Steps in one measurement of the decoder, of which the mean is taken."""

AUDIO_SECONDS = 30
SAMPLES_A_SECOND = 16000


class Parts:
    """The parts of a model that are timed apart.

    Parameters
    ----------
    weights : str
        A checkpoint of OpenAI's form.
    """

    def __init__(self, weights: str) -> None:
        self._weights = weights
        self._model = whisper.load_model(weights, device="cpu").eval()
        noise = np.random.default_rng(0).normal(0, 0.1, AUDIO_SECONDS * SAMPLES_A_SECOND)
        self._audio = noise.astype(np.float32)
        self._mel = whisper.log_mel_spectrogram(self._audio, self._model.dims.n_mels)[None]
        self._features = self._model.encoder(self._mel)
        start = (50258, 50259, 50359, 50363) if self._model.is_multilingual else (50257,)
        self._prompt = torch.tensor([start])

    def load(self) -> None:
        """Read the checkpoint and make the network of it."""
        whisper.load_model(self._weights, device="cpu")

    def spectrogram(self) -> None:
        """Compute the log-mel spectrogram of a window."""
        whisper.log_mel_spectrogram(self._audio, self._model.dims.n_mels)

    def encoder(self) -> None:
        """Encode a window."""
        self._model.encoder(self._mel)

    def decoder(self) -> float:
        """Decode `DECODER_STEPS` tokens one by one; return the mean seconds of a step.

        The first step, which decodes the prompt and projects the encoder's output, is left out.
        """
        inference = PyTorchInference(self._model, self._prompt.shape[-1])
        tokens = self._prompt
        inference.logits(tokens, self._features)
        begin = time.perf_counter()
        for _ in range(DECODER_STEPS):
            tokens = torch.cat([tokens, tokens[:, -1:]], -1)
            inference.logits(tokens, self._features)
        seconds = (time.perf_counter() - begin) / DECODER_STEPS
        inference.cleanup_caching()
        return seconds


def _timed(work: Callable[[], None]) -> Callable[[], float]:
    def measure() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return measure


def main() -> None:
    """Answer until standard input ends."""
    # Ctrl-C is for the parent, which ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(int(sys.argv[2]))
    with torch.inference_mode():
        parts = Parts(sys.argv[1])
        measurements: dict[str, Callable[[], float]] = {
            "encoder": _timed(parts.encoder),
            "decoder step": parts.decoder,
            "log-mel": _timed(parts.spectrogram),
            "load": _timed(parts.load),
        }
        for measure in measurements.values():
            measure()
        print(json.dumps(list(measurements)), flush=True)
        for line in sys.stdin:
            print(json.dumps(measurements[line.rstrip("\n")]()), flush=True)


if __name__ == "__main__":
    main()
