"""Checkpoints damaged at random, of each format: in their bytes, and in what these mean.

The same seed and number give the same damage.
"""

from __future__ import annotations

import json
import pickle
import pickletools
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import crafted
from .samples import (
    ctranslate2_variables,
    encode_ctranslate2,
    quantized,
    random_weights,
    save_ctranslate2,
    save_hugging_face,
    save_openai,
)

NUMBERS = (0, 1, 2, 3, 4, 5, 8, 16, 127, 255, 256, 65535, 1 << 20, (1 << 31) - 1, 1 << 31)
LARGE = (0xFFFF_FFFF, 1 << 32, 1 << 40, (1 << 62) - 4, 1 << 62, (1 << 63) - 1, (1 << 64) - 1)


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A damaged checkpoint.

    Attributes
    ----------
    mutation : str
        How it was damaged.
    files : dict of str to bytes
        What lies in its folder, by names that the readers look for.
    """

    mutation: str
    files: dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """A checkpoint of torch's, taken apart."""

    pickled: bytes
    records: dict[str, bytes]


def _folder(write: Callable[[Path], object]) -> dict[str, bytes]:
    with TemporaryDirectory() as name:
        write(Path(name))
        return {path.name: path.read_bytes() for path in Path(name).iterdir()}


@cache
def _samples() -> dict[str, list[dict[str, bytes]]]:
    """Return whole models of each format."""
    weights = random_weights()
    variables = dict(ctranslate2_variables(weights))
    return {
        "pt": [_folder(lambda to: save_openai(to / "m.pt", weights, alignment_heads=[[0, 0]]))],
        "safetensors": [_folder(lambda to: save_hugging_face(to, weights))],
        "ctranslate2": [
            _folder(lambda to: save_ctranslate2(to, encode_ctranslate2(variables))),
            _folder(
                lambda to: save_ctranslate2(to, encode_ctranslate2(quantized(variables, "int8")))
            ),
        ],
    }


@cache
def _taken_apart() -> _Parts:
    with TemporaryDirectory() as name:
        path = Path(name, "m.pt")
        path.write_bytes(_samples()["pt"][0]["m.pt"])
        with zipfile.ZipFile(path) as archive:
            content = {entry.split("/", 1)[1]: archive.read(entry) for entry in archive.namelist()}
    pickled = content.pop("data.pkl")
    return _Parts(
        pickled=pickled,
        records={name[5:]: data for name, data in content.items() if name.startswith("data/")},
    )


def mutant(seed: int, number: int) -> Mutant:
    """Return the damaged checkpoint of this number; each mutation has its turn."""
    rng = random.Random(f"{seed}/{number}")
    mutation = MUTATIONS[number % len(MUTATIONS)]
    return Mutant(mutation=mutation.__name__.strip("_"), files=mutation(rng))


def _damage(data: bytes, rng: random.Random, span: int = 2000) -> bytes:
    """Change bytes, most of them near the beginning and the end, where structures are."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not changed:
            break
        near = rng.randrange(min(span, len(changed)))
        place = rng.choice((near, near, len(changed) - 1 - near, rng.randrange(len(changed))))
        match rng.randrange(7):
            case 0:
                changed[place] ^= 1 << rng.randrange(8)
            case 1:
                width = rng.choice((1, 2, 4, 8))
                value = rng.choice(NUMBERS + LARGE) & (256**width - 1)
                changed[place : place + width] = value.to_bytes(width, "little")
            case 2:
                del changed[place:]
            case 3:
                del changed[place : place + rng.choice((1, 2, 8, 100))]
            case 4:
                changed[place:place] = rng.randbytes(rng.choice((1, 2, 8, 100)))
            case 5:
                source = rng.randrange(len(changed))
                size = rng.choice((1, 4, 30, 300))
                changed[place : place + size] = changed[source : source + size]
            case _:
                changed[place] = rng.randrange(256)
    return bytes(changed)


def _any_number(rng: random.Random) -> int:
    value = rng.choice(NUMBERS + LARGE)
    return rng.choice((value, value, -value, value + rng.randrange(-3, 4)))


def bytes_of_pt(rng: random.Random) -> dict[str, bytes]:
    (files,) = _samples()["pt"]
    return files | {"m.pt": _damage(files["m.pt"], rng, 20_000)}


def bytes_of_a_pickle(rng: random.Random) -> dict[str, bytes]:
    """Damage in the pickle, which has its checksum all the same."""
    parts = _taken_apart()
    return {"m.pt": crafted.saved(_damage(parts.pickled, rng, 5000), parts.records)}


def opcodes_of_a_pickle(rng: random.Random) -> dict[str, bytes]:
    """Opcodes left out, doubled, exchanged, put in and given other numbers."""
    parts = _taken_apart()
    places = [place for _, _, place in pickletools.genops(parts.pickled) if place is not None]
    pieces = [
        parts.pickled[start:end]
        for start, end in zip(places, [*places[1:], len(parts.pickled)], strict=True)
    ]
    for _ in range(rng.choice((1, 1, 2, 5))):
        # Also there, and not only among what follows it.
        place = rng.randrange(rng.choice((len(pieces), min(len(pieces), 200))))
        match rng.randrange(5):
            case 0:
                pieces[place] = b""
            case 1:
                pieces[place] *= 2
            case 2:
                other = rng.randrange(len(pieces))
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case 3:
                pieces[place] += _fragment(rng)
            case _:
                pieces[place] = crafted.number(_any_number(rng))
    return {"m.pt": crafted.saved(b"".join(pieces), parts.records)}


_KINDS = tuple(crafted.ITEM_SIZES)

_SINGLE = (
    *(pickle.MARK, pickle.TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.REDUCE),
    *(pickle.BUILD, pickle.SETITEM, pickle.SETITEMS, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_DICT, pickle.EMPTY_LIST, pickle.EMPTY_TUPLE, pickle.NONE, pickle.NEWTRUE),
    *(pickle.BINPERSID, pickle.STOP, pickle.BINPUT + b"\1", pickle.BINGET + b"\1"),
    *(pickle.POP, pickle.DUP, pickle.NEWOBJ, pickle.EMPTY_SET, pickle.LONG_BINPUT + b"\xff" * 4),
)

_GLOBALS = (
    *(("torch._utils", f"_rebuild_{name}") for name in ("tensor_v2", "parameter", "tensor")),
    *(("collections", "OrderedDict"), ("torch", "Tensor"), ("torch", "HalfStorage")),
    *(("__builtin__", "bytearray"), ("os", "system"), ("torch", "no\x1bthing")),
)


def _fragment(rng: random.Random) -> bytes:
    match rng.randrange(8):
        case 0:
            return crafted.number(_any_number(rng))
        case 1:
            return crafted.text(rng.choice(("storage", "dims", "a", "\ud7ff", "x" * 300)))
        case 2:
            return crafted.refer(*rng.choice(_GLOBALS))
        case 3:
            return crafted.storage(rng.choice(_KINDS), _any_number(rng), rng.choice("0123"))
        case 4:
            return _any_tensor(rng)
        case _:
            return rng.choice(_SINGLE)


def _any_tensor(rng: random.Random) -> bytes:
    """Return a view of four elements that fits its record more often than not."""
    kind, count = rng.choice(_KINDS), 4
    shape, strides, offset = [2, 2], [2, 1], 0
    for _ in range(rng.choice((0, 1, 1, 2))):
        place = rng.randrange(2)
        match rng.randrange(5):
            case 0:
                count = _any_number(rng)
            case 1:
                offset = _any_number(rng)
            case 2 if len(shape) > place:
                shape[place] = _any_number(rng)
            case 3 if len(strides) > place:
                strides[place] = _any_number(rng)
            case _:
                shape = [_any_number(rng) for _ in range(rng.randrange(6))]
                strides = [_any_number(rng) for _ in shape]
    within = crafted.storage(kind, count, str(_KINDS.index(kind)))
    return crafted.tensor(within, shape, strides, offset)


def _small(rng: random.Random, program: bytes) -> bytes:
    records = {
        str(index): bytes(rng.choice((4,) * 8 + (0, 3, 5, 100)) * size)
        for index, size in enumerate(crafted.ITEM_SIZES.values())
    }
    return crafted.saved(program, records, zip64=rng.random() < 0.5)


def tensors_of_a_pickle(rng: random.Random) -> dict[str, bytes]:
    """Views of small records, some of them beyond."""
    weights = crafted.dictionary({str(n): _any_tensor(rng) for n in range(rng.choice((1, 2, 5)))})
    program = crafted.pickled(crafted.number(1), model_state_dict=weights)
    return {"m.pt": _small(rng, program)}


def programs_of_a_pickle(rng: random.Random) -> dict[str, bytes]:
    """Opcodes that follow no order."""
    before = b"".join(_fragment(rng) for _ in range(rng.choice((1, 3, 10, 50))))
    weight = _any_tensor(rng) + b"".join(_fragment(rng) for _ in range(rng.choice((0, 0, 1, 3))))
    return {"m.pt": _small(rng, crafted.pickled(weight, before=before))}


def headers_of_an_archive(rng: random.Random) -> dict[str, bytes]:
    """Records whose headers tell something else."""
    entries = [
        crafted.Entry(name="archive/data.pkl", content=crafted.pickled(_any_tensor(rng))),
        *(
            crafted.Entry(name=f"archive/data/{index}", content=bytes(4 * size))
            for index, size in enumerate(crafted.ITEM_SIZES.values())
        ),
        crafted.Entry(name="archive/version", content=b"3\n"),
    ]
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = rng.randrange(len(entries))
        value = abs(_any_number(rng)) & 0xFFFF_FFFF
        changes: list[dict[str, Any]] = [
            {"method": rng.choice((8, 9, 255))},
            {"size": value},
            {"packed": value},
            {"size": value, "packed": value},
            {"offset": rng.choice((0, 40, value))},
            {"attributes": value},
            {"flags": value & 0xFFFF},
            {"extra": struct.pack("<2H", 1, rng.choice((0, 8, 16, 24))) + rng.randbytes(16)},
            {"extra": struct.pack("<2H2Q", 1, 16, value, value), "size": 0xFFFF_FFFF},
            {"name": rng.choice(entries).name},
            {"name": rng.choice(("", "a", "archive/", "/", "archive/data.PKL", "é/\0"))},
            {"local_name": rng.choice(entries).name},
            {"local_size": value},
            {"checksum": value},
            {"content": rng.randbytes(rng.choice((0, 1, 16, 100)))},
        ]
        entries[place] = replace(entries[place], **rng.choice(changes))
    if rng.random() < 0.2:
        rng.shuffle(entries)
    count = len(entries) + rng.choice((0,) * 8 + (-1, 1, 60000))
    content = crafted.archive(entries, count=count & 0xFFFF, zip64=rng.random() < 0.5)
    return {"m.pt": _damage(content, rng, 150) if rng.random() < 0.3 else content}


def bytes_of_safetensors(rng: random.Random) -> dict[str, bytes]:
    (files,) = _samples()["safetensors"]
    return files | {"model.safetensors": _damage(files["model.safetensors"], rng, 6000)}


def _any_value(rng: random.Random) -> Any:
    others: tuple[Any, ...] = (None, True, 1.5, "F16", "F64", "", [], {}, [[1]], "\x1b\ud800", -0.0)
    return rng.choice((_any_number(rng), rng.choice(others)))


def _change_json(value: Any, rng: random.Random) -> None:
    """Change something in a JSON object, at any depth."""
    while True:
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.8:
            value = value[key]
            continue
        if rng.random() < 0.2:
            del value[key]
        elif rng.random() < 0.1 and isinstance(value, dict):
            value[rng.choice(("", "\x1b[2J", "__metadata__", "proj_out.weight"))] = value[key]
        else:
            value[key] = _any_value(rng)
        return


def _changed_json(text: bytes, rng: random.Random) -> bytes:
    value = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 5))):
        _change_json(value, rng)
    nested = b'{"a":' + b"[" * 100_000
    return nested if rng.random() < 0.01 else json.dumps(value).encode()


def header_of_safetensors(rng: random.Random) -> dict[str, bytes]:
    (files,) = _samples()["safetensors"]
    content = files["model.safetensors"]
    (length,) = struct.unpack("<Q", content[:8])
    header = _changed_json(content[8 : 8 + length], rng)
    told = rng.choice((len(header),) * 20 + LARGE) & (2**64 - 1)
    return files | {"model.safetensors": struct.pack("<Q", told) + header + content[8 + length :]}


def configuration_of_safetensors(rng: random.Random) -> dict[str, bytes]:
    (files,) = _samples()["safetensors"]
    name = rng.choice(("config.json", "config.json", "generation_config.json"))
    return files | {name: _changed_json(files[name], rng)}


def bytes_of_ctranslate2(rng: random.Random) -> dict[str, bytes]:
    files = rng.choice(_samples()["ctranslate2"])
    return files | {"model.bin": _damage(files["model.bin"], rng, 3000)}


def _text(value: str) -> bytes:
    return struct.pack("<H", len(value.encode()) + 1) + value.encode() + b"\0"


def variables_of_ctranslate2(rng: random.Random) -> dict[str, bytes]:
    """Variables whose rank, sizes, type and length do not belong together."""
    names = [f"{part}/layer_0/self_attention/linear_0/weight" for part in ("encoder", "decoder")]
    names += ["decoder/embeddings/weight", "decoder/embeddings/weight_scale", "decoder/pre_norm"]
    names += ["encoder/num_heads", "encoder/conv1/weight", "a", "x\x1b"]
    count = rng.randrange(1, 9)
    content = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<I", 3)
    content += struct.pack("<I", rng.choice((count,) * 9 + (_any_number(rng) & 0xFFFF_FFFF,)))
    for name in rng.sample(names, count):
        shape = [rng.choice((1, 2, 3, 4)) for _ in range(rng.choice((0, 1, 2, 3)))]
        kind = rng.randrange(6)
        length = (4, 1, 2, 4, 2, 2)[kind]
        for size in shape:
            length *= size
        data = rng.randbytes(length)
        if rng.random() < 0.2:
            shape = [_any_number(rng) & 0xFFFF_FFFF for _ in range(rng.choice((1, 2, 40, 255)))]
        if rng.random() < 0.1:
            kind, length = rng.randrange(256), _any_number(rng) & 0xFFFF_FFFF
        content += _text(name) + struct.pack(f"<B{len(shape)}I", len(shape), *shape)
        content += struct.pack("<BI", kind, length) + data
    aliases = rng.randrange(3)
    content += struct.pack("<I", aliases)
    for _ in range(aliases):
        content += _text(rng.choice((*names, "b"))) + _text(rng.choice(names))
    return {"model.bin": content, "config.json": b"{}"}


MUTATIONS: tuple[Callable[[random.Random], dict[str, bytes]], ...] = (
    bytes_of_pt,
    bytes_of_a_pickle,
    opcodes_of_a_pickle,
    tensors_of_a_pickle,
    programs_of_a_pickle,
    headers_of_an_archive,
    bytes_of_safetensors,
    header_of_safetensors,
    configuration_of_safetensors,
    bytes_of_ctranslate2,
    variables_of_ctranslate2,
)
