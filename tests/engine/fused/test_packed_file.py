from __future__ import annotations

import hashlib
import json
import math
import mmap
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from transcriber.engine.fused import packed_file
from transcriber.engine.fused.forms import Forms
from transcriber.engine.fused.layout import Described
from transcriber.engine.fused.packed_file import (
    Description,
    file_bytes,
    is_sound,
    read_packed,
    write_packed,
)
from transcriber.errors import StorageError

from .small_models import content

TYPES = {
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I16": torch.int16,
    "I8": torch.int8,
}
SHA256 = "5" * 64


def description(forms: Forms | None = None, **changes: int) -> Description:
    return Description(
        sha256=SHA256,
        # Odd widths, after which the next tensor has to be moved to be aligned.
        dimensions={
            "n_mels": 8,
            "n_vocab": 21,
            "n_audio_ctx": 5,
            "n_audio_state": 12,
            "n_audio_head": 1,
            "n_audio_layer": 1,
            "n_text_ctx": 3,
            "n_text_state": 12,
            "n_text_head": 1,
            "n_text_layer": 1,
        }
        | changes,
        alignment_heads=((0, 0),),
        forms=forms or Forms(encoder="int16", decoder="int8"),
    )


def tensors(given: Description) -> list[torch.Tensor]:
    encoder, decoder = given.tensors()
    return [made_up(tensor) for tensor in [*encoder, *decoder]]


def made_up(described: Described) -> torch.Tensor:
    """Return a tensor of any numbers, which our own PyTorch could not make in every type."""
    kind = TYPES[described.dtype]
    if 0 in described.shape:
        return torch.empty(described.shape, dtype=kind)
    size = math.prod(described.shape) * torch.empty(0, dtype=kind).element_size()
    numbers = np.random.default_rng(len(described.name)).bytes(size)
    return torch.frombuffer(bytearray(numbers), dtype=kind).reshape(described.shape)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "model.packed"
    write_packed(path, description(), tensors(description()))
    return path


FORMS = [
    Forms(encoder="float32", decoder="float16"),
    Forms(encoder="bfloat16", decoder="bfloat16"),
    Forms(encoder="int16", decoder="int8"),
]


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: forms.label)
def test_what_was_written_is_read(tmp_path: Path, forms: Forms) -> None:
    path, given = tmp_path / "model.packed", description(forms)
    expected = tensors(given)
    write_packed(path, given, iter(expected))
    assert path.stat().st_size == file_bytes(given)
    packed = read_packed(path, SHA256, forms.label)
    assert packed is not None
    assert packed.description == given
    assert len(packed.encoder) == len(given.tensors()[0])
    for actual, tensor in zip([*packed.encoder, *packed.decoder], expected, strict=True):
        assert actual.dtype == tensor.dtype
        assert actual.shape == tensor.shape
        assert content(actual) == content(tensor)
        assert actual.data_ptr() % 64 == 0 or not actual.numel()


def test_it_is_a_safetensors_file(written: Path) -> None:
    found = load_file(written)
    given = description()
    encoder, decoder = given.tensors()
    for tensor, expected in zip([*encoder, *decoder], tensors(given), strict=True):
        assert found[tensor.name].shape == expected.shape
        assert found[tensor.name].tobytes() == content(expected)


def test_its_pages_are_the_disks(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access: list[int] = []
    original = mmap.mmap

    def mapped(*arguments: int, **options: int) -> mmap.mmap:
        access.append(options["access"])
        return original(*arguments, **options)

    monkeypatch.setattr(mmap, "mmap", mapped)
    assert read_packed(written, SHA256, "int8-int16") is not None
    assert access == [mmap.ACCESS_COPY]


@pytest.mark.parametrize("label", ["float32", "int8-bfloat16", ""])
def test_another_form_is_not_read(written: Path, label: str) -> None:
    assert read_packed(written, SHA256, label) is None


def test_that_of_another_model_is_not_read(written: Path) -> None:
    assert read_packed(written, "6" * 64, "int8-int16") is None
    assert is_sound(written)


def test_another_version_is_not_read(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_file, "VERSION", packed_file.VERSION + 1)
    assert read_packed(written, SHA256, "int8-int16") is None
    assert not is_sound(written)


def damaged(path: Path, change: bytes, offset: int) -> None:
    with path.open("r+b") as stream:
        stream.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
        stream.write(change)


def test_no_changed_byte_is_overlooked(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Times of files are too coarse for changes as quick as these.
    monkeypatch.setattr(packed_file, "is_remembered", lambda *_: False)
    whole = written.read_bytes()
    for offset in [*range(0, len(whole), 97), len(whole) - 1]:
        damaged(written, bytes([whole[offset] ^ 1]), offset)
        assert read_packed(written, SHA256, "int8-int16") is None, offset
        assert not is_sound(written)
        written.write_bytes(whole)
    assert is_sound(written)


def test_no_shortened_file_is_read(written: Path) -> None:
    whole = written.read_bytes()
    for length in [0, 1, 7, 8, 9, 500, len(whole) // 2, len(whole) - 1]:
        written.write_bytes(whole[:length])
        assert read_packed(written, SHA256, "int8-int16") is None, length
    written.write_bytes(whole + b"\0")
    assert read_packed(written, SHA256, "int8-int16") is None


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"__metadata__":{}}',
        b'{"__metadata__":{"description":"7"}}',
        b'{"__metadata__":{"description":"{\\"version\\":1}"}}',
        b"\xff\xfe",
    ],
    ids=lambda header: repr(header[:30]),
)
def test_no_other_header_is_read(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "model.packed"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(100))
    assert read_packed(path, SHA256, "int8-int16") is None


@pytest.mark.parametrize(
    ("said", "damaged"),
    [
        (b"[[0, 0]]", b"[[0. 0]]"),
        (b"[[0, 0]]", b"[[0,],0]"),
        (b"[[0, 0]]", b"[[000]] "),
        (b"[[0, 0]]", b"[[0]]   "),
        (b'"n_vocab', b'"m_vocab'),
        (b": 12, ", b": 1e999"),
    ],
)
def test_a_header_with_other_numbers_is_refused(written: Path, said: bytes, damaged: bytes) -> None:
    content = written.read_bytes()
    assert said in content
    written.write_bytes(content.replace(said, damaged, 1))
    assert read_packed(written, SHA256, "int8-int16") is None
    assert not is_sound(written)


def test_dimensions_that_ask_for_billions_of_layers_are_refused(written: Path) -> None:
    whole = written.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    entries = json.loads(whole[8 : 8 + length])
    said = json.loads(entries["__metadata__"]["description"])
    said["dimensions"]["n_text_layer"] = 10**9
    entries["__metadata__"]["description"] = json.dumps(said)
    text = json.dumps(entries).encode()
    written.write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + length :])
    assert read_packed(written, SHA256, "int8-int16") is None


def test_there_need_be_no_file(tmp_path: Path) -> None:
    assert read_packed(tmp_path / "missing", SHA256, "int8-int16") is None
    assert read_packed(tmp_path, SHA256, "int8-int16") is None


def test_the_content_is_hashed_once(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[int] = []
    original = hashlib.sha256

    def count(content: bytes = b"") -> object:
        hashed.append(len(content))
        return original(content)

    monkeypatch.setattr(hashlib, "sha256", count)
    # What this program wrote it knows.
    assert read_packed(written, SHA256, "int8-int16") is not None
    assert hashed == []
    os.utime(written, (1, 1))
    for _ in range(3):
        assert read_packed(written, SHA256, "int8-int16") is not None
    assert hashed == [written.stat().st_size - 32]
    assert is_sound(written)
    assert len(hashed) == 2


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    path, given = tmp_path / "model.packed", description()

    def ending() -> object:
        yield tensors(given)[0]
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        write_packed(path, given, ending())  # type: ignore[arg-type]
    assert not [name for name in tmp_path.iterdir() if "packed" in name.name]


def test_a_tensor_of_another_shape_is_a_defect(tmp_path: Path) -> None:
    given = description()
    wrong = tensors(given)
    wrong[3] = wrong[3][1:]
    with pytest.raises(RuntimeError, match=r"encoder\.conv2\.packed was packed as"):
        write_packed(tmp_path / "model.packed", given, wrong)
    wrong = [tensor.transpose(0, -1) if tensor.dim() > 1 else tensor for tensor in tensors(given)]
    with pytest.raises(RuntimeError):
        write_packed(tmp_path / "model.packed", given, wrong)
