"""Nuitka's constants are divided among the modules that they are of."""

from __future__ import annotations

import marshal
import struct

import pytest

from benchmarks.sizes.components import file_component, module_component, object_component
from benchmarks.sizes.executable import divide_constants, origin_component
from benchmarks.sizes.linked import MERGED, PADDING, TABLES, Piece
from buildkit.errors import BuildError

BLOB = "__constants_data___constant.o"


def length(number: int) -> bytes:
    """As Nuitka writes it: groups of seven bits, the lowest first."""
    groups = bytearray()
    while number >= 128:
        groups.append(number & 127 | 128)
        number >>= 7
    return bytes([*groups, number])


def part(name: str, content: bytes) -> bytes:
    return name.encode() + b"\0" + struct.pack("<I", len(content)) + content


def constants(*modules: str) -> bytes:
    codes = [marshal.dumps(compile("x = 1\n" * 50, name, "exec")) for name in modules]
    stream = b"".join(b"X" + length(len(code)) + code for code in codes)
    return b"".join(
        [
            part(".bytecode", struct.pack("<H", len(codes)) + stream + b"."),
            part("", b"shared"),
            part("transcriber.job", b"0123456789"),
        ]
    )


def test_each_module_has_its_bytes() -> None:
    blob = constants("torch/nn/functional.py", "os.py")
    content = b"head" + blob + b"\0\0\0" + b"tail"
    pieces = [
        Piece(offset=0, size=4, origin="a.o"),
        Piece(offset=4, size=len(blob) + 3, origin=BLOB),
        Piece(offset=len(blob) + 7, size=4, origin="b.o"),
    ]
    divided = divide_constants(content, pieces)
    assert [piece.origin for piece in divided] == [
        "a.o",
        "constants/torch/nn/functional.py",
        "constants/os.py",
        "constants/",
        "constants/transcriber.job",
        "headers and padding",
        "b.o",
    ]
    assert sum(piece.size for piece in divided) == len(content)
    by_origin = {piece.origin: piece for piece in divided}
    job = by_origin["constants/transcriber.job"]
    assert content[job.offset : job.offset + job.size] == part("transcriber.job", b"0123456789")
    functional = by_origin["constants/torch/nn/functional.py"]
    assert b"torch/nn/functional.py" in content[functional.offset :][: functional.size]


@pytest.mark.parametrize(
    "blob",
    [
        b"name without an end",
        part("x", b"abc")[:-1],
        part(".bytecode", b"\x01\x00Y\x01x."),
        part(".bytecode", b"\x01\x00X\x02i\x01."),
        part(".bytecode", b"\x01"),
    ],
)
def test_another_form_is_told_in_one_line(blob: bytes) -> None:
    with pytest.raises(BuildError, match="a form that is not known") as failure:
        divide_constants(blob, [Piece(offset=0, size=len(blob), origin=BLOB)])
    assert "\n" not in str(failure.value)


def test_the_components_of_modules() -> None:
    expected = {
        "torch/nn/functional.py": "torch",
        "torch.py": "torch",
        "typing_extensions.py": "torch",
        "numpy/_core/arrayprint.py": "numpy",
        "whisper/tokenizer.py": "tokenizer",
        "tiktoken/core.py": "tokenizer",
        "whisper/model.py": "application",
        "transcriber.engine.loop": "application",
        "json/decoder.py": "Python runtime",
        "_strptime.py": "Python runtime",
        "ffmpeg/_run.py": "ffmpeg",
        "surprise/new.py": "other",
    }
    assert {name: module_component(name) for name in expected} == expected


def test_the_components_of_object_files_and_files() -> None:
    objects = {
        "libcrypto.a(libcrypto-lib-sha256.o)": "TLS",
        "libssl.a(libssl-lib-ssl_lib.o)": "TLS",
        "libpython3.11.a(posixmodule.o)": "Python runtime",
        "libz.a(inflate.o)": "Python runtime",
        "static_src/MainProgram.o": "Python runtime",
        "__helpers.o": "Python runtime",
        "module.transcriber.o": "application",
        "module.transcriber.job.o": "application",
        "Scrt1.o": "other",
    }
    assert {name: object_component(name) for name in objects} == objects
    files = {
        "torch/lib/libomp.so.5": "torch",
        "torch-2.6.0.dist-info/licenses/pytorch/NOTICE": "licences",
        "torch-2.6.0.dist-info/sboms/torch.cdx.json": "licences",
        "torch-2.6.0.dist-info/RECORD": "other",
        "licences/cpython/LICENSE": "licences",
        "transcriber.cdx.json": "licences",
        "whisper/assets/gpt2.tiktoken": "tokenizer",
        "whisper/assets/mel_filters.npz": "application",
        "transcriber/languages.toml": "application",
        "transcriber/speech/detector.bin": "speech detector",
        "certificates.der": "TLS",
        "ffmpeg": "ffmpeg",
        "usr/share/applications/whisper-transcriber.desktop": "application",
        "terminal/transcriber.1": "application",
        "surprise": "other",
    }
    assert {name: file_component(name) for name in files} == files


def test_the_components_of_origins() -> None:
    expected = {
        "libssl.a(libssl-lib-ssl_lib.o)": "TLS",
        "constants/torch/nn/functional.py": "torch",
        "constants/transcriber.job": "application",
        "constants/": "application",
        TABLES: "other",
        MERGED: "other",
        PADDING: "other",
    }
    assert {origin: origin_component(origin) for origin in expected} == expected
