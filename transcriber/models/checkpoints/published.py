"""Recognising OpenAI's own weights, whatever format they came in.

Conversions to the formats of Hugging Face and CTranslate2 keep OpenAI's numbers where they store
float16 or float32. Written as OpenAI wrote them, such weights give OpenAI's file byte by byte,
and its published sha256 proves it. `large-v3` and `large-v3-turbo` came from a later torch that
adds records of its own, so of these only OpenAI's files themselves are recognised.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from transcriber.download.digest import file_sha256
from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import BLOCK, FLOAT16, FLOAT32, Checkpoint, Tensor
from transcriber.models.checkpoints.digesting import DigestingSink, Sink
from transcriber.models.checkpoints.openai import ORIGIN, write_openai
from transcriber.models.registry import OfficialModel, official_models

Write = Callable[[Sink], None]


def find_published(checkpoint: Checkpoint) -> tuple[OfficialModel, Write] | None:
    """Return the official model that a verified `checkpoint` is, or None.

    Returns
    -------
    (OfficialModel, callable) or None
        The model, and what writes its file to a sink.

    Raises
    ------
    ModelError
        When the checkpoint cannot be read any more.
    """
    candidates = {
        model.sha256: model
        for model in official_models().values()
        if model.dimensions.as_checkpoint() == checkpoint.dimensions
    }
    if checkpoint.origin == ORIGIN:
        path = Path(checkpoint.source)
        model = candidates.get(file_sha256(path)) if candidates else None
        if model is not None:
            return model, lambda sink: _copy(path, sink)
    if not candidates or not all(map(_is_exact_in_half, checkpoint.tensors.values())):
        return None
    halved = replace(checkpoint, tensors=_Halves(checkpoint.tensors), alignment_heads=None)
    digest = DigestingSink()
    write_openai(digest, halved)
    model = candidates.get(digest.sha256)
    return None if model is None else (model, lambda sink: write_openai(sink, halved))


class _Halves(Mapping[str, Tensor]):
    """The tensors as float16, each made when it is asked for: together they may fill the memory."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._tensors = tensors

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name].astype(FLOAT16, copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def _is_exact_in_half(tensor: Tensor) -> bool:
    if tensor.dtype != FLOAT32:
        return tensor.dtype == FLOAT16
    flat = tensor.ravel(order="K")
    blocks = (flat[start : start + BLOCK] for start in range(0, flat.size, BLOCK))
    with np.errstate(over="ignore"):
        return all(np.array_equal(block, block.astype(FLOAT16)) for block in blocks)


def _copy(path: Path, sink: Sink) -> None:
    try:
        with path.open("rb") as stream:
            shutil.copyfileobj(stream, sink, 1 << 20)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
