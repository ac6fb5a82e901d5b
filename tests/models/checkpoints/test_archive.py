from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transcriber.models.checkpoints.archive import ArchiveWriter


def test_it_writes_what_torch_writes() -> None:
    """With the records of a file of torch, every byte of the file comes out again."""
    theirs = io.BytesIO()
    content = {f"tensor {n}": torch.arange(n * 37.0).half() for n in range(1, 20)}
    torch.save(content, theirs)
    ours = io.BytesIO()
    writer = ArchiveWriter(ours)
    with zipfile.ZipFile(theirs) as archive:
        for record in archive.infolist():
            writer.add(record.filename.removeprefix("archive/"), archive.read(record))
    writer.close()
    assert ours.getvalue() == theirs.getvalue()


class _SparseFile:
    """Leaves holes where large blocks, which are all zeros here, would be written."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("wb")

    def write(self, content: Any, /) -> None:
        if len(content) < 1 << 20:
            self._stream.write(content)
        else:
            self._stream.seek(len(content), io.SEEK_CUR)

    def close(self) -> None:
        self._stream.close()


@pytest.mark.slow
def test_more_than_four_gigabytes_are_an_archive_too(tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    sparse = _SparseFile(path)
    writer = ArchiveWriter(sparse)
    zeros = np.zeros(1 << 30, np.uint8)
    for number in range(4):
        writer.add(f"data/{number}", zeros.data)
    writer.add("behind", b"behind 4 GiB")
    writer.add("version", b"3\n")
    writer.close()
    sparse.close()
    assert path.stat().st_size > 1 << 32
    with zipfile.ZipFile(path) as archive:
        assert [record.file_size for record in archive.infolist()] == [1 << 30] * 4 + [12, 2]
        assert archive.read("archive/behind") == b"behind 4 GiB"
    reader = torch._C.PyTorchFileReader(str(path))
    assert reader.get_record("behind") == b"behind 4 GiB"


def test_more_records_than_a_short_number_counts_are_an_archive_too() -> None:
    stream = io.BytesIO()
    writer = ArchiveWriter(stream)
    for number in range(70_000):
        writer.add(f"data/{number}", b"0123")
    writer.close()
    with zipfile.ZipFile(stream) as archive:
        assert len(archive.infolist()) == 70_000
        assert archive.read("archive/data/69999") == b"0123"
