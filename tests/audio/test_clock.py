"""Samples put on the clock that ffmpeg tells of."""

from __future__ import annotations

import pytest

from transcriber.audio.clock import Clock
from transcriber.audio.messages import FfmpegMessages

SECOND = b"\1\0" * 16000
SILENT = bytes(32000)


def started(
    *, format_name: str = "matroska,webm", announced: str = "00:10:00.00", start: float = 0
) -> FfmpegMessages:
    messages = FfmpegMessages()
    messages.feed(
        f"[info] Input #0, {format_name}, from 'file:/a':\n"
        f"[info]   Duration: {announced}, start: {start:.6f}, bitrate: 1 kb/s\n"
        "[info]   Stream #0:0: Audio: flac, 16000 Hz, mono, s16\n"
        "[info] Stream mapping:\n".encode()
    )
    return messages


def say(messages: FfmpegMessages, place: float, seconds: float) -> None:
    # As newer versions say it, and as older ones do.
    messages.feed(f"[Eval @ 0x7f] [info] {place:.6f}\n[info] {seconds:.6f}\n".encode())


def placed(clock: Clock, *pieces: bytes) -> bytes:
    return b"".join(b"".join(clock.place(piece)) for piece in pieces)


def test_without_a_word_nothing_changes() -> None:
    clock = Clock(started(), "a")
    assert placed(clock, SECOND, SECOND[:10]) == SECOND + SECOND[:10]
    assert clock.samples == 16005
    assert clock.notes() == []


@pytest.mark.parametrize("cut", [0, 2, 16000, 31998, 32000])
def test_a_gap_wherever_the_pieces_are_cut(cut: int) -> None:
    messages = started()
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 0.5, 2)
    pieces = [SECOND[:cut], SECOND[cut:]]
    expected = SECOND[:16000] + 2 * SILENT + SECOND[16000:]
    assert placed(clock, *filter(None, pieces)) == expected
    assert clock.samples == 3 * 16000
    assert clock.notes() == ["a: sound is missing at 0.5 s; 2.0 s of silence fill the gap"]


def test_the_silence_before_the_first_sample() -> None:
    messages = started()
    clock = Clock(messages, "a")
    say(messages, 0, 3)
    assert placed(clock, SECOND) == 3 * SILENT + SECOND
    assert clock.notes() == ["a: its sound begins at 3.0 s; silence fills the time before"]


def test_links_of_another_rate_have_no_times() -> None:
    messages = started(format_name="ogg")
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 0, 0.9)
    say(messages, 0.5, 1)
    assert placed(clock, SECOND, SECOND, SECOND) == 3 * SECOND
    assert clock.notes() == []


def test_times_are_those_of_the_whole_file() -> None:
    messages = started()
    clock = Clock(messages, "a", before=5 * 16000)
    say(messages, 0, 3)
    assert placed(clock, SECOND) == 3 * SILENT + SECOND
    assert clock.notes() == ["a: sound is missing at 5.0 s; 3.0 s of silence fill the gap"]


@pytest.mark.parametrize(
    ("format_name", "start", "first", "lead"),
    [
        ("mpegts", 1.4, 1.4, 0),
        ("mpegts", 1.4, 6.4, 5),
        ("mpegts", 90000, 90005, 5),
        ("matroska,webm", 5, 5, 5),
        ("mov,mp4,m4a,3gp,3g2,mj2", 5, 7, 7),
        # A piece of a broadcast, which counts from its beginning.
        ("mov,mp4,m4a,3gp,3g2,mj2", 1e9, 1e9 + 2, 2),
        ("ogg", 50, 50, 0),
        ("matroska,webm", 0, 0.05, 0),
        ("mpegts", 0, -0.05, 0),
    ],
)
def test_where_the_clock_begins(format_name: str, start: float, first: float, lead: int) -> None:
    messages = started(format_name=format_name, start=start)
    clock = Clock(messages, "a")
    say(messages, 0, first)
    assert placed(clock, SECOND) == lead * SILENT + SECOND
    assert bool(clock.notes()) == (lead > 0)


def test_small_differences_add_up() -> None:
    messages = started()
    clock = Clock(messages, "a")
    say(messages, 0, 0.06)
    say(messages, 0.5, 0.25)
    assert placed(clock, SECOND) == SECOND[:16000] + bytes(2 * 4960) + SECOND[16000:]


def test_more_sound_than_time_loses_its_quietest() -> None:
    messages = started()
    clock = Clock(messages, "a")
    quiet = bytes(3200)
    sound = SECOND + quiet + SECOND
    say(messages, 0, 0)
    say(messages, 0.1, -0.1)
    assert placed(clock, sound[:3200], sound[3200:]) == 2 * SECOND
    [line] = clock.notes()
    assert "runs ahead of its clock: 0.1 s were left out" in line


def test_a_clock_that_goes_back_loses_nothing() -> None:
    messages = started(announced="00:00:02.00")
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 1, -1)
    # What comes then is counted from there: the announced end, too.
    say(messages, 1.5, 2)
    assert placed(clock, SECOND, SECOND) == SECOND + SECOND[:16000] + 2 * SILENT + SECOND[16000:]
    assert clock.joined == 1
    assert len(clock.notes()) == 1


@pytest.mark.parametrize(
    ("announced", "seconds", "followed"),
    [
        ("00:00:10.00", 9, True),
        ("00:00:10.00", 100, False),
        ("N/A", 3600, True),
        ("N/A", 4 * 3600 + 1, False),
        ("90:00:00.00", 5 * 3600, False),
    ],
)
def test_how_far_a_clock_is_followed(announced: str, seconds: float, followed: bool) -> None:
    messages = started(announced=announced)
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 1, seconds)
    count = sum(len(part) for piece in (SECOND, SECOND) for part in clock.place(piece))
    assert count == 2 * len(SECOND) + (round(32000 * seconds) if followed else 0)
    assert clock.refused != followed
    assert ("its clock jumps ahead by" in clock.notes()[0]) != followed


def test_an_announced_end_that_is_past_means_nothing() -> None:
    messages = started(announced="00:00:01.00")
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 4, 50)
    assert len(placed(clock, *[SECOND] * 5)) == 55 * 32000


def test_silence_is_not_made_at_once() -> None:
    messages = started(announced="N/A")
    clock = Clock(messages, "a")
    say(messages, 0, 3600)
    assert max(map(len, clock.place(SECOND))) <= 1 << 20


def test_a_container_without_times_is_not_followed() -> None:
    messages = started(format_name="avi")
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 0.5, 2)
    assert placed(clock, SECOND) == SECOND


def test_counting_anew_where_rate_or_channels_change() -> None:
    messages = started()
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    assert placed(clock, SECOND) == SECOND
    # A second of the old ones is still to come, then come the new ones, with a gap after half a
    # second.
    say(messages, 0, 2)
    say(messages, 0.5, 1)
    assert placed(clock, SECOND, SECOND) == SECOND + SECOND[:16000] + SILENT + SECOND[16000:]


def test_what_was_said_of_the_end_is_no_gap() -> None:
    messages = started()
    clock = Clock(messages, "a")
    say(messages, 0, 0)
    say(messages, 1, 2)
    assert placed(clock, SECOND) == SECOND
    assert clock.notes() == []
