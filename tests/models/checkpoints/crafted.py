"""Checkpoints as no honest program writes them: archives and pickles put together part by part.

Whoever runs this needs no torch: the stripped one is tested with the same files in a child.
"""

from __future__ import annotations

import pickle
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ITEM_SIZES = {
    **{"FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "DoubleStorage": 8},
    **{"LongStorage": 8, "IntStorage": 4, "ShortStorage": 2},
    **{"CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1},
}
"""The types that torch saves and Whisper's training may use, and the bytes of an element."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A record, and what its two headers tell of it where that is not the truth."""

    name: str
    content: bytes
    method: int = 0
    size: int | None = None
    packed: int | None = None
    offset: int | None = None
    attributes: int = 0
    flags: int = 0
    extra: bytes = b""
    local_name: str | None = None
    local_size: int | None = None
    checksum: int | None = None


def archive(
    entries: Sequence[Entry], *, count: int | None = None, zip64: bool = True, tail: bytes = b""
) -> bytes:
    """Return an archive with these records, as torch writes it."""
    content, directory = bytearray(), bytearray()
    for entry in entries:
        place = len(content) if entry.offset is None else entry.offset
        local = (entry.local_name or entry.name).encode()
        checksum = zlib.crc32(entry.content) if entry.checksum is None else entry.checksum
        size = len(entry.content) if entry.size is None else entry.size
        packed = len(entry.content) if entry.packed is None else entry.packed
        told = size if entry.local_size is None else entry.local_size
        content += struct.pack(
            "<4s5H3I2H",
            *(b"PK\3\4", 0, entry.flags, entry.method, 0, 0),
            *(checksum, told, told, len(local), 0),
        )
        content += local + entry.content
        name = entry.name.encode()
        directory += struct.pack(
            "<4s6H3I5H2I",
            *(b"PK\1\2", 0, 0, entry.flags, entry.method, 0, 0),
            *(checksum, packed, size, len(name), len(entry.extra), 0, 0, 0),
            *(entry.attributes, place),
        )
        directory += name + entry.extra
    start, size, told = len(content), len(directory), len(entries) if count is None else count
    end = b""
    if zip64:
        end = struct.pack(
            "<4sQ2H2I4Q", b"PK\6\6", 44, 0x031E, 45, 0, 0, told, told, size, start
        ) + struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
    last = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, told, told, size, start, 0)
    return bytes(content + directory) + end + last + tail


def saved(pickled: bytes, records: dict[str, bytes], *, zip64: bool = True) -> bytes:
    """Return a checkpoint with this pickle and these records of tensors."""
    entries = [Entry(name="archive/data.pkl", content=pickled)]
    entries += [
        Entry(name=f"archive/data/{key}", content=content) for key, content in records.items()
    ]
    entries += [Entry(name="archive/version", content=b"3\n")]
    return archive(entries, zip64=zip64)


def text(value: str) -> bytes:
    encoded = value.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(encoded)) + encoded


def number(value: int) -> bytes:
    """Return opcodes of any number of up to 255 bytes."""
    if 0 <= value < 256:
        return pickle.BININT1 + bytes([value])
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return pickle.LONG1 + bytes([len(data)]) + data


def refer(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def several(*parts: bytes) -> bytes:
    return pickle.MARK + b"".join(parts) + pickle.TUPLE


def numbers(*values: int) -> bytes:
    return several(*map(number, values))


def called(function: bytes, *arguments: bytes) -> bytes:
    return function + several(*arguments) + pickle.REDUCE


HOOKS = called(refer("collections", "OrderedDict"))


def storage(kind: str, count: int, key: str = "0") -> bytes:
    parts = (text("storage"), refer("torch", kind), text(key), text("cpu"), number(count))
    return several(*parts) + pickle.BINPERSID


def tensor(
    within: bytes, shape: Sequence[int], strides: Sequence[int] = (1,), offset: int = 0
) -> bytes:
    return called(
        refer("torch._utils", "_rebuild_tensor_v2"),
        *(within, number(offset), numbers(*shape), numbers(*strides), pickle.NEWFALSE, HOOKS),
    )


def dictionary(items: dict[str, bytes]) -> bytes:
    return (
        pickle.EMPTY_DICT
        + pickle.MARK
        + b"".join(text(key) + value for key, value in items.items())
        + pickle.SETITEMS
    )


def pickled(weight: bytes, *, before: bytes = b"", **parts: bytes) -> bytes:
    """Return the pickle of a checkpoint of one weight; what `before` leaves is not in it."""
    content = {
        "dims": dictionary({"n_mels": number(80)}),
        "model_state_dict": dictionary({"a": weight}),
        **parts,
    }
    return pickle.PROTO + b"\2" + before + dictionary(content) + pickle.STOP


def of_tensor(kind: str, count: int, size: int, shape: Sequence[int] = (4,)) -> bytes:
    """Return a checkpoint whose storage claims `count` elements, and whose record has `size`."""
    return saved(pickled(tensor(storage(kind, count), shape)), {"0": bytes(size)})


def _weight(shape: Sequence[int], strides: Sequence[int], offset: int = 0) -> Callable[[], bytes]:
    """Return the maker of a checkpoint with this view of four floating-point numbers."""
    return lambda: saved(
        pickled(tensor(storage("FloatStorage", 4), shape, strides, offset)), {"0": bytes(16)}
    )


def _pickle(weight: bytes, before: bytes = b"", **parts: bytes) -> Callable[[], bytes]:
    records = {"0": bytes(16), "1": bytes(16)}
    return lambda: saved(pickled(weight, before=before, **parts), records)


_FLOATS = storage("FloatStorage", 4)
_TENSOR = tensor(_FLOATS, (4,))
_LAUGHS = text("ha") + b"".join(
    pickle.BINPUT + bytes([n]) + pickle.BINGET + bytes([n]) + pickle.TUPLE2 for n in range(60)
)
"""Pairs of pairs of pairs: of few bytes, but the text of it has a billion billions."""

_NESTED = pickle.EMPTY_TUPLE + pickle.TUPLE1 * 500_000

PICKLES: dict[str, Callable[[], bytes]] = {
    "offset beyond": _weight((1,), (1,), 4),
    "offset beyond any": _weight((1,), (1,), (1 << 62) - 8),
    "negative offset": _weight((1,), (1,), -1),
    "shape beyond": _weight((5,), (1,)),
    "shape beyond any": _weight((1 << 62,), (4,)),
    "negative shape": _weight((-4,), (1,)),
    "two negative sizes": _weight((-2, -2), (1, 1)),
    "stride beyond": _weight((2, 2), (4, 1)),
    "stride beyond any": _weight((2,), (1 << 63,)),
    "negative stride": _weight((4,), (-1,)),
    "stride of zero": _weight((1 << 40,), (0,)),
    "overflow without elements": _weight((1 << 40, 1 << 40, 0), (1, 1, 1)),
    "strides of fewer axes": _weight((2, 2), (1,)),
    "a thousand axes": _weight((1,) * 1000, (1,) * 1000),
    "shape that is no tuple": _pickle(
        called(
            refer("torch._utils", "_rebuild_tensor_v2"),
            *(_FLOATS, number(0), number(4), numbers(1), pickle.NEWFALSE, HOOKS),
        )
    ),
    "hooks": _pickle(
        called(
            refer("torch._utils", "_rebuild_tensor_v2"),
            *(_FLOATS, number(0), numbers(4), numbers(1), pickle.NEWFALSE, number(7)),
        )
    ),
    "marked as negated": _pickle(
        called(
            refer("torch._utils", "_rebuild_tensor_v2"),
            *(_FLOATS, number(0), numbers(4), numbers(1), pickle.NEWFALSE, HOOKS),
            dictionary({"neg": pickle.NEWTRUE}),
        )
    ),
    "SETITEM on a tensor": _pickle(_TENSOR + number(1) + number(7) + pickle.SETITEM),
    "SETITEMS on a tensor": _pickle(
        _TENSOR + pickle.MARK + number(1) + number(7) + pickle.SETITEMS
    ),
    "SETITEM on a storage": _pickle(_FLOATS + number(1) + number(7) + pickle.SETITEM),
    "SETITEM on a list": _pickle(
        pickle.EMPTY_LIST + number(1) + pickle.APPEND + number(0) + number(1) + pickle.SETITEM
    ),
    "APPEND to a tensor": _pickle(_TENSOR + number(1) + pickle.APPEND),
    "APPENDS to a storage": _pickle(_FLOATS + pickle.MARK + number(1) + pickle.APPENDS),
    "BUILD of a tensor": _pickle(_TENSOR + several(_FLOATS, number(9)) + pickle.BUILD),
    "BUILD of methods": _pickle(HOOKS + dictionary({"items": number(5)}) + pickle.BUILD),
    "call of a tensor": _pickle(called(_TENSOR, number(1))),
    "call of a text": _pickle(called(text("a"), number(1))),
    "tensor of a dictionary": _pickle(tensor(HOOKS, (4,))),
    "a storage as a weight": _pickle(_FLOATS),
    "a storage as all weights": _pickle(_TENSOR, model_state_dict=_FLOATS),
    "a storage as the dimensions": _pickle(_TENSOR, dims=_FLOATS),
    "a tensor as all weights": _pickle(_TENSOR, model_state_dict=_TENSOR),
    "a tensor as the dimensions": _pickle(_TENSOR, dims=_TENSOR),
    "a tensor as all": lambda: saved(pickle.PROTO + b"\2" + _TENSOR + b".", {"0": bytes(16)}),
    "a storage as a head": _pickle(_TENSOR, alignment_heads=several(numbers(1), _FLOATS)),
    "a storage as all": lambda: saved(pickle.PROTO + b"\2" + _FLOATS + b".", {"0": bytes(16)}),
    "parameter of a storage": _pickle(
        called(refer("torch._utils", "_rebuild_parameter"), _FLOATS, pickle.NEWFALSE, HOOKS)
    ),
    "a record of two types": _pickle(
        tensor(storage("HalfStorage", 8), (8,)), before=_TENSOR + pickle.BINPUT + b"\7"
    ),
    "a record of two sizes": _pickle(
        tensor(storage("FloatStorage", 9), (9,)), before=_TENSOR + pickle.BINPUT + b"\7"
    ),
    "a record that is missing": _pickle(tensor(storage("FloatStorage", 4, "9"), (4,))),
    "a record above the folder": _pickle(tensor(storage("FloatStorage", 4, "../data/0"), (4,))),
    "no storage": _pickle(several(text("module"), number(1)) + pickle.BINPERSID),
    "an empty storage": _pickle(pickle.EMPTY_TUPLE + pickle.BINPERSID),
    "a sparse tensor": _pickle(called(refer("torch._utils", "_rebuild_sparse_tensor"), number(1))),
    "a byte array": _pickle(called(refer("__builtin__", "bytearray"), number(1 << 40))),
    "a function": _pickle(called(refer("os", "system"), text("true"))),
    "controls in a name": _pickle(called(refer("\x1b[2J\rx", "y\x07"), number(1))),
    "deep nesting as a key": _pickle(pickle.EMPTY_DICT + _NESTED + number(1) + pickle.SETITEM),
    "deep nesting as a head": _pickle(
        _TENSOR, alignment_heads=several(several(_NESTED, number(1)))
    ),
    "heads without end": _pickle(
        _TENSOR,
        alignment_heads=(
            pickle.EMPTY_LIST + pickle.BINPUT + b"\7" + pickle.BINGET + b"\7" + pickle.APPEND
        ),
    ),
    "a hundred thousand heads": _pickle(
        _TENSOR, alignment_heads=several(*[numbers(1, 1)] * 100_000)
    ),
    "a text without end as a dimension": _pickle(_TENSOR, dims=dictionary({"n_mels": _LAUGHS})),
    "deep nesting in a record's name": _pickle(
        several(text("storage"), refer("torch", "FloatStorage"), _NESTED, text("cpu"), number(4))
        + pickle.BINPERSID
    ),
    "keys that collide": _pickle(
        pickle.EMPTY_DICT
        + pickle.MARK
        + b"".join(number(k * ((1 << 61) - 1)) + pickle.NONE for k in range(1, 200_000))
        + pickle.SETITEMS
    ),
    "an opcode of a later protocol": _pickle(b"\x8f"),
    "another protocol within": _pickle(pickle.PROTO + b"\5" + _TENSOR),
    "a number of the memo beyond any": _pickle(
        _TENSOR + pickle.LONG_BINPUT + b"\xff" * 4 + pickle.LONG_BINGET + b"\xfe\xff\xff\xff"
    ),
    "no end": lambda: saved(pickled(_TENSOR)[:-1], {"0": bytes(16)}),
    "no protocol": lambda: saved(pickled(_TENSOR)[2:], {"0": bytes(16)}),
    "a pickle of megabytes": lambda: saved(
        pickled(_TENSOR, before=pickle.EMPTY_DICT * (5 << 20)), {"0": bytes(16)}
    ),
}
"""Each is a whole archive; what is wrong is in its pickle."""

_PICKLE = Entry(name="archive/data.pkl", content=pickled(_TENSOR))
_RECORD = Entry(name="archive/data/0", content=bytes(16))
_VERSION = Entry(name="archive/version", content=b"3\n")


def _of(*entries: Entry, count: int | None = None) -> Callable[[], bytes]:
    return lambda: archive(entries, count=count)


def _record(**what: object) -> Callable[[], bytes]:
    """Return the maker of a checkpoint whose record has this in its headers."""
    given = {"name": "archive/data/0", "content": bytes(16), **what}
    return _of(_PICKLE, Entry(**given), _VERSION)  # type: ignore[arg-type]


_DEFLATED = zlib.compress(bytes(1 << 20))[2:-4]

ARCHIVES: dict[str, Callable[[], bytes]] = {
    "compressed record": _record(content=_DEFLATED, method=8, size=1 << 20),
    "compressed pickle": _of(
        Entry(name="archive/data.pkl", content=_DEFLATED, method=8, size=1 << 20), _RECORD, _VERSION
    ),
    "record longer than it is": _record(size=64, packed=64),
    "record beyond the file": _record(size=1 << 30, packed=1 << 30),
    "record without content": _record(size=1 << 20, packed=0),
    "record that is a folder": _record(attributes=16),
    "pickle that is a folder": _of(
        Entry(name="archive/data.pkl", content=pickled(_TENSOR), attributes=16), _RECORD, _VERSION
    ),
    "encrypted record": _record(flags=1),
    "other name in the record": _record(local_name="archive/data/1"),
    "other size in the record": _record(local_size=12),
    "record at another's place": _of(
        _PICKLE, _RECORD, Entry(name="archive/data/1", content=b"", offset=0), _VERSION
    ),
    "record within another": _of(
        _PICKLE, Entry(name="archive/data/0", content=bytes(16), offset=40), _VERSION
    ),
    "two records of one name": _of(_PICKLE, _RECORD, _RECORD, _VERSION),
    "two pickles": _of(
        _PICKLE, Entry(name="archive/data.pkl", content=pickled(_FLOATS)), _RECORD, _VERSION
    ),
    "two pickles but for the case": _of(
        Entry(name="archive/DATA.PKL", content=pickled(_FLOATS)), _PICKLE, _RECORD, _VERSION
    ),
    "two folders": _of(_PICKLE, Entry(name="other/data/0", content=bytes(16)), _RECORD, _VERSION),
    "no folder": _of(Entry(name="data.pkl", content=pickled(_TENSOR)), _RECORD, _VERSION),
    "no pickle": _of(_RECORD, _VERSION),
    "no records": _of(),
    "more entries than it has": _of(_PICKLE, _RECORD, _VERSION, count=4),
    "fewer entries than it has": _of(_PICKLE, _RECORD, _VERSION, count=2),
    "large size that is not told": _record(size=0xFFFF_FFFF, packed=0xFFFF_FFFF),
    "large size told twice": _record(
        size=0xFFFF_FFFF,
        packed=0xFFFF_FFFF,
        extra=2 * struct.pack("<2H2Q", 1, 16, 16, 16),
    ),
    "size beyond any": _record(
        size=0xFFFF_FFFF,
        packed=0xFFFF_FFFF,
        extra=struct.pack("<2H2Q", 1, 16, (1 << 64) - 64, (1 << 64) - 64),
    ),
    "field that ends behind its entry": _record(extra=struct.pack("<2H", 1, 16)),
    "wrong checksum of the pickle": _of(
        Entry(name="archive/data.pkl", content=pickled(_TENSOR), checksum=7), _RECORD, _VERSION
    ),
    "something behind the end": lambda: archive([_PICKLE, _RECORD, _VERSION], tail=b"\0"),
    "something before the beginning": lambda: b"PK\3\4" + archive([_PICKLE, _RECORD, _VERSION]),
    "another end before the end": lambda: archive(
        [_PICKLE, _RECORD, _VERSION], tail=archive([_PICKLE, _RECORD], zip64=False)
    ),
}
"""Each has a pickle that would be good; what is wrong is around it."""


def sizes() -> dict[str, Callable[[], bytes]]:
    """Return checkpoints whose storages and records differ, both ways, for every type."""
    made: dict[str, Callable[[], bytes]] = {}
    for kind, item_size in ITEM_SIZES.items():
        for what, count, size in (
            ("more than its record", 1000, 4 * item_size),
            ("one more than its record", 5, 4 * item_size),
            ("fewer than its record", 4, 1000 * item_size),
            ("a byte fewer than its record", 4, 4 * item_size + 1),
            ("a record of nothing", 4, 0),
            ("less than nothing", -4, 4 * item_size),
            ("so many that it overflows", ((1 << 64) // item_size) + 4, 4 * item_size),
        ):
            made[f"{kind}: {what}"] = lambda kind=kind, count=count, size=size: of_tensor(  # type: ignore[misc]
                kind, count, size
            )
    return made


ALL: dict[str, Callable[[], bytes]] = {**sizes(), **PICKLES, **ARCHIVES}
