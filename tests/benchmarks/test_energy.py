"""Energy that the machine tells."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measuring.energy import counters, joules


def package(folder: Path, name: str, microjoules: str) -> Path:
    place = folder / name
    place.mkdir()
    (place / "energy_uj").write_text(f"{microjoules}\n")
    (place / "max_energy_range_uj").write_text("9000000\n")
    return place


def test_the_energy_of_all_packages_is_added_up(tmp_path: Path) -> None:
    one, other = package(tmp_path, "intel-rapl:0", "100"), package(tmp_path, "intel-rapl:1", "7")
    # A part of a package, which is counted in it; and what tells nothing.
    for name, told in (("intel-rapl:0:0", "5"), ("intel-rapl-mmio:0", "5"), ("intel-rapl:2", "")):
        package(tmp_path, name, told)
    before = counters(tmp_path)
    assert before == {one: 100, other: 7}
    assert joules(before, {one: 2_000_100, other: 1_000_007}) == 3
    # One that begins anew.
    assert joules({one: 8_000_000}, {one: 1_000_000}) == 2


def test_no_counter_is_no_energy(tmp_path: Path) -> None:
    assert counters(tmp_path / "none") == {}
    assert joules({}, {}) == 0
