"""The bar on a terminal while nothing is told; what it says is in `test_bar_text`."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
import time

import pytest

from transcriber.progress.bar import ProgressBar
from transcriber.progress.course import Moment
from transcriber.progress.file_count import FileCount
from transcriber.text_width import text_width


class Terminal(io.StringIO):
    """A stream that passes for a terminal."""

    def isatty(self) -> bool:
        return True


BEGUN = Moment(position=0.0, duration=60.0, elapsed=0.0)


def shares(drawn: str) -> list[int]:
    """Return the percentages that were drawn."""
    return [int(share) for share in re.findall(r"(\d+)%", drawn)]


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal: in the test, since pytest sets stderr anew after the fixtures."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_it_moves_within_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    bar = ProgressBar(FileCount({}))
    bar.begin("talk.wav", BEGUN)
    deadline = time.monotonic() + 30
    while len(set(shares(terminal.getvalue()))) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    bar.close()
    drawn = shares(terminal.getvalue())
    assert len(set(drawn)) >= 3
    assert drawn == sorted(drawn)
    assert max(drawn) < 50


def test_it_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    bar = ProgressBar(FileCount({}))
    now = [0.0]
    monkeypatch.setattr("transcriber.times.time.monotonic", lambda: now[0])
    bar.begin("talk.wav", BEGUN)
    # It has waited long for the first window, which is a short one.
    now[0] = 25.0
    bar._draw()
    bar.advance(Moment(position=2.0, duration=60.0, elapsed=25.0))
    bar.advance(Moment(position=60.0, duration=60.0, elapsed=61.0))
    bar.close()
    drawn = shares(terminal.getvalue())
    assert drawn == sorted(drawn)
    assert {0, 46, 100} <= set(drawn)


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    before = threading.active_count()
    bar = ProgressBar(FileCount({"a": 1, "b": 1}))
    for label in ("a", "b"):
        bar.begin(label, BEGUN)
        with bar.above():
            terminal.write("a line\n")
        bar.close()
        bar.close()
    assert threading.active_count() <= before + 1
    drawn = terminal.getvalue()
    time.sleep(0.7)
    assert terminal.getvalue() == drawn


def test_a_file_gets_no_line_for_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    bar = ProgressBar(FileCount({}))
    bar.begin("talk.wav", BEGUN)
    drawn = stream.getvalue()
    time.sleep(0.7)
    assert stream.getvalue() == drawn
    bar.close()


@pytest.mark.parametrize("told", [0, 1, 2, 20, 80])
@pytest.mark.parametrize("name", ["録音" * 30 + ".wav", "x\u0301" * 60 + ".wav", "talk.wav"])
def test_any_name_in_any_terminal(monkeypatch: pytest.MonkeyPatch, name: str, told: int) -> None:
    terminal = open_terminal(monkeypatch)
    monkeypatch.setattr("os.get_terminal_size", lambda _: os.terminal_size((told, 24)))
    monkeypatch.setattr(Terminal, "fileno", lambda _: 2)
    bar = ProgressBar(FileCount({}))
    bar.begin(name, BEGUN)
    bar.advance(Moment(position=30.0, duration=60.0, elapsed=10.0))
    bar.close()
    drawn = re.split(r"[\r\n]+", terminal.getvalue())
    # Without a size it is as wide as most are.
    wide = told or 80
    assert all(text_width(one) < max(wide, 2) for one in drawn), drawn
    if wide == 80:
        assert any(re.search("[█#]{4}", one) for one in drawn)
