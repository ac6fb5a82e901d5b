from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.errors import StorageError
from transcriber.transcript.sole_owner import sole_owner


def test_only_one_has_it_open(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with sole_owner(path) as stream:
        stream.write(b"one")
        with pytest.raises(StorageError, match="another process"), sole_owner(path):
            pass
    with sole_owner(path) as stream:
        assert stream.read() == b"one"
        path.unlink()
        # Who comes now has a file of its own.
        with sole_owner(path) as other:
            assert other.read() == b""


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"), sole_owner(tmp_path):
        pass
