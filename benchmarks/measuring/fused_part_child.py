"""Be a process that runs parts of a model on the fused operators; see `part_answers`.

``python -m benchmarks.measuring.fused_part_child WEIGHTS THREADS COMPUTE_TYPE``. A step of the
decoder is the whole one here, with the choice of its tokens, of which the other has nothing.
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


class Parts:
    """The parts of a model that are timed apart.

    Parameters
    ----------
    weights : Path
        A checkpoint of OpenAI's form.
    compute_type : str
        ``auto`` or ``float32``.
    """

    def __init__(self, weights: Path, compute_type: str) -> None:
        self._forms = Kernels(compute_type).forms
        self._stored = StoredModel(
            name=weights.stem,
            path=weights,
            sha256=file_sha256(weights),
            size=weights.stat().st_size,
            origin="official",
        )
        self._packed = self.load()
        settings = DecodingSettings(compute_type=compute_type)
        official = weights.stem if weights.stem in whisper.available_models() else None
        self._model = FusedModel(self._packed, settings, official=official)
        dimensions = self._packed.description.dimensions
        self._heads = dimensions["n_text_head"]
        self._vocabulary = dimensions["n_vocab"]
        self._filters = whisper.audio.mel_filters("cpu", dimensions["n_mels"])
        self._audio = torch.nn.functional.pad(torch.from_numpy(noise()), (_PAD, _PAD))
        self._mel = self.spectrogram()
        self._encoded = self._model.encode(self._mel)
        self._prompt = [50258, 50259, 50359, 50363] if self._model.multilingual else [50257]

    def load(self) -> PackedModel:
        """Get the packed weights: mapped, where they were packed before."""
        packed = load_packed(self._stored, self._forms)
        if packed is None:
            raise SystemExit("the operators cannot compute this model")
        return packed

    def first_load(self) -> float:
        """Pack the weights, in a folder that has no packed ones; return the seconds of it."""
        with tempfile.TemporaryDirectory(dir=self._stored.path.parent) as folder:
            link = Path(folder) / self._stored.path.name
            link.symlink_to(self._stored.path)
            begin = time.perf_counter()
            load_packed(replace(self._stored, path=link), self._forms)
            return time.perf_counter() - begin

    def spectrogram(self) -> torch.Tensor:
        """Compute the log-mel spectrogram of a window."""
        mel = operators.log_mel(self._audio, self._filters)[:3000]
        return ((mel.clamp(min=float(mel.max()) - 8) + 4) / 4).T.contiguous()

    def encoder(self) -> None:
        """Encode a window, with the keys and values that the decoder takes from it."""
        self._model.encode(self._mel)

    def decoder(self) -> float:
        """Decode tokens one by one; return the mean seconds of a step."""
        return self._steps(beams=0)

    def beams(self) -> float:
        """Decode them for five beams."""
        return self._steps(beams=5)

    def words(self) -> None:
        """Time the words of a window."""
        asked = WordRequest(
            window=self._mel, encoded=self._encoded, language="en", frames=3000, last_speech=0.0
        )
        self._model.add_words([segment()], asked)

    def window(self) -> None:
        """Transcribe a window: its spectrogram, the encoder, and `WINDOW_STEPS` tokens."""
        self._decode(self._model.encode(self.spectrogram()), WINDOW_STEPS, beams=0)

    def _steps(self, beams: int) -> float:
        # The first one has the prompt and more to do.
        first = timed(lambda: self._decode(self._encoded, 1, beams=beams))()
        more = timed(lambda: self._decode(self._encoded, 1 + DECODER_STEPS, beams=beams))()
        return (more - first) / DECODER_STEPS

    def _decode(self, encoded: list[torch.Tensor], steps: int, *, beams: int) -> None:
        special = 50257 if self._model.multilingual else 50256
        search = Search(
            vocabulary=self._vocabulary,
            sot_index=0,
            eot=special,
            no_speech=-1,
            timestamp_begin=self._vocabulary - 1501,
            no_timestamps=self._vocabulary - 1502,
            timestamps=False,
            # Else it ends where it likes.
            suppress=(special,),
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
        batch = Batch(self._packed.decoder, self._heads, max(beams, 1))
        batch.add(0, encoded, self._prompt, search)
        (decoded,) = batch.run()
        if len(decoded.tokens) != steps:
            raise SystemExit(f"{len(decoded.tokens)} tokens were decoded, and not {steps}")


def main() -> None:
    """Answer until standard input ends."""
    torch.set_num_threads(int(sys.argv[2]))
    with torch.inference_mode():
        parts = Parts(Path(sys.argv[1]), sys.argv[3])
        answer(
            {
                "encoder": timed(parts.encoder),
                "decoder step": parts.decoder,
                "decoder step, 5 beams": parts.beams,
                "log-mel": timed(parts.spectrogram),
                "load": timed(parts.load),
                "first load": parts.first_load,
                "words": timed(parts.words),
                "window": timed(parts.window),
            }
        )


if __name__ == "__main__":
    main()
