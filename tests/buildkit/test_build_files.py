"""Files that are written only when they change."""

from __future__ import annotations

import os
from pathlib import Path

from torch_build.writing import write_if_different


def test_the_same_content_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    assert write_if_different(path, b"one")
    os.utime(path, ns=(1, 1))
    assert not write_if_different(path, b"one")
    assert path.stat().st_mtime_ns == 1
    assert write_if_different(path, b"two")
    assert path.read_bytes() == b"two"
