from __future__ import annotations

import os
import resource
from pathlib import Path
from types import SimpleNamespace

import pytest

from transcriber.errors import StorageError
from transcriber.machine.shared_memory import SHARED_MEMORY, check_shared_memory


def full(blocks: int = 1, free: int = 0, flag: int = 0) -> SimpleNamespace:
    return SimpleNamespace(f_blocks=blocks, f_bavail=free, f_flag=flag)


def test_there_is_room_here() -> None:
    check_shared_memory()


def test_a_full_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: full())
    with pytest.raises(StorageError, match=r"no room in /dev/shm.*: remove what fills it"):
        check_shared_memory()


@pytest.mark.parametrize("status", [full(free=1), full(flag=os.ST_RDONLY), full(blocks=0)], ids=str)
def test_others_will_do(monkeypatch: pytest.MonkeyPatch, status: SimpleNamespace) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: status)
    check_shared_memory()


def test_none_will_do(tmp_path: Path) -> None:
    check_shared_memory(tmp_path / "missing")


def test_a_limit_of_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (0, resource.RLIM_INFINITY))
    with pytest.raises(StorageError, match="ulimit -f"):
        check_shared_memory(SHARED_MEMORY)
