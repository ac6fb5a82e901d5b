"""OpenAI's own checkpoint format: a dictionary of dimensions and weights that torch saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transcriber.errors import DependencyError, ModelError
from transcriber.machine.memory import is_out_of_memory
from transcriber.models.bad_checkpoints import printable
from transcriber.models.checkpoints.archive import ArchiveWriter
from transcriber.models.checkpoints.checkpoint import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    Checkpoint,
    Tensor,
    parse_alignment_heads,
)
from transcriber.models.checkpoints.digesting import Sink
from transcriber.models.checkpoints.layout import DIMENSION_NAMES, is_stored_by_columns
from transcriber.models.checkpoints.pickling import StoredTensor, pickle_checkpoint
from transcriber.models.checkpoints.saved_pickle import WEIGHTS, ForeignError
from transcriber.models.checkpoints.soundness import check_saved

ORIGIN = "openai"

_STORAGES = {FLOAT32: "FloatStorage", FLOAT16: "HalfStorage", BFLOAT16: "BFloat16Storage"}


def read_openai(path: Path) -> Checkpoint:
    """Read a file that ``torch.save`` wrote, without running anything that it may contain.

    Raises
    ------
    ModelError
        When it is damaged, or holds other things than OpenAI's checkpoints do.
    """
    content = _load(path)
    dimensions, weights = (
        (content.get("dims"), content.get("model_state_dict"))
        if isinstance(content, dict)
        else (None, None)
    )
    if not isinstance(dimensions, dict) or not isinstance(weights, dict):
        raise ModelError(
            f"{path} is not a checkpoint in OpenAI's format: it lacks dims or model_state_dict"
        )
    tensors = dict(_as_numpy(weights, path))
    # A damaged stride of zero makes a large tensor of a few bytes.
    if sum(tensor.nbytes for tensor in tensors.values()) > path.stat().st_size:
        raise ModelError(f"{path} is damaged: its tensors are larger than the file")
    return Checkpoint(
        dimensions=dimensions,
        tensors=tensors,
        alignment_heads=parse_alignment_heads(content.get("alignment_heads"), str(path)),
        origin=ORIGIN,
        source=str(path),
    )


def write_openai(sink: Sink, checkpoint: Checkpoint) -> None:
    """Write a verified checkpoint; the same content gives the same bytes.

    Layout and encoding are those of the files that OpenAI published in 2022. Beside their
    ``dims`` and ``model_state_dict`` stands ``alignment_heads``, a list of layer and head, where
    they are known; openai-whisper ignores it.
    """
    stored = []
    for name, tensor in checkpoint.tensors.items():
        strides, step = [0] * tensor.ndim, 1
        for axis in _axes(name, tensor.shape)[::-1]:
            strides[axis], step = step, step * tensor.shape[axis]
        stored.append(
            StoredTensor(
                name=name,
                storage=_STORAGES[tensor.dtype],
                shape=tensor.shape,
                strides=tuple(strides),
            )
        )
    dimensions = {name: checkpoint.dimensions[name] for name in DIMENSION_NAMES}
    archive = ArchiveWriter(sink)
    archive.add("data.pkl", pickle_checkpoint(dimensions, stored, checkpoint.alignment_heads or ()))
    # torch sorted the records by name in 2022.
    for number in sorted(range(len(stored)), key=str):
        archive.add(f"data/{number}", _content(stored[number].name, checkpoint.tensors))
    archive.add("version", b"3\n")
    archive.close()


def _axes(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes in the order in which they lie in memory, the slowest first."""
    return (1, 0) if is_stored_by_columns(name, shape) else tuple(range(len(shape)))


def _content(name: str, tensors: Mapping[str, Tensor]) -> memoryview:
    tensor = tensors[name]
    in_memory = np.ascontiguousarray(tensor.transpose(_axes(name, tensor.shape)))
    return in_memory.reshape(-1).view(np.uint8).data


def _load(path: Path) -> Any:
    try:
        import torch  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(f"torch does not load: {error}", "install it again") from error
    try:
        check_saved(path, WEIGHTS)
        # Mapped, so that the weights are read once and as they are written.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except ForeignError as error:
        raise ModelError(
            f"{path} holds more than weights: it refers to {error.name}, "
            "and a checkpoint that could run code is not read"
        ) from error
    # torch's unpickler documents no exceptions, and a damaged file raises many kinds.
    except Exception as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ModelError:
    if is_out_of_memory(error):
        raise MemoryError from error
    reason = printable((str(error).strip() or type(error).__name__).splitlines()[0][:200])
    return ModelError(f"{path} cannot be read as a checkpoint that torch saved ({reason})")


def _as_numpy(weights: Mapping[Any, Any], path: Path) -> Iterator[tuple[str, Tensor]]:
    import torch  # noqa: PLC0415

    for name, tensor in weights.items():
        if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
            raise ModelError(f"{path} is not a checkpoint: its weights are not named tensors")
        detached = tensor.detach()
        if detached.dtype == torch.bfloat16:
            yield name, detached.view(torch.int16).numpy().view(BFLOAT16)
        elif detached.dtype in (torch.float16, torch.float32):
            yield name, detached.numpy()
        else:
            raise ModelError(f"{path} holds the tensor {name[:100]!r} of the type {tensor.dtype}")
