"""Nuitka's constants are divided among the modules that they are of."""

from __future__ import annotations

import marshal
import struct

import pytest

from benchmarks.sizes.components import file_component
from benchmarks.sizes.executable import CONSTANTS, divide_constants, origin_component
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
    bytecode = part(".bytecode", struct.pack("<H", len(codes)) + stream + b".")
    return bytecode + part("", b"shared") + part("transcriber.job", b"0123456789")


def test_each_module_has_its_bytes() -> None:
    blob = constants("torch/nn/functional.py", "os.py")
    content = b"head" + blob + b"\0\0\0" + b"tail"
    pieces = [
        Piece(offset=0, size=4, origin="a.o"),
        Piece(offset=4, size=len(blob) + 3, origin=BLOB),
        Piece(offset=len(blob) + 7, size=4, origin="b.o"),
    ]
    divided = divide_constants(content, pieces)
    found = {one.origin: content[one.offset : one.offset + one.size] for one in divided}
    assert b"".join(found.values()) == content
    assert list(found) == [
        "a.o",
        *("constants/torch/nn/functional.py", "constants/os.py", "constants/"),
        *("constants/transcriber.job", "headers and padding", "b.o"),
    ]
    assert found["constants/transcriber.job"] == part("transcriber.job", b"0123456789")
    assert b"torch/nn/functional.py" in found["constants/torch/nn/functional.py"]


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
    with pytest.raises(BuildError, match=r"\A.* a form that is not known: .*\Z"):
        divide_constants(blob, [Piece(offset=0, size=len(blob), origin=BLOB)])


@pytest.mark.parametrize(
    ("component", "modules", "others"),
    [
        ("torch", "torch/nn/functional.py torch.py typing_extensions.py", ""),
        ("numpy", "numpy/_core/arrayprint.py", ""),
        ("tokenizer", "whisper/tokenizer.py tiktoken/core.py tiktoken_ext/openai_public.py", ""),
        (
            "application",
            "whisper/model.py transcriber.engine.loop",
            "module.transcriber.o module.transcriber.job.o constants/",
        ),
        (
            "Python runtime",
            "json/decoder.py _strptime.py",
            "libpython3.11.a(posixmodule.o) libz.a(inflate.o) static_src/MainProgram.o __helpers.o",
        ),
        ("ffmpeg", "ffmpeg/_run.py", ""),
        ("TLS", "", "libcrypto.a(libcrypto-lib-sha256.o) libssl.a(libssl-lib-ssl_lib.o)"),
        ("other", "surprise/new.py torchlike.py", "Scrt1.o"),
    ],
)
def test_the_components_of_origins(component: str, modules: str, others: str) -> None:
    origins = [*(CONSTANTS + name for name in modules.split()), *others.split()]
    assert {origin_component(origin) for origin in origins} == {component}
    assert {origin_component(origin) for origin in (TABLES, MERGED, PADDING)} == {"other"}


@pytest.mark.parametrize(
    ("component", "files"),
    [
        ("torch", "torch/lib/libomp.so.5"),
        (
            "licences",
            "torch-2.6.0.dist-info/licenses/pytorch/NOTICE licences/cpython/LICENSE"
            " torch-2.6.0.dist-info/sboms/torch.cdx.json transcriber.cdx.json",
        ),
        ("tokenizer", "whisper/assets/gpt2.tiktoken"),
        (
            "application",
            "whisper/assets/mel_filters.npz transcriber/languages.toml terminal/transcriber.1"
            " usr/share/applications/whisper-transcriber.desktop",
        ),
        ("speech detector", "transcriber/speech/detector.bin"),
        ("TLS", "certificates.der"),
        ("ffmpeg", "ffmpeg"),
        ("other", "torch-2.6.0.dist-info/RECORD surprise"),
    ],
)
def test_the_components_of_files(component: str, files: str) -> None:
    assert {file_component(file) for file in files.split()} == {component}
