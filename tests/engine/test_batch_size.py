from __future__ import annotations

import os

import pytest

from transcriber.engine import batch_size
from transcriber.engine.batch_size import MOST, MOST_ROWS, is_batched, windows_that_fit
from transcriber.settings import DecodingSettings

MIB = 2**20
GIB = 2**30


@pytest.mark.parametrize(
    ("asked", "compute_type", "batched"),
    [
        (None, "auto", True),
        (None, "int8", True),
        (None, "bfloat16", True),
        (None, "float32", False),
        (1, "auto", False),
        (1, "float32", False),
        (2, "auto", True),
        (8, "auto", True),
        (8, "float32", True),
    ],
)
def test_the_user_decides_and_else_the_compute_type(
    asked: int | None, compute_type: str, batched: bool
) -> None:
    settings = DecodingSettings(batch_size=asked, compute_type=compute_type)
    assert is_batched(settings) is batched


@pytest.mark.parametrize(
    ("window", "memory", "fit"),
    [
        (100 * MIB, 16 * 100 * MIB, 1),
        (100 * MIB, 16 * 300 * MIB, 3),
        (100 * MIB, 16 * 400 * MIB - 1, 3),
        (100 * MIB, 16 * 800 * MIB, 8),
        (100 * MIB, 1000 * GIB, MOST),
        (GIB, 16 * MIB, 1),
        (GIB, 0, 1),
    ],
)
def test_windows_take_a_share_of_the_memory(window: int, memory: int, fit: int) -> None:
    assert windows_that_fit(window, rows=1, memory=memory) == fit


@pytest.mark.parametrize(
    ("rows", "fit"), [(1, MOST), (2, MOST), (3, 6), (5, 4), (10, 2), (MOST_ROWS, 1), (50, 1)]
)
def test_beams_count(rows: int, fit: int) -> None:
    assert windows_that_fit(MIB, rows=rows, memory=64 * GIB) == fit
    assert windows_that_fit(GIB, rows=rows, memory=0) == 1


@pytest.mark.parametrize(
    ("machine", "limit", "fit"),
    [
        (16 * GIB, None, 4),
        (16 * GIB, 8 * GIB, 2),
        # A limit may be above what the machine has.
        (16 * GIB, 64 * GIB, 4),
    ],
)
def test_the_limit_of_the_control_group_counts(
    machine: int, limit: int | None, fit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": machine // 4096}
    monkeypatch.setattr(os, "sysconf", system.__getitem__)
    monkeypatch.setattr(batch_size, "memory_limit", lambda: limit)
    assert windows_that_fit(GIB // 4, rows=1) == fit
