"""Which audio track is meant."""

from __future__ import annotations

import pytest

from transcriber.audio.tracks import AudioTrack, choose_tracks, in_order, parse_choice, tell_choice
from transcriber.errors import InputError, UsageError


def track(
    stream: int, language: str = "", layout: str = "mono", *, mark: bool = False
) -> AudioTrack:
    return AudioTrack(stream=stream, language=language, layout=layout, preferred=mark)


@pytest.mark.parametrize(
    ("given", "choice"),
    [
        *[("1", "1"), ("12", "12"), (" ALL ", "all"), ("all", "all")],
        *[("de", "de"), ("German", "de"), ("deu", "de"), ("ger", "de"), ("de-CH", "de")],
        *[("eng", "en"), ("fre", "fr"), ("fra", "fr"), ("zho", "zh"), ("nob", "no")],
        *[("yue", "yue"), ("haw", "haw"), ("mul", "mul"), ("Haitian Creole", "ht")],
    ],
)
def test_what_may_be_asked_for(given: str, choice: str) -> None:
    assert parse_choice(given) == choice


@pytest.mark.parametrize("given", ["", "0", "-1", "1.5", "01", "1,2", "٣", "12345", "Germann", "x"])
def test_what_may_not(given: str) -> None:
    with pytest.raises(UsageError):
        parse_choice(given)


@pytest.mark.parametrize(
    ("layout", "channels"),
    [
        *[("", 1), ("mono", 1), ("1 channels", 1), ("stereo", 2), ("2 channels", 2)],
        *[("5.1", 6), ("5.1(side)", 6), ("7.1.4", 12), ("2.1", 3), ("quad", 4)],
    ],
)
def test_channels(layout: str, channels: int) -> None:
    assert track(0, layout=layout).channels == channels


def test_the_order_is_ffmpegs() -> None:
    one, two, three = track(1), track(2, layout="5.1"), track(3, layout="stereo")
    assert in_order([one, two, three]) == [two, three, one]
    marked = track(4, mark=True)
    assert in_order([one, two, marked]) == [marked, two, one]
    assert in_order([one, track(5)])[0] is one


def test_choosing() -> None:
    tracks = [track(1, "eng"), track(2, "ger"), track(4, "de-AT", mark=True), track(5, "mul")]
    assert choose_tracks(tracks, "2", "a") == (tracks[1],)
    # Of two the marked one.
    assert choose_tracks(tracks, "de", "a") == (tracks[2],)
    assert choose_tracks(tracks, "mul", "a") == (tracks[3],)
    assert choose_tracks(tracks, "all", "a") == tuple(tracks)
    for choice in ("5", "fr"):
        with pytest.raises(
            InputError, match=r"choose from 1 \(eng, mono\), 2 \(ger, mono\), 3 \(de-AT"
        ):
            choose_tracks(tracks, choice, "a")


def test_a_single_track_without_a_mark_is_meant() -> None:
    for language in ("", "und"):
        assert len(choose_tracks([track(0, language)], "de", "a")) == 1
    with pytest.raises(InputError, match="marked as de"):
        choose_tracks([track(0, "eng")], "de", "a")


def test_what_is_told() -> None:
    tracks = [track(1, "eng", "stereo"), track(2)]
    assert tell_choice(tracks, tracks[:1], dull=False, asked=False, label="a.mkv") == (
        "a.mkv: audio track 1 of 2 (eng, stereo) was read; --audio_track chooses another"
    )
    assert tell_choice(tracks, tracks[:1], dull=False, asked=True, label="a.mkv") == (
        "a.mkv: audio track 1 of 2 (eng, stereo) was read"
    )
    assert "track 2 of 2 (mono) was read, because it sounds like speech" in tell_choice(
        tracks, tracks[1:], dull=True, asked=False, label="a"
    )
    assert (
        tell_choice(tracks, tracks, dull=False, asked=True, label="a")
        == "a: its 2 audio tracks were mixed"
    )
