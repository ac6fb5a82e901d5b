"""Energy that the machine tells, and processes that keep it busy."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.measuring import processes, speed
from benchmarks.measuring.energy import counters, joules
from benchmarks.measuring.neighbours import busy_neighbours
from benchmarks.measuring.processes import Subject, take
from benchmarks.measuring.speed import Cell, measure_cell


def package(folder: Path, name: str, microjoules: str, most: str = "1000000") -> Path:
    place = folder / name
    place.mkdir()
    (place / "energy_uj").write_text(f"{microjoules}\n")
    (place / "max_energy_range_uj").write_text(f"{most}\n")
    return place


def test_the_energy_of_all_packages_is_added_up(tmp_path: Path) -> None:
    one, other = package(tmp_path, "intel-rapl:0", "100"), package(tmp_path, "intel-rapl:1", "7")
    # A part of a package, which is counted in it.
    package(tmp_path, "intel-rapl:0:0", "5")
    package(tmp_path, "intel-rapl-mmio:0", "5")
    before = counters(tmp_path)
    assert before == {one: 100, other: 7}
    assert joules(before, {one: 2_000_100, other: 1_000_007}) == 3


def test_a_counter_that_begins_anew_is_understood(tmp_path: Path) -> None:
    one = package(tmp_path, "intel-rapl:0", "0", most="9000000")
    assert joules({one: 8_000_000}, {one: 1_000_000}) == 2


def test_no_counter_is_no_energy(tmp_path: Path) -> None:
    assert counters(tmp_path / "none") == {}
    package(tmp_path, "intel-rapl:0", "")
    assert counters(tmp_path) == {}
    assert joules({}, {}) == 0


def test_energy_is_a_series_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell(length="medium", decoding="greedy", threads="1 thread", rounds=1, most_rounds=1)
    subjects = [Subject(name=name, command=("true",)) for name in ("native", speed.REFERENCE)]
    for told in (0.0, 2.5):
        monkeypatch.setattr(processes, "joules", lambda *_, told=told: told)
        assert take(subjects[0]).joules == told
        groups = measure_cell(cell, subjects, 1.0).groups
        energy = [one for group in groups for one in group if one.measurement[:6] == "energy"]
        assert [one.samples for one in energy] == ([(told,)] * 2 if told else [])
        assert all(one.unit == "J" for one in energy)


def test_neighbours_run_within_the_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Kept(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Kept)
    with busy_neighbours(0):
        assert started == []
    with pytest.raises(KeyError), busy_neighbours(2):
        assert [process.poll() for process in started] == [None, None]
        raise KeyError
    assert [process.returncode for process in started] == [-9, -9]
