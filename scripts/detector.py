"""Make the files of the speech detector: ``python -m scripts.detector WHEEL FOLDER``.

The weights are those of the package ``silero-vad``, in its ONNX file, whose format is protocol
buffers: an initializer of the graph is the field 5 of the field 7, and has dimensions, a name and
raw content in the fields 1, 8 and 9 (``onnx.proto3`` of the ONNX project).
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from buildkit.commands import ending_in_one_line
from buildkit.errors import RecipeError
from transcriber.speech.weights import FILE, SHAPES, ZERO, Array

LICENCE = "detector-licence.txt"
"""The package's, beside the weights."""

NETWORK = "silero_vad/data/silero_vad_16k_sequence.onnx"
"""In the package's wheel."""

_CONVOLUTIONS = ("conv1", "conv2", "conv3", "conv4")
_TAPS = {"conv3": slice(1, 3), "conv4": slice(1, 2)}
"""Those that meet more than zeros, where not all do."""


def make_weights(wheel: Path) -> bytes:
    """Return the content of `transcriber.speech.weights.FILE`.

    Parameters
    ----------
    wheel : Path
        The package.

    Raises
    ------
    RecipeError
        When the network is not the one that is expected.
    """
    content = _member(wheel, NETWORK)
    try:
        return pack(_renamed(dict(_initializers(content))))
    except (KeyError, ValueError, IndexError) as error:
        raise _unexpected(wheel, repr(error)) from error


def main(words: Sequence[str]) -> int:
    """Write the weights and their licence into a folder; return the exit code."""
    wheel, folder = map(Path, words)

    def work() -> int:
        (folder / FILE).write_bytes(make_weights(wheel))
        (folder / LICENCE).write_bytes(_member(wheel, ".dist-info/licenses/LICENSE"))
        return 0

    return ending_in_one_line("set-up", work)


def pack(weights: dict[str, Array]) -> bytes:
    """Return weights in the form that `transcriber.speech.weights.unpack` reads."""
    plain, lower, upper = [], [], []
    for name, shape in SHAPES.items():
        weight = weights[name]
        if weight.shape != shape:
            raise ValueError(f"{name} has the shape {weight.shape}")
        if len(shape) == 1:
            plain.append(weight)
            continue
        rows = weight.reshape(shape[0], -1)
        scales = (np.abs(rows).max(1) / (ZERO - 1)).astype(np.float32)
        integers = np.rint(rows / scales[:, None]).astype(np.int32).reshape(-1) + ZERO
        plain.append(scales)
        lower.append(integers & 255)
        upper.append(integers >> 8)
    high = np.concatenate(upper).astype(np.uint8)
    return b"".join(
        [
            np.concatenate(plain).astype("<f4").tobytes(),
            np.concatenate(lower).astype(np.uint8).tobytes(),
            (high[::2] | high[1::2] << 4).tobytes(),
        ]
    )


def _member(wheel: Path, end: str) -> bytes:
    """Return the file of the wheel whose path ends so.

    Raises
    ------
    RecipeError
        When there is none, or it is damaged.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.endswith(end)]
            if names:
                return archive.read(names[0])
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise _unexpected(wheel, str(error)) from error
    raise _unexpected(wheel, f"it has no {end}")


def _unexpected(wheel: Path, reason: str) -> RecipeError:
    return RecipeError(f"{wheel.name} is not as expected ({reason})", "pin it anew")


def _renamed(tensors: dict[str, Array]) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for number, name in enumerate(_CONVOLUTIONS):
        weight = tensors[f"encoder.{number}.weight"]
        found[f"{name}.weight"] = weight[:, :, _TAPS.get(name, slice(None))]
        found[f"{name}.bias"] = tensors[f"encoder.{number}.bias"]
    memory = [tensor for name, tensor in tensors.items() if "LSTM" in name]
    inputs, recurrence, biases = (_in_order(tensor[0]) for tensor in memory)
    found["lstm_cell.weight_ih"], found["lstm_cell.weight_hh"] = inputs, recurrence
    found["lstm_cell.bias"] = biases
    found["final_conv.weight"] = tensors["output.weight"].reshape(-1)
    found["final_conv.bias"] = tensors["output.bias"]
    return found


def _in_order(gates: Array) -> Array:
    """Return gates in PyTorch's order, and the two biases as one.

    ONNX has them in the order input, output, forget, content.
    """
    if gates.ndim == 1:
        before, behind = np.split(gates, 2)
        gates = before + behind
    entrance, leave, keep, content = np.split(gates, 4)
    return np.concatenate([entrance, keep, content, leave])


def _initializers(model: bytes) -> Iterator[tuple[str, Array]]:
    (graph,) = (value for field, value in _fields(model) if field == 7)
    for field, tensor in _fields(graph):
        if field != 5:
            continue
        parts = list(_fields(tensor))
        (name,) = (value for number, value in parts if number == 8)
        (raw,) = (value for number, value in parts if number == 9)
        shape = [size for number, value in parts if number == 1 for size in _numbers(value)]
        yield name.decode(), np.frombuffer(raw, "<f4").reshape(shape)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Return number and content of each field; numbers as the bytes that they have."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        kind = key & 7
        if kind == 0:
            end = _number(message, at)[1]
        elif kind in (1, 5):
            end = at + (8 if kind == 1 else 4)
        elif kind == 2:
            size, at = _number(message, at)
            end = at + size
        else:
            raise ValueError(f"a field of the kind {kind}")
        yield key >> 3, message[at:end]
        at = end


def _numbers(content: bytes) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = _number(content, at)
        yield value


def _number(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
