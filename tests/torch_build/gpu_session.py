"""A child: what a program does with a model on a GPU, whose numbers need not mean anything.

``python gpu_session.py WHO WEIGHTS`` prints how each part ended, a line of JSON for each. In the
stand-in's list of kernels a line ``== PART`` stands before those of a part.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from transcriber.engine import openai_whisper

Parts = Iterator[tuple[str, Callable[[], object]]]


def openai(weights: Path, *, fp16: bool) -> Parts:
    """Do what openai-whisper's own command line does."""
    import whisper  # noqa: PLC0415

    model = whisper.load_model(str(weights), device="cuda")
    audio = np.random.default_rng(0).standard_normal(16000 * 3).astype(np.float32) * 0.1
    common: dict[str, Any] = {"fp16": fp16, "condition_on_previous_text": False}
    common |= dict.fromkeys(
        ("no_speech_threshold", "logprob_threshold", "compression_ratio_threshold")
    )
    ways: dict[str, dict[str, Any]] = {
        "greedy": {"temperature": 0},
        "beam": {"temperature": 0, "beam_size": 5},
        "sampled": {"temperature": 0.5, "best_of": 3},
    }
    for name, options in ways.items():
        yield name, partial(whisper.transcribe, model, audio, **common, **options)
    mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(audio), model.dims.n_mels)
    tokenizer = whisper.tokenizer.get_tokenizer(model.is_multilingual, language="en")
    moved = mel.to("cuda").half() if fp16 else mel.to("cuda")
    tokens = tokenizer.encode(" one two three four")

    def align() -> object:
        from whisper.timing import find_alignment  # noqa: PLC0415

        return find_alignment(model, tokenizer, tokens, moved, 300)

    yield "alignment", align


def own(weights: Path) -> Parts:
    """Do what the program's own engine does."""
    from transcriber.engine.model_loading import load_checkpoint  # noqa: PLC0415
    from transcriber.settings import DecodingSettings  # noqa: PLC0415

    model = load_checkpoint(
        weights, name="tiny.en", official="tiny.en", device="cuda", settings=DecodingSettings()
    )
    import torch  # noqa: PLC0415

    numbers = np.random.default_rng(0).standard_normal((model.mels, 3000)).astype(np.float32)
    window = torch.from_numpy(numbers)
    features: list[Any] = []
    yield "encoder", lambda: features.append(model.encode(window))
    for name, temperature in {"beam": 0.0, "sampled": 0.5}.items():
        yield (
            name,
            partial(
                model.decode,
                features[0],
                language="en",
                prompt=[50, 60, 70],
                temperature=temperature,
            ),
        )


def main() -> None:
    """Go through the parts."""
    who, weights = sys.argv[1], Path(sys.argv[2])
    openai_whisper.load()
    parts = own(weights) if who == "own" else openai(weights, fp16=who.endswith("fp16"))
    for name, work in parts:
        with Path(os.environ["FAKE_CUDA_LOG"]).open("a") as log:
            print(f"== {name}", file=log)
        try:
            work()
            ending = ["", ""]
        except Exception as error:
            ending = [type(error).__name__, str(error)]
        print(json.dumps([name, *ending]), flush=True)


if __name__ == "__main__":
    main()
