"""What is told of live captions: errors, and when words were shown for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.live import Found, Played, Timed, delays, line, spread
from benchmarks.manifest import Speech
from transcriber.engine.interface import Word
from transcriber.live.events import Final, Partial

WORDS = [Word(word=" One", start=0.0, end=0.5), Word(word=" two.", start=0.5, end=1.0)]


def final(text: str) -> Final:
    return Final(number=0, start=0.0, end=1.0, text=text, language="en")


def test_a_word_is_shown_once_it_stays() -> None:
    shown = [(0.7, ["one"]), (1.0, ["won"]), (1.2, ["one"]), (1.4, ["one", "to"])]
    assert delays(final("One two."), 2.0, shown, WORDS) == pytest.approx([0.7, 1.0])


def test_words_that_cannot_be_told_apart_have_no_delay() -> None:
    assert delays(final("One two three."), 2.0, [], WORDS) == []


def test_waiting_takes_no_time_and_brings_sound() -> None:
    played = Played(bytes(32000 * 3600))
    assert len(played.read(10**9)) < 32000
    played.wait(1800)
    assert 1799 < played.behind < 1801
    assert not played.is_over
    played.wait(1801)
    while not played.is_over:
        played.read(10**7)
    assert played.seconds == 3600
    assert played.behind == 0


def test_errors_and_delays_are_summed_up() -> None:
    found = Found()
    speech = Speech(path=Path("a.wav"), language="en", transcript="Hello there")
    events: list[Timed] = [(0.8, Partial(start=0.0, text="Hello")), (1.6, final("Hello there."))]
    found.take(speech, events, "Hello", WORDS)
    assert (found.words, found.live_errors, found.file_errors) == (2, 0, 1)
    assert found.finals == pytest.approx([0.6])
    assert found.partials == pytest.approx([0.3, 0.6])
    assert "live 0.00 %, file 50.00 %" in line("en", found)
    assert spread([]) == "unknown"
