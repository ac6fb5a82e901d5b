"""Who listens slowly loses nothing, and is told once."""

from __future__ import annotations

from typing import Any

import pytest

from live.sounds import BYTES, LOUD, QUIET, Clock, Coming, Loud, Sleepy, sound, transcript
from transcriber.errors import CaptureError
from transcriber.live import loop
from transcriber.live.events import Event, Final, Heard, Partial, Slow
from transcriber.live.loop import Listening, shifted
from transcriber.live.pieces import Pieces, PieceSettings
from transcriber.live.policies import HoldBack, Policy

SPEECH = sound(*[(60, LOUD), (40, QUIET)] * 12)
"""38 s: 12 pieces."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(loop, "time", found)
    return found


def listen(coming: Any, decoder: Sleepy, policy: Policy | None = None) -> list[Event]:
    return [*Listening(coming, Pieces(PieceSettings(), Loud()), decoder, policy).events()]


def expected() -> list[bytes]:
    pieces = Pieces(PieceSettings(), Loud())
    found = [piece.sound for piece in pieces.take(SPEECH)]
    assert len(found) == 12
    return found


def test_finals_come_once_the_speaker_pauses(clock: Clock) -> None:
    moments = []
    decoder = Sleepy(clock)
    listening = Listening(Coming(clock, SPEECH), Pieces(PieceSettings(), Loud()), decoder, None)  # type: ignore[arg-type]
    finals = []
    for event in listening.events():
        if isinstance(event, Final):
            finals.append(event)
            moments.append(clock.now)
    assert decoder.heard == expected()
    assert [final.number for final in finals] == [*range(12)]
    assert finals[0].text == f"{len(decoder.heard[0])} bytes."
    for number, (final, moment) in enumerate(zip(finals, moments, strict=True)):
        assert final.end == pytest.approx((100 * number + 60) * 0.032)
        assert 0.5 <= moment - final.end < 0.8
        assert final.segments[0]["start"] == final.start


def test_one_who_is_held_up_is_told_once_and_loses_nothing(clock: Clock) -> None:
    decoder = Sleepy(clock, [0.1, 8.0, 8.0, 0.1, 0.1])
    events = listen(Coming(clock, SPEECH), decoder)
    assert decoder.heard == expected()
    [slow] = [event for event in events if isinstance(event, Slow)]
    assert slow.behind > 5
    heard = [event.seconds for event in events if isinstance(event, Heard)]
    assert heard == sorted(heard)
    assert heard[-1] == len(SPEECH) / 32000


def test_one_who_caught_up_and_is_held_up_again_is_told_again(clock: Clock) -> None:
    decoder = Sleepy(clock, [8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0])
    events = listen(Coming(clock, SPEECH), decoder)
    assert [type(event) for event in events].count(Slow) == 2
    assert decoder.heard == expected()


def test_what_was_heard_before_and_clocks_that_differ_are_live_all_the_same(clock: Clock) -> None:
    clock.now = 3.0
    coming = Coming(clock, SPEECH, speed=1.005)
    events = listen(coming, Sleepy(clock, [0.1, 8.0]))
    assert [type(event) for event in events].count(Slow) == 1


def test_what_comes_faster_than_it_was_spoken_makes_nobody_slow(clock: Clock) -> None:
    decoder = Sleepy(clock, [2.0] * 12)
    events = listen(Coming(clock, SPEECH, speed=50.0), decoder)
    assert Slow not in map(type, events)
    assert decoder.heard == expected()


def test_partials(clock: Clock) -> None:
    decoder = Sleepy(clock, quick=0.01)
    events = listen(Coming(clock, SPEECH), decoder, HoldBack(0.1))
    partials = [event for event in events if isinstance(event, Partial)]
    assert {partial.text for partial in partials} == {"a", "a b"}
    # The same words are not told again.
    places = [(partial.start, partial.text) for partial in partials]
    assert len(set(places)) == len(places)
    # One of a piece each 0.4 s, not more.
    assert 12 * 3 <= len(decoder.quickly) <= 12 * 6
    kinds = [type(event) for event in events if not isinstance(event, Heard)]
    assert kinds[0] is Partial
    assert kinds[-1] is Final


def test_partials_make_way_for_finals(clock: Clock) -> None:
    decoder = Sleepy(clock, quick=3.0)
    events = listen(Coming(clock, SPEECH), decoder, HoldBack(0.1))
    # Each takes 3 s, so that there would be one each 7.5 s: none any more.
    assert len(decoder.quickly) == 1
    assert decoder.heard == expected()
    assert [type(event) for event in events].count(Final) == 12


def test_no_policy_no_partials(clock: Clock) -> None:
    decoder = Sleepy(clock)
    listen(Coming(clock, SPEECH), decoder)
    assert decoder.quickly == []


def test_a_microphone_that_goes_away(clock: Clock) -> None:
    coming = Coming(clock, SPEECH[: 150 * BYTES])
    coming.error = CaptureError("gone")
    decoder, events = Sleepy(clock), list[Event]()
    listening = Listening(coming, Pieces(PieceSettings(), Loud()), decoder, None)  # type: ignore[arg-type]
    with pytest.raises(CaptureError, match="gone"):
        events.extend(listening.events())
    assert len(decoder.heard) == 2
    assert b"".join(decoder.heard[1:]) == SPEECH[91 * BYTES : 150 * BYTES]


def test_a_piece_without_words_is_not_told(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Sleepy(clock)
    monkeypatch.setattr(decoder, "decode", lambda _: transcript(" "))
    assert Final not in map(type, listen(Coming(clock, SPEECH), decoder))


def test_times_are_those_of_the_whole_sound() -> None:
    [segment] = shifted(transcript(" a", (" a", 0.5, 1.0)), 10.0)
    assert (segment["seek"], segment["start"], segment["end"]) == (1000, 10.0, 11.0)
    assert segment["words"] == [{"word": " a", "start": 10.5, "end": 11.0}]
