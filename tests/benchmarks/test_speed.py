"""Measuring transcriptions, with small commands in the place of those who transcribe."""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import Figure, Series
from benchmarks.measuring import processes
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.ratios import all_ratios
from benchmarks.measuring.speed import (
    FIRST_WORDS,
    REFERENCE,
    Cell,
    busy_neighbours,
    measure_cell,
    spoken,
)
from buildkit.errors import ToolError

SEGMENT = "echo '[00:00.000 --> 00:01.000] words'"
NAME = "short/beam 5/1 thread"
BOTH = ["native", REFERENCE]


def cell(rounds: int = 2, most_rounds: int = 2, *, length: str = "short") -> Cell:
    return Cell(length, "beam 5", "1 thread", rounds, most_rounds)


@dataclass
class Contest:
    """Two who write their names into a file when they run."""

    folder: Path
    ours: str = f"{SEGMENT}; sleep 0.02"
    theirs: str = f"sleep 0.02; {SEGMENT}; sleep 0.02"
    judged: list[list[Figure]] = field(default_factory=list)

    @property
    def ran(self) -> list[str]:
        return (self.folder / "log").read_text().split()

    def subjects(self) -> list[Subject]:
        log = self.folder / "log"
        return [
            Subject(name=name, command=("sh", "-c", f"echo {name} >> {log}\n{code}"))
            for name, code in (("native", self.ours), (REFERENCE, self.theirs))
        ]

    def decided(self, after: int) -> Callable[[Sequence[Figure]], bool]:
        """Return a judge that is content with so many rounds."""

        def judge(figures: Sequence[Figure]) -> bool:
            self.judged.append(list(figures))
            return figures[0].rounds >= after

        return judge


@pytest.fixture
def contest(tmp_path: Path) -> Contest:
    return Contest(tmp_path)


@pytest.mark.parametrize("joules", [0.0, 2.5])
def test_all_that_runs_take_is_measured(
    contest: Contest, monkeypatch: pytest.MonkeyPatch, joules: float
) -> None:
    """Energy only where it is told; the ratios of what budgets hold are judged."""
    monkeypatch.setattr(processes, "joules", lambda *_: joules)
    # A busy machine hears of the first words late.
    contest.ours = f"{SEGMENT}; sleep 0.5"
    contest.theirs = f"sleep 0.8; {SEGMENT}; sleep 0.5"
    found = measure_cell(cell(), contest.subjects(), 12.5, decided=contest.decided(1))
    expected = [(f"speed/{NAME}", "s"), (f"{FIRST_WORDS}{NAME}", "s"), (f"memory/{NAME}", "MiB")]
    expected += [(f"faults/{NAME}", ""), *([(f"energy/{NAME}", "J")] if joules else [])]
    assert [(group[0].measurement, group[0].unit) for group in found.groups] == expected
    for group in found.groups:
        assert [one.subject for one in group] == BOTH
    times, words, memory, faults, *energy = found.groups
    assert [one.audio_seconds for one in times] == [12.5, 12.5]
    for number in range(2):
        for whole, first in zip(times, words, strict=True):
            assert 0 < first.samples[number] < whole.samples[number]
            assert whole.samples[number] > 0.02
        assert words[0].samples[number] < words[1].samples[number]
    assert all(sample > 0.5 for one in memory for sample in one.samples)
    assert all(sample > 10 for one in faults for sample in one.samples)
    assert all(one.samples == (joules, joules) for group in energy for one in group)
    assert contest.judged == [all_ratios(found.groups[:3], REFERENCE)]
    assert {spoken(taken.output) for taken in found.last.values()} == {"words"}


@pytest.mark.parametrize(
    ("length", "warming"), [("short", 1), ("medium", 0), ("long", 0), ("many", 0)]
)
@pytest.mark.parametrize(("after", "taken"), [(1, 2), (2, 2), (3, 3), (4, 4), (9, 5)])
def test_rounds_follow_while_nothing_is_decided(
    contest: Contest, length: str, warming: int, after: int, taken: int
) -> None:
    """One more warms the short ones up, and the others take too long for it."""
    asked = cell(2, 5, length=length)
    judge = contest.decided(after)
    groups = measure_cell(asked, contest.subjects(), 1, decided=judge).groups
    assert all(len(one.samples) == taken for group in groups for one in group)
    assert [figures[0].rounds for figures in contest.judged] == list(range(2, taken + 1))
    assert len(contest.ran) == 2 * (taken + warming)
    # Who goes first changes from round to round.
    assert all(one != other for one, other in itertools.pairwise(contest.ran[::2]))


def subjects_of(groups: Sequence[Sequence[Series]], start: str) -> list[str]:
    return [one.subject for group in groups for one in group if one.measurement.startswith(start)]


@pytest.mark.parametrize("who", ["ours", "theirs"])
def test_who_shows_no_segment_was_not_infinitely_quick(contest: Contest, who: str) -> None:
    """Its first words came at no time at all, and a ratio of zero would meet every budget."""
    setattr(contest, who, "true")
    groups = measure_cell(cell(), contest.subjects(), 1, decided=contest.decided(1)).groups
    assert subjects_of(groups, "speed/") == BOTH
    assert subjects_of(groups, FIRST_WORDS) == [BOTH[who == "ours"]]
    assert not [one for one in contest.judged[0] if one.name.startswith(FIRST_WORDS)]


def test_a_peer_that_fails_is_left_out_and_others_are_measured(contest: Contest) -> None:
    ours, reference = contest.subjects()
    count = contest.folder / "count"
    code = f"echo >> {count}; {SEGMENT}; [ $(wc -l < {count}) -lt 2 ]"
    peer = Subject(name="peer", command=("sh", "-c", code), optional=True)
    found = measure_cell(cell(), [ours, peer, reference], 1.0)
    assert list(found.failed) == ["peer"]
    assert "peer ended with 1" in found.failed["peer"]
    assert [one.subject for group in found.groups for one in group] == BOTH * len(found.groups)
    # It is not tried again.
    assert len(count.read_text().splitlines()) == 2
    with pytest.raises(ToolError, match="peer ended with"):
        measure_cell(cell(), [ours, replace(peer, optional=False), reference], 1.0)


def test_neighbours_run_within_the_block_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    running: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def kept(*given: Any, **options: Any) -> subprocess.Popen[bytes]:
        running.append(start(*given, **options))
        return running[-1]

    monkeypatch.setattr(subprocess, "Popen", kept)
    with busy_neighbours(0):
        assert running == []
    with pytest.raises(KeyError), busy_neighbours(2):
        assert [process.poll() for process in running] == [None, None]
        raise KeyError
    assert [process.returncode for process in running] == [-9, -9]


def test_what_is_spoken_is_the_text_of_the_segments_of_all_recordings() -> None:
    output = """Detected language
[00:00.000 --> 00:02.000]  My fellow [sic]
[00:02.000 --> 00:03.000]  Americans,

[00:00.000 --> 00:03.000]  ask not
{"text": "not this"}
"""
    assert spoken(output) == "My fellow [sic] Americans, ask not"
    assert spoken("") == ""
