"""The weights of the speech detector, as the program brings them: 11 bits each.

``detector.bin`` is made at set-up from the package ``silero-vad`` by `scripts.detector`. It has,
one array behind the other, in little-endian order:

* of each tensor of one dimension its numbers in float32, and of each other one a scale of each
  output in float32;
* of all of the latter the lower eight bits of the integers, and then the upper three, those of two
  in a byte.

An integer is stored with 1024 added, and what the network multiplies with is integer times scale.
In 11 minutes of speech 11 bits move a probability by 0.025 at most, and no frame across the
threshold of 0.5; 10 bits move it by 0.07, and ten frames across. Taps that only ever meet zeros are
left out.
"""

from __future__ import annotations

import math
from importlib import resources

import numpy as np
import numpy.typing as npt

from transcriber.errors import DependencyError

FILE = "detector.bin"

SHAPES: dict[str, tuple[int, ...]] = {
    "conv1.weight": (128, 129, 3),
    "conv1.bias": (128,),
    "conv2.weight": (64, 128, 3),
    "conv2.bias": (64,),
    "conv3.weight": (64, 64, 2),
    "conv3.bias": (64,),
    "conv4.weight": (128, 64, 1),
    "conv4.bias": (128,),
    "lstm_cell.weight_ih": (512, 128),
    "lstm_cell.weight_hh": (512, 128),
    "lstm_cell.bias": (512,),
    "final_conv.weight": (128,),
    "final_conv.bias": (1,),
}
"""All tensors, in their order."""

BITS = 11
ZERO = 1 << (BITS - 1)

Array = npt.NDArray[np.float32]


def read_weights() -> dict[str, Array]:
    """Return the weights that the program brings.

    Raises
    ------
    DependencyError
        When they are missing or damaged.
    """
    try:
        content = resources.files("transcriber.speech").joinpath(FILE).read_bytes()
    except OSError as error:
        raise DependencyError(
            f"the weights of the speech detector are missing ({error})",
            "install the program again",
        ) from error
    return unpack(content)


def unpack(content: bytes) -> dict[str, Array]:
    """Return the weights that a file has.

    Raises
    ------
    DependencyError
        When it has another length.
    """
    plain = sum(shape[0] for shape in SHAPES.values())
    counts = {name: math.prod(shape) for name, shape in SHAPES.items() if len(shape) > 1}
    packed = sum(counts.values())
    if len(content) != 4 * plain + packed + packed // 2:
        raise DependencyError(
            "the weights of the speech detector are damaged", "install the program again"
        )
    numbers = np.frombuffer(content, "<f4", plain)
    lower = np.frombuffer(content, np.uint8, packed, 4 * plain)
    pairs = np.frombuffer(content, np.uint8, packed // 2, 4 * plain + packed)
    upper = np.stack([pairs & 15, pairs >> 4], axis=1).reshape(-1)
    integers = lower + upper * np.float32(256) - ZERO
    found: dict[str, Array] = {}
    for name, shape in SHAPES.items():
        scales, numbers = numbers[: shape[0]], numbers[shape[0] :]
        if name not in counts:
            found[name] = scales
            continue
        own, integers = integers[: counts[name]], integers[counts[name] :]
        found[name] = (own.reshape(shape[0], -1) * scales[:, None]).reshape(shape)
    return found
