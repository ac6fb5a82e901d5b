"""Be a process that has loaded a model on one build of PyTorch and runs a part of it when told.

``python -m benchmarks.measuring.part_child WEIGHTS THREADS`` writes the names of the parts it knows
as a line of JSON. Then each line of standard input names a part, and is answered with its seconds.
"""

from __future__ import annotations

import sys
import time

import torch

from benchmarks.measuring.part_answers import (
    DECODER_STEPS,
    WINDOW_STEPS,
    answer,
    noise,
    segment,
    timed,
)
from transcriber.engine import openai_whisper

whisper = openai_whisper.load()

# Not before numba has its placeholder.
from whisper.decoding import PyTorchInference  # noqa: E402
from whisper.timing import add_word_timestamps  # noqa: E402
from whisper.tokenizer import get_tokenizer  # noqa: E402


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
        self._audio = noise()
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
        """Decode `DECODER_STEPS` tokens one by one; return the mean seconds of a step."""
        return self._steps(rows=1)

    def beams(self) -> float:
        """Decode as many for five beams, which change their places after each step."""
        return self._steps(rows=5)

    def window(self) -> None:
        """Transcribe a window: its spectrogram, the encoder, and `WINDOW_STEPS` tokens."""
        mel = whisper.log_mel_spectrogram(self._audio, self._model.dims.n_mels)[None]
        self._decode(self._model.encoder(mel), WINDOW_STEPS)

    def words(self) -> None:
        """Time the words of a window."""
        tokenizer = get_tokenizer(self._model.is_multilingual, language="en", task="transcribe")
        add_word_timestamps(
            segments=[segment()],
            model=self._model,
            tokenizer=tokenizer,
            mel=self._mel[0],
            num_frames=self._mel.shape[-1],
            last_speech_timestamp=0.0,
        )

    def _steps(self, rows: int) -> float:
        """Return the seconds of a step without the first, which has the prompt and more to do."""
        features = self._features.expand(rows, -1, -1).contiguous()
        begin = self._decode(features, DECODER_STEPS)
        return (time.perf_counter() - begin) / DECODER_STEPS

    def _decode(self, features: torch.Tensor, steps: int) -> float:
        """Decode `steps` tokens after the prompt; return when the prompt was done."""
        inference = PyTorchInference(self._model, self._prompt.shape[-1])
        tokens = self._prompt.expand(len(features), -1)
        inference.logits(tokens, features)
        begin = time.perf_counter()
        for _ in range(steps):
            tokens = torch.cat([tokens, tokens[:, -1:]], -1)
            inference.logits(tokens, features)
            if len(features) > 1:
                inference.rearrange_kv_cache([0, 0, *range(1, len(features) - 1)])
        inference.cleanup_caching()
        return begin


def main() -> None:
    """Answer until standard input ends."""
    torch.set_num_threads(int(sys.argv[2]))
    with torch.inference_mode():
        parts = Parts(sys.argv[1])
        answer(
            {
                "encoder": timed(parts.encoder),
                "decoder step": parts.decoder,
                "decoder step, 5 beams": parts.beams,
                "log-mel": timed(parts.spectrogram),
                "load": timed(parts.load),
                "first load": timed(parts.load),
                "words": timed(parts.words),
                "window": timed(parts.window),
            }
        )


if __name__ == "__main__":
    main()
