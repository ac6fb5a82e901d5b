"""Be a process that runs parts of a model on the fused operators.

``python -m benchmarks.measuring.fused_part_child WEIGHTS THREADS PARTS COMPUTE_TYPE``; see
`part_answers`. A step of the decoder is the whole one here, with the choice of its tokens, of
which openai-whisper's has nothing.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

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

from transcriber import operators  # noqa: E402 - not before numba has its placeholder
from transcriber.download.digest import file_sha256  # noqa: E402
from transcriber.engine.fused.kernels import Kernels  # noqa: E402
from transcriber.engine.fused.loading import load_packed  # noqa: E402
from transcriber.engine.fused.model import FusedModel  # noqa: E402
from transcriber.engine.fused.packed_file import PackedModel  # noqa: E402
from transcriber.engine.word_request import WordRequest  # noqa: E402
from transcriber.models.stored import StoredModel  # noqa: E402
from transcriber.operator_batch import Batch, Search  # noqa: E402
from transcriber.settings import DecodingSettings  # noqa: E402

_PAD = 200
"""Samples that the first and the last frame of a window look beyond it."""


def parts(weights: Path, compute_type: str) -> dict[str, Measure]:
    """Load a checkpoint of OpenAI's form; return its parts that are timed apart, by their names."""
    forms = Kernels(compute_type).forms
    stored = StoredModel(
        name=weights.stem,
        path=weights,
        sha256=file_sha256(weights),
        size=weights.stat().st_size,
        origin="official",
    )

    def load() -> PackedModel:
        """Get the packed weights: mapped, where they were packed before."""
        packed = load_packed(stored, forms)
        if packed is None:
            raise SystemExit("the operators cannot compute this model")
        return packed

    def first_load() -> float:
        """Pack the weights, in a folder that has no packed ones; return the seconds of it."""
        with tempfile.TemporaryDirectory(dir=weights.parent) as folder:
            link = Path(folder) / weights.name
            link.symlink_to(weights)
            return timed(lambda: load_packed(replace(stored, path=link), forms))()

    packed = load()
    official = weights.stem if weights.stem in whisper.available_models() else None
    settings = DecodingSettings(compute_type=compute_type)
    model = FusedModel(packed, settings, official=official)
    dimensions = packed.description.dimensions
    vocabulary = dimensions["n_vocab"]
    filters = whisper.audio.mel_filters("cpu", dimensions["n_mels"])
    audio = torch.nn.functional.pad(torch.from_numpy(noise()), (_PAD, _PAD))

    def spectrogram() -> torch.Tensor:
        mel = operators.log_mel(audio, filters)[:3000]
        return ((mel.clamp(min=float(mel.max()) - 8) + 4) / 4).T.contiguous()

    mel = spectrogram()
    encoded = model.encode(mel)
    prompt = [50258, 50259, 50359, 50363] if model.multilingual else [50257]
    end = 50257 if model.multilingual else 50256

    def decode(encoded: list[torch.Tensor], steps: int, beams: int = 0) -> None:
        search = Search(
            vocabulary=vocabulary,
            sot_index=0,
            eot=end,
            no_speech=-1,
            timestamp_begin=vocabulary - 1501,
            no_timestamps=vocabulary - 1502,
            timestamps=False,
            # Else it ends where it likes.
            suppress=(end,),
            suppress_first=(),
            max_initial_timestamp=-1,
            sample_len=steps,
            beam_size=beams,
            patience=1.0,
            length_penalty=-1.0,
            best_of=1,
            temperature=0.0,
            seed=0,
            exact_sampling=False,
        )
        batch = Batch(packed.decoder, dimensions["n_text_head"], max(beams, 1))
        batch.add(0, encoded, prompt, search)
        (decoded,) = batch.run()
        if len(decoded.tokens) != steps:
            raise SystemExit(f"{len(decoded.tokens)} tokens were decoded, and not {steps}")

    def step(beams: int) -> float:
        """Return the mean seconds of a step but the first, which has the prompt and more to do."""
        begin = time.perf_counter()
        decode(encoded, 1, beams)
        between = time.perf_counter()
        decode(encoded, 1 + DECODER_STEPS, beams)
        return (time.perf_counter() - between - (between - begin)) / DECODER_STEPS

    def words() -> None:
        asked = WordRequest(
            window=mel, encoded=encoded, language="en", frames=3000, last_speech=0.0
        )
        model.add_words([segment()], asked)

    return {
        # With the keys and values that the decoder takes from it.
        "encoder": timed(lambda: model.encode(mel)),
        "decoder step": lambda: step(0),
        "decoder step, 5 beams": lambda: step(5),
        "log-mel": timed(spectrogram),
        "load": timed(load),
        "first load": first_load,
        "words": timed(words),
        "window": timed(lambda: decode(model.encode(spectrogram()), WINDOW_STEPS)),
    }


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[2]))
    with torch.inference_mode():
        answer(parts(Path(sys.argv[1]), sys.argv[4]), sys.argv[3])
