"""The file of packed weights: safetensors' layout, its tensors aligned for the kernels.

A reader maps it, so that several processes share its pages and a start reads what it uses. The
first line of defence is that a file is there as a whole or not at all. The second is its header,
which has to be the very one that the tensors ask for. The third is the sha256 of all that lies
before the last tensor, which holds it. That one is computed when a file is new to this machine or
looks changed, by its size, times and inode; else the memory of `transcriber.download.digest`
serves, as it does for the model's own file.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import math
import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transcriber.download.digest import is_remembered, remember_sha256
from transcriber.engine.fused.forms import STORAGES, Forms
from transcriber.engine.fused.layout import Described, decoder_items, described, encoder_items
from transcriber.files import atomic_writer

if TYPE_CHECKING:
    from torch import Tensor

VERSION = 5
"""Of the forms and of their order: to be raised with every change of either."""

_ALIGNMENT = 64
_DIGEST = "sha256"
_DIGEST_BYTES = 32
_LONGEST_HEADER = 1 << 22
_SIZES = {storage.dtype: storage.size for storage in STORAGES.values()} | {"U8": 1}


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a file of packed weights says of itself.

    Attributes
    ----------
    sha256 : str
        Digest of the checkpoint.
    dimensions : dict of str to int
        The fields of openai-whisper's ``ModelDimensions``.
    alignment_heads : tuple of (int, int), or None
        Layer and head of each decoder head whose attention follows the time, where the checkpoint
        names them.
    forms : Forms
        Those of the weights, known to the last.
    """

    sha256: str
    dimensions: dict[str, int]
    alignment_heads: tuple[tuple[int, int], ...] | None
    forms: Forms

    def tensors(self) -> tuple[list[Described], list[Described]]:
        """Describe the tensors of the encoder and those of the decoder."""
        return (
            described(encoder_items(self.dimensions, self.forms)),
            described(decoder_items(self.dimensions, self.forms)),
        )


@dataclass(frozen=True, kw_only=True)
class PackedModel:
    """A model's weights as the operators take them.

    Attributes
    ----------
    description : Description
        What they are of.
    encoder, decoder : list of Tensor
        In the order of `transcriber.engine.fused.layout`.
    """

    description: Description
    encoder: list[Tensor]
    decoder: list[Tensor]


def file_bytes(description: Description) -> int:
    """Return how long the file will be."""
    header, places = _header(description)
    return len(header) + max(end for _, _, end in places)


def write_packed(path: Path, description: Description, tensors: Iterable[Tensor]) -> None:
    """Write the file at `path`, as a whole or not at all.

    Parameters
    ----------
    path : Path
        The file.
    description : Description
        What it is to say.
    tensors : iterable of Tensor
        All tensors in order; each is let go before the next one is asked for.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    header, places = _header(description)
    digest = hashlib.sha256(header)
    with atomic_writer(path) as stream:
        stream.write(header)
        written = 0
        *before, (_, last, _) = places
        for tensor, (entry, begin, end) in zip(tensors, before, strict=True):
            for piece in (bytes(begin - written), _content(tensor, entry)):
                digest.update(piece)
                stream.write(piece)
            written = end
            del tensor
        gap = bytes(last - written)
        digest.update(gap)
        stream.write(gap + digest.digest())
    remember_sha256(path, digest.hexdigest())


def read_packed(path: Path, sha256: str, label: str) -> PackedModel | None:
    """Map the file at `path`.

    Parameters
    ----------
    path : Path
        The file.
    sha256 : str
        Digest of the checkpoint that it has to be made of.
    label : str
        The name of the form that it has to have.

    Returns
    -------
    PackedModel or None
        None where there is no such file, or it is damaged or of another version.
    """
    import torch  # noqa: PLC0415

    opened = _open(path, thorough=False)
    if opened is None:
        return None
    mapping, description = opened
    if description.sha256 != sha256 or description.forms.label != label:
        return None
    header, places = _header(description)
    types = {
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "I16": torch.int16,
        "I8": torch.int8,
    }

    def tensor(place: tuple[Described, int, int]) -> Tensor:
        entry, begin, _ = place
        count = math.prod(entry.shape)
        if not count:
            return torch.empty(entry.shape, dtype=types[entry.dtype])
        offset = len(header) + begin
        flat = torch.frombuffer(mapping, dtype=types[entry.dtype], count=count, offset=offset)
        return flat.reshape(entry.shape)

    encoder = len(description.tensors()[0])
    *before, _ = places
    return PackedModel(
        description=description,
        encoder=[tensor(place) for place in before[:encoder]],
        decoder=[tensor(place) for place in before[encoder:]],
    )


def is_sound(path: Path) -> bool:
    """Whether the file at `path` is whole, of this version and undamaged; it is read for that."""
    return _open(path, thorough=True) is not None


def _open(path: Path, *, thorough: bool) -> tuple[mmap.mmap, Description] | None:
    """Map the file and check it; None where anything is wrong with it."""
    # A named pipe would keep whoever opens it waiting.
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream:
            # Private and writable, which torch asks for: nothing is ever written to it.
            mapping = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):
        return None
    try:
        description = _parse(mapping)
        header, places = _header(description)
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError):
        return None
    end = len(header) + places[-1][2]
    if len(mapping) != end or mapping[: len(header)] != header:
        return None
    with contextlib.suppress(OSError):
        mapping.madvise(mmap.MADV_WILLNEED)
    expected = mapping[end - _DIGEST_BYTES :]
    if thorough or not is_remembered(path, expected.hex()):
        if hashlib.sha256(memoryview(mapping)[: end - _DIGEST_BYTES]).digest() != expected:
            return None
        remember_sha256(path, expected.hex())
    return mapping, description


def _parse(mapping: mmap.mmap) -> Description:
    length = int.from_bytes(mapping[:8], "little")
    if length > _LONGEST_HEADER:
        raise ValueError("no header is that long")
    entries = json.loads(mapping[8 : 8 + length])
    said = json.loads(entries["__metadata__"]["description"])
    if said["version"] != VERSION:
        raise ValueError("another version")
    heads = said["alignment_heads"]
    dimensions = {name: int(value) for name, value in said["dimensions"].items()}
    # Before a list of names is made: damaged dimensions may ask for billions of layers.
    if dimensions["n_audio_layer"] + dimensions["n_text_layer"] > len(entries):
        raise ValueError("more layers than tensors")
    return Description(
        sha256=said["sha256"],
        dimensions=dimensions,
        alignment_heads=None if heads is None else tuple((pair[0], pair[1]) for pair in heads),
        forms=Forms(encoder=said["encoder"], decoder=said["decoder"]),
    )


def _header(description: Description) -> tuple[bytes, list[tuple[Described, int, int]]]:
    """Return the header, and where in what follows it each tensor lies, the digest last."""
    places: list[tuple[Described, int, int]] = []
    entries: dict[str, Any] = {"__metadata__": {"description": _in_json(description)}}
    end = 0
    encoder, decoder = description.tensors()
    digest = Described(name=_DIGEST, dtype="U8", shape=(_DIGEST_BYTES,))
    for number, tensor in enumerate([*encoder, *decoder, digest]):
        begin = -(-end // _ALIGNMENT) * _ALIGNMENT
        if begin > end:
            # The format knows no gaps.
            gap = {"dtype": "U8", "shape": [begin - end], "data_offsets": [end, begin]}
            entries[f"gap.{number}"] = gap
        end = begin + math.prod(tensor.shape) * _SIZES[tensor.dtype]
        entries[tensor.name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
        places.append((tensor, begin, end))
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % _ALIGNMENT)
    return len(text).to_bytes(8, "little") + text, places


def _in_json(description: Description) -> str:
    return json.dumps(
        {
            "version": VERSION,
            "sha256": description.sha256,
            "dimensions": description.dimensions,
            "alignment_heads": description.alignment_heads,
            "encoder": description.forms.encoder,
            "decoder": description.forms.decoder,
        },
        sort_keys=True,
    )


def _content(tensor: Tensor, entry: Described) -> Any:
    """Return the bytes of a tensor, which numpy cannot do for every type."""
    size = math.prod(entry.shape) * _SIZES[entry.dtype]
    if tuple(tensor.shape) != entry.shape or tensor.numel() * tensor.element_size() != size:
        raise RuntimeError(f"{entry.name} was packed as {tuple(tensor.shape)} {tensor.dtype}")
    if not tensor.is_contiguous():
        raise RuntimeError(f"{entry.name} is not packed")
    # The array holds no reference to what it is made of: the caller does.
    return (ctypes.c_char * size).from_address(tensor.data_ptr()) if size else b""
