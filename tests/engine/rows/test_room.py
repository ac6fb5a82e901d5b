from __future__ import annotations

from types import SimpleNamespace

import pytest

from transcriber.engine.rows.room import MOST, has_room, rows_of, window_bytes, windows_that_fit
from transcriber.settings import DecodingSettings

MIB = 2**20
LARGE = SimpleNamespace(n_text_layer=32, n_text_state=1280, n_audio_ctx=1500, n_text_ctx=448)
SETTINGS = DecodingSettings(beam_size=3, best_of=4, temperatures=(0.0, 0.5))


def test_keys_and_values_are_counted() -> None:
    one = window_bytes(LARGE, rows=1, size=2)
    assert one == 2 * 32 * 1280 * (1500 + 448) * 2
    assert window_bytes(LARGE, rows=5, size=2) - one == 4 * 2 * 32 * 1280 * 448 * 2
    assert window_bytes(LARGE, rows=1, size=4) == 2 * one


@pytest.mark.parametrize(
    ("free", "windows"), [(0, 1), (799, 3), (800, 4), (200 * MOST, MOST), (10**6, MOST)]
)
def test_windows_take_half_of_what_is_free(free: int, windows: int) -> None:
    assert windows_that_fit(100 * MIB, free=free * MIB) == windows


@pytest.mark.parametrize(("temperature", "rows"), [(0.0, 3), (0.5, 4)])
def test_rows_are_beams_or_candidates(temperature: float, rows: int) -> None:
    assert rows_of(SETTINGS, temperature) == rows


@pytest.mark.parametrize(
    ("held", "temperature", "fits"),
    [
        ([], 0.5, True),
        ([0.0], 0.0, True),
        # 2 windows of 3 rows.
        ([0.0], 0.5, False),
        ([0.5], 0.0, False),
        ([0.0, 0.0], 0.0, False),
    ],
)
def test_there_is_room(held: list[float], temperature: float, fits: bool) -> None:
    assert has_room(SETTINGS, 2, held, temperature) is fits


def test_one_that_is_sampled_always_has_room_alone() -> None:
    assert has_room(DecodingSettings(beam_size=None, best_of=9), 2, [], 1.0)
