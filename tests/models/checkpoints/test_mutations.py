"""Damaged files of every format: an import fails with one clear error or succeeds."""

from __future__ import annotations

import random
import resource
import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from transcriber.errors import ModelError
from transcriber.models.importing import import_checkpoint
from transcriber.models.store import verify

from .samples import (
    ctranslate2_variables,
    encode_ctranslate2,
    quantized,
    random_weights,
    save_ctranslate2,
    save_hugging_face,
    save_openai,
)

MUTATIONS = 120
"""Of each file. Some hit weights, whose change no importer can see."""

MEMORY = 200
"""MiB that all mutations of a file may add to the memory that was used at most before."""

_EXTREMES = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 1 << 40, 2**64 - 1)


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return `content` with some damage, mostly where the structure is and not the weights."""
    data = bytearray(content)
    # The token embedding lies near the beginning or the end, and takes nine tenths.
    edge = min(len(data) // 2, 20_000)

    def place() -> int:
        near = rng.randrange(edge)
        return rng.choice([near % 400, near, len(data) - 1 - near, rng.randrange(len(data))])

    kind = rng.randrange(6)
    if kind == 0:
        for _ in range(rng.randint(1, 4)):
            data[place()] ^= 1 << rng.randrange(8)
    elif kind == 1:
        start, size = place(), rng.choice([1, 2, 4, 8])
        number = rng.choice(_EXTREMES) & (256**size - 1)
        data[start : start + size] = number.to_bytes(size, "little")
    elif kind == 2:
        del data[place() :]
    elif kind == 3:
        start = place()
        del data[start : start + rng.randint(1, 200)]
    elif kind == 4:
        start = place()
        data[start:start] = rng.randbytes(rng.randint(1, 200))
    else:
        start, source, size = place(), place(), rng.randint(1, 300)
        data[start : start + size] = data[source : source + size]
    return bytes(data)


def _openai(folder: Path) -> Path:
    return save_openai(folder / "model.pt", random_weights())


def _own(folder: Path) -> Path:
    saved = save_openai(folder / "saved.pt", random_weights(), alignment_heads=[[1, 1]])
    return import_checkpoint(saved, name="own", directory=folder).path


def _safetensors(folder: Path) -> Path:
    return save_hugging_face(folder, random_weights()) / "model.safetensors"


def _index(folder: Path) -> Path:
    return save_hugging_face(folder, random_weights(), shards=2) / "model.safetensors.index.json"


def _configuration(folder: Path) -> Path:
    return save_hugging_face(folder, random_weights()) / "config.json"


def _ctranslate2(folder: Path) -> Path:
    content = encode_ctranslate2(ctranslate2_variables(random_weights()))
    return save_ctranslate2(folder, content) / "model.bin"


def _int8(folder: Path) -> Path:
    content = encode_ctranslate2(quantized(ctranslate2_variables(random_weights()), "int8"))
    return save_ctranslate2(folder, content) / "model.bin"


@pytest.mark.parametrize(
    "make", [_openai, _own, _safetensors, _index, _configuration, _ctranslate2, _int8]
)
def test_damage_is_one_clear_error_or_none(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    folder, store = tmp_path / "source", tmp_path / "store"
    folder.mkdir()
    path = make(folder)
    content = path.read_bytes()
    source = path if path.suffix in (".pt", ".bin", ".safetensors") else folder
    # Unharmed it is read, so that what is refused below is refused for its damage.
    import_checkpoint(source, name="whole", directory=store)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for seed in range(MUTATIONS):
        path.write_bytes(mutated(content, random.Random(f"{make.__name__} {seed}")))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                verify(import_checkpoint(source, name="damaged", directory=store))
            except ModelError as error:
                refused += 1
                assert "\n" not in str(error)
                assert len(str(error)) < 1500
    assert refused > MUTATIONS // 5
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert added < MEMORY * 1024


def test_the_damage_is_the_same_in_every_run() -> None:
    content = struct.pack("<50000I", *range(50000))
    first = [mutated(content, random.Random(seed)) for seed in range(50)]
    assert first == [mutated(content, random.Random(seed)) for seed in range(50)]
    assert len(set(first)) == 50
