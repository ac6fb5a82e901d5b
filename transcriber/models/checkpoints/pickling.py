"""The pickle inside a checkpoint: what the tensors are called and where their content lies.

It is written opcode by opcode, as Python's pickler writes the dictionary that OpenAI saved:
pickling it would need torch, whose own part of the result changes between its versions.

Source: the opcodes are documented in Python's ``pickletools``; their order was compared with
``torch.save``.
"""

from __future__ import annotations

import math
import pickle
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_BATCH = 1000
"""Entries of a dictionary that Python's pickler adds with one opcode."""


@dataclass(frozen=True, kw_only=True)
class StoredTensor:
    """Where a tensor lies in its record.

    Attributes
    ----------
    name : str
        Its key in the dictionary.
    storage : str
        torch's class for its type, such as ``HalfStorage``.
    shape, strides : tuple of int
        Its sizes, and the steps between its elements, in elements.
    """

    name: str
    storage: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def pickle_checkpoint(
    dimensions: Mapping[str, int],
    tensors: Sequence[StoredTensor],
    alignment_heads: Iterable[tuple[int, int]],
) -> bytes:
    """Return the pickle of a checkpoint whose tensor number N is the record ``data/N``.

    It is a dictionary of ``dims``, ``model_state_dict`` and, where any are known,
    ``alignment_heads``, a list of pairs.
    """
    writer = _Writer()
    heads = list(alignment_heads)
    writer.begin_dictionary()
    writer.text("dims")
    writer.begin_dictionary()
    for name, value in dimensions.items():
        writer.text(name)
        writer.integer(value)
    writer.code(pickle.SETITEMS)
    writer.text("model_state_dict")
    writer.code(pickle.EMPTY_DICT)
    writer.remember()
    for number, tensor in enumerate(tensors):
        if number % _BATCH == 0:
            writer.code(pickle.MARK)
        writer.text(tensor.name)
        writer.tensor(number, tensor)
        if number % _BATCH == _BATCH - 1 or number == len(tensors) - 1:
            writer.code(pickle.SETITEMS)
    if heads:
        writer.text("alignment_heads")
        writer.code(pickle.EMPTY_LIST + pickle.MARK)
        for pair in heads:
            writer.integers(pair)
        writer.code(pickle.APPENDS)
    writer.code(pickle.SETITEMS + pickle.STOP)
    return bytes(writer.content)


class _Writer:
    def __init__(self) -> None:
        self.content = bytearray(pickle.PROTO + b"\2")
        self._remembered: dict[str, int] = {}
        self._count = 0

    def code(self, opcodes: bytes) -> None:
        self.content += opcodes

    def remember(self) -> None:
        """Give a number to the value just written, as the pickler does to all but integers."""
        self._refer(pickle.BINPUT, pickle.LONG_BINPUT, self._count)
        self._count += 1

    def _refer(self, short: bytes, long: bytes, number: int) -> None:
        self.code(short + bytes([number]) if number < 256 else long + struct.pack("<I", number))

    def _once(self, key: str, opcodes: bytes) -> None:
        if key in self._remembered:
            self._refer(pickle.BINGET, pickle.LONG_BINGET, self._remembered[key])
            return
        self._remembered[key] = self._count
        self.code(opcodes)
        self.remember()

    def begin_dictionary(self) -> None:
        self.code(pickle.EMPTY_DICT)
        self.remember()
        self.code(pickle.MARK)

    def text(self, text: str) -> None:
        encoded = text.encode()
        self._once(text, pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded)

    def function(self, module: str, name: str) -> None:
        self._once(f"{module}\n{name}", pickle.GLOBAL + f"{module}\n{name}\n".encode())

    def integer(self, value: int) -> None:
        if value < 1 << 8:
            self.code(pickle.BININT1 + struct.pack("<B", value))
        elif value < 1 << 16:
            self.code(pickle.BININT2 + struct.pack("<H", value))
        else:
            self.code(pickle.BININT + struct.pack("<i", value))

    def integers(self, values: tuple[int, ...]) -> None:
        for value in values:
            self.integer(value)
        self.code((pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3)[len(values) - 1])
        self.remember()

    def tensor(self, number: int, tensor: StoredTensor) -> None:
        self.function("torch._utils", "_rebuild_tensor_v2")
        self.code(pickle.MARK + pickle.MARK)
        self.text("storage")
        self.function("torch", tensor.storage)
        self.text(str(number))
        self.text("cpu")
        self.integer(math.prod(tensor.shape))
        self.code(pickle.TUPLE)
        self.remember()
        self.code(pickle.BINPERSID)
        # It begins at its record's first element.
        self.integer(0)
        self.integers(tensor.shape)
        self.integers(tensor.strides)
        # It needs no gradient and has no hooks.
        self.code(pickle.NEWFALSE)
        self.function("collections", "OrderedDict")
        self.code(pickle.EMPTY_TUPLE + pickle.REDUCE)
        self.remember()
        self.code(pickle.TUPLE)
        self.remember()
        self.code(pickle.REDUCE)
        self.remember()
