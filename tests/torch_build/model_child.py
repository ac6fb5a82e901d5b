"""What a real model computes from real speech, written to a file: a child for either build.

``python model_child.py WEIGHTS RECORDING RESULT`` writes an ``.npz`` with the log-mel
spectrogram, the encoder's output, the logits of a few decoder steps, with and without the cache,
and the tokens of greedy decoding.
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np

STEPS = 8
"""Decoder steps with the cache whose logits are kept."""


def read_recording(path: Path) -> Any:
    """Return a recording of 16-bit mono samples as float32 between -1 and 1."""
    with wave.open(str(path)) as recording:
        samples = np.frombuffer(recording.readframes(recording.getnframes()), np.int16)
    return samples.astype(np.float32) / 32768.0


def compute(weights: Path, recording: Path) -> dict[str, Any]:
    """Return the arrays by name.

    Parameters
    ----------
    weights : Path
        A checkpoint in openai-whisper's form.
    recording : Path
        A wave file of 16-bit mono samples at 16 kHz.
    """
    import torch  # noqa: PLC0415 - the parent imports this module for its names only

    from transcriber.engine import openai_whisper  # noqa: PLC0415

    whisper = openai_whisper.load()
    from whisper.decoding import PyTorchInference  # noqa: PLC0415

    torch.set_num_threads(2)
    audio = whisper.pad_or_trim(read_recording(recording))
    model = whisper.load_model(str(weights), device="cpu").eval()
    tokenizer = whisper.tokenizer.get_tokenizer(model.is_multilingual, language="en")
    with torch.inference_mode():
        mel = whisper.log_mel_spectrogram(audio, model.dims.n_mels)
        features = model.encoder(mel[None])
        tokens = torch.tensor([tokenizer.sot_sequence_including_notimestamps])
        logits = [model.decoder(tokens, features)[:, -1]]
        inference = PyTorchInference(model, tokens.shape[-1])
        for _ in range(STEPS):
            logits.append(inference.logits(tokens, features)[:, -1])
            tokens = torch.cat([tokens, logits[-1].argmax(-1, keepdim=True)], -1)
        inference.cleanup_caching()
        options = whisper.DecodingOptions(language="en", fp16=False)
        decoded = whisper.decode(model, mel, options)
    return {
        "mel": mel.numpy(),
        "features": features.numpy(),
        "logits": torch.cat(logits).numpy(),
        "tokens": np.array(decoded.tokens),
        "version": np.array(torch.__version__),
    }


if __name__ == "__main__":
    np.savez(sys.argv[3], **compute(Path(sys.argv[1]), Path(sys.argv[2])))
