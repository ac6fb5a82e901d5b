"""Measuring starts, with small commands in the place of the program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import Series
from benchmarks.measuring import starts
from benchmarks.measuring.processes import Subject, take
from benchmarks.measuring.starts import (
    ACTIONS,
    COLD,
    PYTHON_ITSELF,
    appimages,
    measure_cold_start,
    measure_starts,
    python_itself,
)


def program(folder: Path, text: str = "echo 1.0") -> Subject:
    """Return a program that answers only what it is to be asked."""
    path = folder / "program"
    path.write_text(f'#!/bin/sh\n[ $# = 1 ] || exit 9\necho "$1" >> "$0.log"\n{text}\n')
    path.chmod(0o755)
    return Subject(name="native", command=(str(path),))


def names(groups: list[list[Series]]) -> list[tuple[str, list[str], str]]:
    return [
        (group[0].measurement, [one.subject for one in group], group[0].unit) for group in groups
    ]


def test_each_action_is_measured_with_the_reference(tmp_path: Path) -> None:
    groups = measure_starts([program(tmp_path)], 3)
    both = ["native", PYTHON_ITSELF]
    assert names(groups) == [
        (f"{kind}/{action}", both, unit)
        for action in ACTIONS
        for kind, unit in (("start", "s"), ("memory", "MiB"))
    ]
    assert all(len(one.samples) == 3 for group in groups for one in group)
    assert all(len({one.measurement for one in group}) == 1 for group in groups)
    times, memory = groups[0], groups[1]
    assert all(0 < sample < 5 for one in times for sample in one.samples)
    assert all(1 < sample < 50 for one in memory for sample in one.samples)
    # One round more for each, which warms up.
    asked = Path(f"{tmp_path}/program.log").read_text().split()
    assert asked == [action for action in ACTIONS for _ in range(4)]


def test_a_slow_start_is_one(tmp_path: Path) -> None:
    (slow, _), *_ = measure_starts([program(tmp_path, "sleep 0.05")], 1)
    assert slow.samples[0] > 0.05


def test_a_cold_start_reads_the_program_from_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    subject = program(tmp_path)
    (parts / "deep").mkdir()
    (parts / "deep" / "library").write_bytes(b"x")
    (parts / "a file").write_bytes(b"x")
    (parts / "missing").symlink_to("nowhere")
    forgotten: list[list[Path]] = []
    monkeypatch.setattr(starts, "evict", lambda files: forgotten.append(list(files)))
    groups = measure_cold_start(subject, parts, 2)
    assert names(groups) == [
        (f"start/{COLD}", ["native", PYTHON_ITSELF], "s"),
        (f"read/{COLD}", ["native"], "MiB"),
    ]
    # Before each of both subjects, in two rounds and the one before them.
    assert forgotten == [[parts / "a file", parts / "deep" / "library"]] * 6
    assert Path(f"{subject.command[0]}.log").read_text().split() == ["--version"] * 3


def test_what_is_read_is_in_mib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = take(python_itself())
    reading = replace(taken, read_bytes=7 * 2**19)
    one = dict.fromkeys(("native", PYTHON_ITSELF), reading)
    monkeypatch.setattr(starts, "in_turns", lambda *_, **__: [one, one])
    _, read = measure_cold_start(program(tmp_path), tmp_path, 2)
    assert [series.samples for series in read] == [(3.5, 3.5)]


def test_appimages_are_started_in_both_ways(tmp_path: Path) -> None:
    for name in (
        "transcriber-ultra-lean-x86_64.AppImage",
        "transcriber-lean-x86_64.AppImage",
        "transcriber-lean-x86_64.AppImage.zsync",
        "transcriber-lean-x86_64.cdx.json",
        "torch-2.6.0-cp311-cp311-linux_x86_64.whl",
        "SHA256SUMS",
    ):
        (tmp_path / name).touch()
    found = {one.name: one for one in appimages(tmp_path)}
    assert list(found) == [
        "lean AppImage, mounted",
        "lean AppImage, unpacked",
        "ultra-lean AppImage, mounted",
        "ultra-lean AppImage, unpacked",
    ]
    for name, one in found.items():
        edition, _, way = name.partition(" AppImage, ")
        assert one.command == (str(tmp_path / f"transcriber-{edition}-x86_64.AppImage"),)
        assert bool(one.variables.get("APPIMAGE_EXTRACT_AND_RUN")) == (way == "unpacked")


def test_where_none_was_built_there_are_no_appimages(tmp_path: Path) -> None:
    assert appimages(tmp_path) == []
    assert appimages(tmp_path / "no folder") == []
