"""Be a process that runs parts of openai-whisper's model on one build of PyTorch.

``python -m benchmarks.measuring.part_child WEIGHTS THREADS PARTS``; see `part_answers`.
"""

from __future__ import annotations

import sys
import time

import torch

from benchmarks.measuring.part_answers import (
    DECODER_STEPS,
    WINDOW_STEPS,
    Measure,
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


def parts(weights: str) -> dict[str, Measure]:
    """Load a checkpoint of OpenAI's form; return its parts that are timed apart, by their names."""
    model = whisper.load_model(weights, device="cpu").eval()
    audio = noise()
    start = (50258, 50259, 50359, 50363) if model.is_multilingual else (50257,)
    prompt = torch.tensor([start])

    def load() -> object:
        return whisper.load_model(weights, device="cpu")

    def spectrogram() -> torch.Tensor:
        mel: torch.Tensor = whisper.log_mel_spectrogram(audio, model.dims.n_mels)[None]
        return mel

    mel = spectrogram()
    encoded = model.encoder(mel)

    def decode(features: torch.Tensor, steps: int) -> float:
        """Decode `steps` tokens after the prompt; return when the prompt was done."""
        inference = PyTorchInference(model, prompt.shape[-1])
        tokens = prompt.expand(len(features), -1)
        inference.logits(tokens, features)
        begin = time.perf_counter()
        for _ in range(steps):
            tokens = torch.cat([tokens, tokens[:, -1:]], -1)
            inference.logits(tokens, features)
            if len(features) > 1:
                # Beams change their places after each step.
                inference.rearrange_kv_cache([0, 0, *range(1, len(features) - 1)])
        inference.cleanup_caching()
        return begin

    def step(rows: int) -> float:
        """Return the mean seconds of a step but the first, which has the prompt and more to do."""
        begin = decode(encoded.expand(rows, -1, -1).contiguous(), DECODER_STEPS)
        return (time.perf_counter() - begin) / DECODER_STEPS

    def words() -> None:
        add_word_timestamps(
            segments=[segment()],
            model=model,
            tokenizer=get_tokenizer(model.is_multilingual, language="en", task="transcribe"),
            mel=mel[0],
            num_frames=mel.shape[-1],
            last_speech_timestamp=0.0,
        )

    return {
        "encoder": timed(lambda: model.encoder(mel)),
        "decoder step": lambda: step(1),
        "decoder step, 5 beams": lambda: step(5),
        "log-mel": timed(spectrogram),
        "load": timed(load),
        "first load": timed(load),
        "words": timed(words),
        "window": timed(lambda: decode(model.encoder(spectrogram()), WINDOW_STEPS)),
    }


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[2]))
    with torch.inference_mode():
        answer(parts(sys.argv[1]), sys.argv[3])
