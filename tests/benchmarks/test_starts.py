"""Measuring starts, with small commands in the place of the program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.figures import Series
from benchmarks.measuring import starts
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.starts import (
    ACTIONS,
    COLD,
    PYTHON_ITSELF,
    appimages,
    measure_cold_start,
    measure_starts,
)

BOTH = ["native", PYTHON_ITSELF]


@pytest.fixture
def program(tmp_path: Path) -> Subject:
    """A program that answers only what it is to be asked, and takes its time."""
    path = tmp_path / "program"
    path.write_text('#!/bin/sh\n[ $# = 1 ] || exit 9\necho "$1" >> "$0.log"\nsleep 0.05\n')
    path.chmod(0o755)
    return Subject(name="native", command=(str(path),))


def names(groups: Sequence[Sequence[Series]]) -> list[tuple[str, list[str], str]]:
    return [
        (group[0].measurement, [one.subject for one in group], group[0].unit) for group in groups
    ]


def test_each_action_is_measured_with_the_reference(tmp_path: Path, program: Subject) -> None:
    groups = measure_starts([program], 3)
    assert names(groups) == [
        (f"{kind}/{action}", BOTH, unit)
        for action in ACTIONS
        for kind, unit in (("start", "s"), ("memory", "MiB"))
    ]
    assert all(len(one.samples) == 3 for group in groups for one in group)
    (times, _), (memory, _), *_ = groups
    assert all(0.05 < sample < 5 for sample in times.samples)
    assert all(0.5 < sample < 50 for sample in memory.samples)
    # One round more for each, which warms up.
    asked = (tmp_path / "program.log").read_text().split()
    assert asked == [action for action in ACTIONS for _ in range(4)]


def test_a_cold_start_reads_the_program_from_the_disk(
    tmp_path: Path, program: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / "parts" / name for name in ("a file", "deep/library")]
    for path in files:
        path.parent.mkdir(exist_ok=True, parents=True)
        path.touch()
    (tmp_path / "parts" / "missing").symlink_to("nowhere")
    forgotten: list[list[Path]] = []
    monkeypatch.setattr(starts, "evict", lambda files: forgotten.append(list(files)))
    times, read = measure_cold_start(program, tmp_path / "parts", 2)
    assert names([times, read]) == [(f"start/{COLD}", BOTH, "s"), (f"read/{COLD}", BOTH[:1], "MiB")]
    # Before each of both subjects, in two rounds and the one before them.
    assert forgotten == [files] * 6
    assert (tmp_path / "program.log").read_text().split() == ["--version"] * 3


def test_appimages_are_started_in_both_ways(tmp_path: Path) -> None:
    assert appimages(tmp_path / "no folder") == []
    for edition in ("ultra-lean", "lean"):
        for ending in ("AppImage", "AppImage.zsync", "cdx.json"):
            (tmp_path / f"transcriber-{edition}-x86_64.{ending}").touch()
    found = [(one.name, one.command, one.variables) for one in appimages(tmp_path)]
    assert found == [
        (
            f"{edition} AppImage, {way}",
            (str(tmp_path / f"transcriber-{edition}-x86_64.AppImage"),),
            {"APPIMAGE_EXTRACT_AND_RUN": value},
        )
        for edition in ("lean", "ultra-lean")
        for way, value in (("mounted", ""), ("unpacked", "1"))
    ]
