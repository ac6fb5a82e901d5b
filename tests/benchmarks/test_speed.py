"""Measuring transcriptions, with small commands in the place of those who transcribe."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from benchmarks.figures import Figure, Series
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.speed import FIRST_WORDS, REFERENCE, Cell, measure_cell, spoken
from buildkit.errors import ToolError

SEGMENT = "echo '[00:00.000 --> 00:01.000] words'"


def cell(rounds: int = 2, most_rounds: int = 2, *, length: str = "short") -> Cell:
    return Cell(
        length=length,
        decoding="beam 5",
        threads="1 thread",
        rounds=rounds,
        most_rounds=most_rounds,
    )


@dataclass
class Contest:
    """Two who write their names into a file when they run."""

    folder: Path
    ours: str = f"{SEGMENT}; sleep 0.02"
    theirs: str = f"sleep 0.02; {SEGMENT}; sleep 0.02"
    judged: list[list[Figure]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def ran(self) -> list[str]:
        return self.log.read_text().split()

    def subjects(self) -> list[Subject]:
        return [
            Subject(name=name, command=("sh", "-c", f"echo {word} >> {self.log}\n{code}"))
            for name, word, code in (
                ("native", "native", self.ours),
                (REFERENCE, "reference", self.theirs),
            )
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


def test_a_cell_has_a_name() -> None:
    assert cell().name == "short/beam 5/1 thread"


def test_times_first_words_memory_and_faults_are_measured(contest: Contest) -> None:
    groups = measure_cell(cell(), contest.subjects(), 12.5).groups
    name = "short/beam 5/1 thread"
    assert [
        (group[0].measurement, [one.subject for one in group], group[0].unit) for group in groups
    ] == [
        (f"speed/{name}", ["native", REFERENCE], "s"),
        (f"start/first words, {name}", ["native", REFERENCE], "s"),
        (f"memory/{name}", ["native", REFERENCE], "MiB"),
        (f"faults/{name}", ["native", REFERENCE], ""),
    ]
    assert f"{FIRST_WORDS}{name}" == groups[1][0].measurement
    assert [one.audio_seconds for one in groups[0]] == [12.5, 12.5]
    times, words, memory, faults = groups
    for number in range(2):
        for whole, first in zip(times, words, strict=True):
            assert 0 < first.samples[number] < whole.samples[number]
            assert whole.samples[number] > 0.02
        assert words[0].samples[number] < words[1].samples[number]
    assert all(sample > 1 for one in memory for sample in one.samples)
    assert all(sample > 10 for one in faults for sample in one.samples)


@pytest.mark.parametrize(
    ("length", "warming"), [("short", 1), ("medium", 0), ("long", 0), ("many", 0)]
)
@pytest.mark.parametrize("rounds", [1, 3])
def test_only_the_short_ones_warm_up(
    contest: Contest, rounds: int, length: str, warming: int
) -> None:
    """One round of these is enough for the disk, and the others take too long for it."""
    asked = cell(rounds, rounds, length=length)
    before: list[int] = []
    groups = measure_cell(asked, contest.subjects(), 1, before=lambda: before.append(1)).groups
    assert all(len(one.samples) == rounds for group in groups for one in group)
    assert asked.warming == warming
    runs = rounds + warming
    assert contest.ran.count("native") == contest.ran.count("reference") == runs
    assert len(before) == 2 * runs


@pytest.mark.parametrize(("after", "taken"), [(1, 2), (2, 2), (3, 3), (4, 4), (9, 5)])
def test_rounds_follow_while_nothing_is_decided(contest: Contest, after: int, taken: int) -> None:
    groups = measure_cell(cell(2, 5), contest.subjects(), 1, decided=contest.decided(after)).groups
    assert all(len(one.samples) == taken for group in groups for one in group)
    assert contest.ran.count("native") == taken + 1
    assert [figures[0].rounds for figures in contest.judged] == list(range(2, taken + 1))


def test_what_is_judged_are_the_ratios_to_the_reference(contest: Contest) -> None:
    groups = measure_cell(cell(), contest.subjects(), 1, decided=contest.decided(1)).groups
    name = cell().name
    assert contest.judged == [
        [figure for group in groups[:3] for figure in ratio_figures(group, REFERENCE)]
    ]
    assert [figure.name for figure in contest.judged[0]] == [
        f"{kind}{name}/native" for kind in ("speed/", FIRST_WORDS, "memory/")
    ]


@pytest.mark.parametrize("length", ["short", "medium"])
def test_who_goes_first_changes_from_round_to_round(contest: Contest, length: str) -> None:
    asked = cell(2, 5, length=length)
    measure_cell(asked, contest.subjects(), 1, decided=lambda _: False)
    first = contest.ran[::2]
    assert len(first) == 5 + asked.warming
    assert all(one != other for one, other in itertools.pairwise(first))


@pytest.mark.parametrize("length", ["short", "long"])
def test_series_are_in_the_order_of_the_subjects(contest: Contest, length: str) -> None:
    for group in measure_cell(cell(length=length), contest.subjects(), 1).groups:
        assert [one.subject for one in group] == ["native", REFERENCE]


def subjects_of(groups: Sequence[Sequence[Series]], start: str) -> list[str]:
    return [one.subject for group in groups for one in group if one.measurement.startswith(start)]


def test_who_shows_no_segment_was_not_infinitely_quick(contest: Contest) -> None:
    """Its first words came at no time at all, and a ratio of zero would meet every budget."""
    contest.ours = "true"
    groups = measure_cell(cell(), contest.subjects(), 1, decided=contest.decided(1)).groups
    assert subjects_of(groups, "speed/") == ["native", REFERENCE]
    assert "native" not in subjects_of(groups, FIRST_WORDS)
    assert not [one for one in contest.judged[0] if one.name.startswith(FIRST_WORDS)]


def test_a_reference_that_shows_no_segment_is_no_defect_of_ours(contest: Contest) -> None:
    contest.theirs = "true"
    groups = measure_cell(cell(), contest.subjects(), 1, decided=contest.decided(1)).groups
    assert subjects_of(groups, "speed/") == ["native", REFERENCE]
    assert not [one for one in contest.judged[0] if one.name.startswith(FIRST_WORDS)]


def test_who_fails_is_told(contest: Contest) -> None:
    contest.theirs = "exit 4"
    with pytest.raises(ToolError, match=f"{REFERENCE} ended with 4"):
        measure_cell(cell(), contest.subjects(), 1)


def test_what_was_written_last_is_told(contest: Contest) -> None:
    last = measure_cell(cell(), contest.subjects(), 1.0).last
    assert {name: spoken(taken.output) for name, taken in last.items()} == {
        "native": "words",
        REFERENCE: "words",
    }


def test_a_peer_that_fails_is_left_out_and_others_are_measured(contest: Contest) -> None:
    ours, reference = contest.subjects()
    count = contest.folder / "count"
    code = f"echo >> {count}; {SEGMENT}; [ $(wc -l < {count}) -lt 2 ]"
    peer = Subject(name="peer", command=("sh", "-c", code), optional=True)
    found = measure_cell(cell(), [ours, peer, reference], 1.0)
    assert list(found.failed) == ["peer"]
    assert "peer ended with 1" in found.failed["peer"]
    for group in found.groups:
        assert [one.subject for one in group] == ["native", REFERENCE]
    # It is not tried again.
    assert len(count.read_text().splitlines()) == 2
    with pytest.raises(ToolError, match="peer ended with"):
        measure_cell(cell(), [ours, dataclasses.replace(peer, optional=False), reference], 1.0)


def test_what_is_spoken_is_the_text_of_the_segments() -> None:
    output = """Detected language
[00:00.000 --> 00:04.000]  My fellow [sic]
[00:04.000 --> 00:05.000] Americans,
{"text": "not this"}
"""
    assert spoken(output) == "My fellow [sic] Americans,"
    assert spoken("") == ""


def test_of_several_recordings_all_is_spoken_in_their_order() -> None:
    output = """[00:00.000 --> 00:02.000]  My fellow
[00:02.000 --> 00:03.000]  Americans,

[00:00.000 --> 00:03.000]  ask not
{"text": "not this"}
"""
    assert spoken(output) == "My fellow Americans, ask not"
