"""What stands beside the bar: there is room for a bar in any terminal that is wide enough."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import dataclass

import pytest

from transcriber.progress.bar_text import bar_text, columns
from transcriber.progress.course import Moment
from transcriber.text_width import text_width

BEGUN = Moment(position=0.0, duration=100.0, elapsed=0.0)
HALF = Moment(position=50.0, duration=100.0, elapsed=10.0)
HOURS = Moment(position=20_000.0, duration=40_000.0, elapsed=100_000.0)


@dataclass(frozen=True)
class Size:
    """What the operating system tells of a terminal."""

    columns: int


NAMES = ["a.wav", "x" * 300 + ".wav", "日本語の録音" * 20 + ".mp3", "", "a name with blanks.m4a"]


@pytest.mark.parametrize("name", NAMES, ids=len)
@pytest.mark.parametrize("count", ["", "2 of 5 ", "100 of 1000 "])
@pytest.mark.parametrize("moment", [BEGUN, HALF, HOURS], ids=["begun", "half", "hours"])
@pytest.mark.parametrize("all_left", [None, 360_000.0])
def test_a_bar_is_seen_whatever_the_name(
    name: str, count: str, moment: Moment, all_left: float | None
) -> None:
    for room in (60, 80, 120, 200):
        before, behind = bar_text(name, count, moment, all_left, room)
        bar = room - text_width(before) - len(" 100%|| ") - text_width(behind)
        assert bar >= 8
        assert before.startswith(count)


def test_all_is_said_where_there_is_room() -> None:
    pace = "0:50/1:40, RTF 0.20, 0:10 left"
    told = bar_text("talk.wav", "2 of 5 ", HALF, 65.0, 80)
    assert told == ("2 of 5 talk.wav", f"{pace}, 1:05 for all")
    assert bar_text("talk.wav", "", HALF, None, 80) == ("talk.wav", pace)
    assert bar_text("talk.wav", "", BEGUN, None, 80) == ("talk.wav", "0:00/1:40")


def test_less_is_said_before_a_name_is_unreadable() -> None:
    name = "a very long name of a recording.wav"
    before, behind = bar_text(name, "2 of 5 ", HOURS, 360_000.0, 80)
    assert behind == "27:46:40 left, 100:00:00 for all"
    assert before.startswith("2 of 5 a very")
    assert before.endswith(".wav")
    # Very narrow ones have no room for anything but a name.
    assert bar_text(name, "", HALF, None, 20) == ("a…v", "")


def test_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert columns() == 80
    with open(os.devnull, "w") as no_terminal:
        monkeypatch.setattr(sys, "stderr", no_terminal)
        assert columns() == 80
        for told, room in ((120, 120), (0, 80)):
            monkeypatch.setattr(os, "get_terminal_size", lambda _, told=told: Size(told))
            assert columns() == room
