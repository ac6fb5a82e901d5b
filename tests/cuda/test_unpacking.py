from __future__ import annotations

import builtins
import ctypes
import lzma
import sys
from pathlib import Path
from typing import Any

import pytest

from transcriber.cuda import liblzma
from transcriber.cuda.liblzma import SystemDecompressor
from transcriber.cuda.unpacking import Decompressor, new_decompressor, unpack
from transcriber.errors import DependencyError

from .conftest import Sample


@pytest.fixture(params=["Python's", "the system's"])
def decompressor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Unpack with each of both."""
    if request.param == "the system's":
        without_lzma(monkeypatch)
        try:
            SystemDecompressor()
        except OSError:
            pytest.skip("this system has no liblzma")
    return str(request.param)


def without_lzma(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this Python one without the module, as that of the native program is."""
    usual = builtins.__import__

    def load(name: str, *words: Any, **options: Any) -> Any:
        if name == "lzma":
            raise ImportError("No module named '_lzma'")
        return usual(name, *words, **options)

    monkeypatch.delitem(sys.modules, "lzma", raising=False)
    monkeypatch.setattr(builtins, "__import__", load)


def test_the_right_one_is_taken(decompressor: str) -> None:
    expected: type[Any] = (
        lzma.LZMADecompressor if decompressor == "Python's" else SystemDecompressor
    )
    assert isinstance(new_decompressor(), expected)


@pytest.mark.usefixtures("decompressor")
def test_what_was_packed_comes_out(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(sample.packed)
    unpack(tmp_path / "packed", sample.addon(), tmp_path / "new" / "library")
    assert (tmp_path / "new" / "library").read_bytes() == sample.library


@pytest.mark.usefixtures("decompressor")
def test_no_more_comes_at_once_than_is_asked_for(sample: Sample) -> None:
    unpacking: Decompressor = new_decompressor()
    first = unpacking.decompress(sample.packed, 1000)
    assert first == sample.library[:1000]
    assert not unpacking.needs_input
    rest = b""
    while not unpacking.eof:
        rest += unpacking.decompress(b"", 1 << 20)
    assert first + rest == sample.library


@pytest.mark.usefixtures("decompressor")
@pytest.mark.parametrize("damage", ["cut off", "flipped", "longer inside", "no xz", "empty"])
def test_what_is_damaged_gets_no_name(sample: Sample, tmp_path: Path, damage: str) -> None:
    packed = {
        "cut off": sample.packed[:-10_000],
        "flipped": sample.packed[:5000] + b"?" + sample.packed[5001:],
        "longer inside": lzma.compress(sample.library + b"?", preset=0),
        "no xz": b"PK" + sample.packed,
        "empty": b"",
    }[damage]
    (tmp_path / "packed").write_bytes(packed)
    with pytest.raises(DependencyError, match=r"does not hold the CUDA add-on|cannot be unpacked"):
        unpack(tmp_path / "packed", sample.addon(), tmp_path / "folder" / "library")
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_system_without_liblzma_is_told_what_to_do(
    sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_lzma(monkeypatch)
    monkeypatch.setattr(liblzma, "LIBRARY", "liblzma.so.none")
    (tmp_path / "packed").write_bytes(sample.packed)
    with pytest.raises(DependencyError, match=r"install it.*xz --decompress.*cuda import"):
        unpack(tmp_path / "packed", sample.addon(), tmp_path / "library")


def test_the_structure_is_that_of_the_header() -> None:
    """``sizeof(lzma_stream)`` on a 64-bit system, where `internal` is its eighth word."""
    assert ctypes.sizeof(liblzma._Stream) == 136
    assert liblzma._Stream.internal.offset == 56
