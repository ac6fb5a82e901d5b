"""The binary format of CTranslate2's ``model.bin``.

All numbers are little-endian: the version, the name of the specification, its revision, the
number of variables; of each variable its name, rank, dimensions, type, length in bytes and
content; then the number of aliases and of each the alias and the name of its variable. A name
is its length with the final zero, its characters and the zero. Variables are not aligned.

Source: ``ModelSpec._serialize`` in CTranslate2's ``specs/model_spec.py`` writes version 6, and
``Model::load`` in its ``src/models/model.cc`` reads this layout since version 4.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import Tensor
from transcriber.models.checkpoints.mapped_file import MappedFile

SPECIFICATION = "WhisperSpec"
LATEST_REVISION = 3
"""What CTranslate2 calls a Whisper model, and the revision of that model's variables."""

_VERSIONS = (4, 5, 6)

_TYPES = ("<f4", "<i1", "<i2", "<i4", "<f2", "<u2")
"""By their number in the file: float32, int8, int16, int32, float16, bfloat16."""


_VARIABLES = 1 << 14
"""Above any model's variables: the largest has some 2,200."""


@dataclass(frozen=True, kw_only=True)
class ModelFile:
    """The content of a ``model.bin``.

    Attributes
    ----------
    variables : mapping of str to Tensor
        Also ``int8``, ``int16`` and ``int32``; scalars have rank 0.
    aliases : mapping of str to str
        Other names of variables whose content is the same.
    """

    variables: Mapping[str, Tensor]
    aliases: Mapping[str, str]


def read_model_file(file: MappedFile) -> ModelFile:
    """Read a Whisper model's variables.

    Raises
    ------
    ModelError
        When the file is damaged, cut short or of another kind.
    """
    cursor = _Cursor(file)
    version = cursor.number("I")
    if version not in _VERSIONS:
        raise ModelError(f"{file} is not a CTranslate2 model of a known version ({version})")
    specification, revision = cursor.name(), cursor.number("I")
    if specification != SPECIFICATION:
        raise ModelError(f"{file} is not a Whisper model but a {specification[:100]!r}")
    if revision > LATEST_REVISION:
        raise ModelError(f"{file} is of a later CTranslate2: revision {revision} of Whisper")
    variables: dict[str, Tensor] = {}
    for _ in range(cursor.count()):
        name = cursor.name()
        if name in variables:
            raise ModelError(f"{file} is damaged: it has two variables {name[:100]!r}")
        variables[name] = cursor.tensor(name)
    aliases: dict[str, str] = {}
    for _ in range(cursor.count()):
        name, target = cursor.name(), cursor.name()
        if name in variables or name in aliases or target not in variables:
            raise ModelError(f"{file} is damaged: the alias {name[:100]!r} is not one")
        aliases[name] = target
    if cursor.offset != file.size:
        raise ModelError(
            f"{file} is damaged: {file.size - cursor.offset} bytes follow its last variable"
        )
    return ModelFile(variables=variables, aliases=aliases)


class _Cursor:
    def __init__(self, file: MappedFile) -> None:
        self._file = file
        self.offset = 0

    def _bytes(self, length: int) -> bytes:
        taken = self._file.take(self.offset, length)
        self.offset += length
        return taken.tobytes()

    def number(self, code: str) -> int:
        number: int = struct.unpack("<" + code, self._bytes(struct.calcsize("<" + code)))[0]
        return number

    def count(self) -> int:
        number = self.number("I")
        # Each takes bytes of the file, but many times as many of the memory.
        if number > _VARIABLES:
            raise ModelError(f"{self._file} is damaged: it claims {number} variables")
        return number

    def name(self) -> str:
        text = self._bytes(self.number("H"))
        if text[-1:] != b"\0" or b"\0" in text[:-1]:
            raise ModelError(f"{self._file} is damaged: no name ends at byte {self.offset}")
        try:
            return text[:-1].decode()
        except UnicodeDecodeError as error:
            raise ModelError(f"{self._file} is damaged: {text[:50]!r} is no name") from error

    def tensor(self, name: str) -> Tensor:
        shape = tuple(self.number("I") for _ in range(self.number("B")))
        type_number, length = self.number("B"), self.number("I")
        if type_number >= len(_TYPES):
            raise ModelError(f"{self._file} is damaged: {name[:100]!r} has no known type")
        dtype = np.dtype(_TYPES[type_number])
        if length != math.prod(shape) * dtype.itemsize:
            raise ModelError(
                f"{self._file} is damaged: the variable {name[:100]!r} of {shape[:5]} "
                f"{dtype.name} elements takes {length} bytes"
            )
        # A length of billions beside one of nothing takes no bytes, and many turns.
        if 0 in shape:
            raise ModelError(f"{self._file} is damaged: {name[:100]!r} has no elements")
        tensor = self._file.tensor(self.offset, dtype, shape)
        self.offset += length
        return tensor
