from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from transcriber.errors import ModelError
from transcriber.models.checkpoints.mapped_file import MappedFile


def _parts(folder: Path, *contents: bytes) -> MappedFile:
    paths = [folder / f"part{number}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return MappedFile(paths)


@pytest.mark.parametrize(
    "contents", [(b"0123456789",), (b"012", b"", b"3456", b"789"), (b"", b"0123456789")]
)
def test_parts_read_like_one_file(tmp_path: Path, contents: tuple[bytes, ...]) -> None:
    file = _parts(tmp_path, *contents)
    assert file.size == 10
    for begin in range(11):
        for end in range(begin, 11):
            assert file.take(begin, end - begin).tobytes() == b"0123456789"[begin:end]


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 11), (10, 1), (11, 0), (-1, 2), (2, -1), (0, 1 << 62)]
)
def test_nothing_lies_behind_the_end(tmp_path: Path, offset: int, length: int) -> None:
    with pytest.raises(ModelError, match="10 bytes"):
        _parts(tmp_path, b"01234", b"56789").take(offset, length)


def test_a_tensor_may_lie_anywhere(tmp_path: Path) -> None:
    expected = np.arange(6, dtype=np.float32).reshape(2, 3)
    file = _parts(tmp_path, b"x" + expected.tobytes()[:5], expected.tobytes()[5:])
    assert np.array_equal(file.tensor(1, np.dtype("<f4"), (2, 3)), expected)


@pytest.mark.parametrize("shape", [(1,) * 200, (0, 1 << 62, 1 << 62)])
def test_a_shape_that_numpy_cannot_have_is_damage(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="lies no tensor"):
        _parts(tmp_path, b"0123").tensor(0, np.dtype("u1"), shape)


def test_the_file_is_never_changed(tmp_path: Path) -> None:
    file = _parts(tmp_path, b"0123")
    with pytest.raises(ValueError, match="read-only"):
        file.take(0, 4)[:] = 0
    assert (tmp_path / "part0").read_bytes() == b"0123"


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No such file"):
        MappedFile([tmp_path / "missing"])
