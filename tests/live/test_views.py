from __future__ import annotations

import json
import os

import pytest

from transcriber.live import views
from transcriber.live.events import Event, Final, Heard, Partial, Slow
from transcriber.live.views import Lines, Terminal

EVENTS: list[Event] = [
    Heard(seconds=61.0, level=1.0, behind=0.0),
    Partial(start=0.0, text="the first words of it"),
    Heard(seconds=62.0, level=0.0, behind=0.0),
    Slow(behind=7.2),
    Final(number=0, start=0.0, end=2.0, text="Größe.", language="de"),
]


def show(view: views.View) -> None:
    view.ready("the desk")
    for event in EVENTS:
        view.show(event)
    view.end(62.345)


def test_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show(Lines())
    told = capsys.readouterr().out
    assert "Größe" in told
    events = [json.loads(line) for line in told.splitlines()]
    assert events[0] == {"event": "ready", "input": "the desk"}
    assert [event["event"] for event in events[1:-1]] == [
        *("level", "partial", "level", "slow", "final")
    ]
    assert events[-1] == {"event": "ended", "seconds": 62.34}


@pytest.mark.parametrize("quiet", [False, True])
def test_no_terminal(capsys: pytest.CaptureFixture[str], quiet: bool) -> None:
    show(Terminal(quiet=quiet))
    told = capsys.readouterr()
    assert told.out == "Größe.\n"
    lines = [
        "listening to the desk; Ctrl-C ends it",
        "7 s behind: this machine is too slow for the model",
    ]
    assert told.err.splitlines() == ([] if quiet else lines)


@pytest.mark.parametrize(("columns", "shown"), [(80, "the first words of it"), (20, "ords of it")])
def test_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, shown: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    size = os.terminal_size((columns, 24))
    monkeypatch.setattr("shutil.get_terminal_size", lambda: size)
    show(Terminal())
    told = capsys.readouterr().err
    drawn = [line for line in told.partition("\n")[2].split("\r\033[K") if line]
    assert "1:01" in drawn[0]
    assert "█" in drawn[0]
    assert drawn[1].endswith(shown)
    assert len(drawn[1]) < columns
    assert told.endswith("\r\033[K")


def test_a_terminal_that_is_hardly_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((3, 1)))
    show(Terminal())
    assert "Größe" in capsys.readouterr().out
