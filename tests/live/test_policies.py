from __future__ import annotations

from live.sounds import transcript
from transcriber.live.policies import Agreement, HoldBack

DECODED = transcript(" a b c", (" a", 0.0, 0.4), (" b", 0.4, 0.8), (" c", 0.8, 1.2))


def test_what_ends_at_the_very_end_is_held_back() -> None:
    policy = HoldBack(0.3)
    assert policy.shown(DECODED, 1.2, paused=False) == " a b"
    assert policy.shown(DECODED, 1.0, paused=False) == " a"
    assert policy.shown(DECODED, 0.5, paused=False) == ""
    assert policy.shown(DECODED, 1.2, paused=True) == " a b c"


def test_nothing_is_shown_behind_a_word_that_is_held_back() -> None:
    odd = transcript(" a b c", (" a", 0.0, 0.4), (" b", 0.4, 1.5), (" c", 0.5, 0.6))
    assert HoldBack(0.3).shown(odd, 1.2, paused=False) == " a"


def test_what_two_decodings_agree_in() -> None:
    policy = Agreement()
    other = transcript(" a b d", (" a", 0.0, 0.4), (" b", 0.4, 0.8), (" d", 0.8, 1.2))
    assert policy.shown(DECODED, 1.2, paused=False) == ""
    assert policy.shown(other, 1.2, paused=False) == " a b"
    assert policy.shown(other, 1.2, paused=False) == " a b d"
    policy.begin()
    assert policy.shown(other, 1.2, paused=False) == ""
    assert policy.shown(other, 1.2, paused=True) == " a b d"
