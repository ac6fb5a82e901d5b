"""What is told of a recording that could be read in part."""

from __future__ import annotations

import pytest

from transcriber.audio.losses import reading_warnings, unread_warning
from transcriber.audio.messages import FfmpegMessages


def messages(name: str = "matroska,webm", *, picture: bool = False) -> FfmpegMessages:
    said = FfmpegMessages()
    shown = "[info]   Stream #0:1: Video: mpeg4, yuv420p\n" if picture else ""
    said.feed(
        f"[info] Input #0, {name}, from 'file:/a':\n"
        "[info]   Duration: 00:00:20.00, start: 0.000000, bitrate: 1 kb/s\n"
        f"[info]   Stream #0:0: Audio: flac, 16000 Hz, mono, s16\n{shown}"
        "[info] Stream mapping:\n".encode()
    )
    return said


def told(
    said: FfmpegMessages,
    seconds: float,
    *,
    before: int = 0,
    lacks_end: bool = False,
    refused: bool = False,
) -> tuple[str, ...]:
    samples = round(seconds * 16000)
    return reading_warnings(
        "a",
        said,
        samples=samples,
        before=before,
        lacks_end=lacks_end,
        status=0,
        refused=refused,
    )


def test_a_whole_recording_is_worth_no_line() -> None:
    assert told(messages(), 20) == told(messages(), 19.6) == ()


def test_a_missing_end() -> None:
    assert told(messages(), 12) == ("a ends early: 12.0 s of 20.0 s could be read",)
    assert told(messages(), 12, before=160_000) == ("a ends early: 22.0 s of 30.0 s could be read",)
    # Silence does not stand for a time that is not right.
    assert told(messages(), 12, refused=True) == ()


def test_beside_a_picture_less_sound_is_no_missing_end() -> None:
    assert told(messages(picture=True), 12) == ()
    assert told(messages(picture=True), 12, lacks_end=True) == (
        "a ends early: 12.0 s of 20.0 s could be read",
    )


@pytest.mark.parametrize("picture", [False, True])
def test_where_the_times_are_not_kept(picture: bool) -> None:
    assert told(messages("avi", picture=picture), 12) == (
        "a: its sound fills 12.0 s of 20.0 s; if some is missing before its end, later times are "
        "too early",
    )
    assert told(messages("avi", picture=picture), 12, lacks_end=True) == (
        "a ends early: 12.0 s of 20.0 s could be read",
    )


def test_errors() -> None:
    said = messages()
    said.feed(b"[error] Header missing\n" * 2)
    assert told(said, 20) == ("a is damaged: 2 errors while decoding it (ffmpeg: Header missing)",)
    assert told(said, 12) == (
        "a is cut off or damaged: 12.0 s of 20.0 s could be read, 2 errors while decoding it "
        "(ffmpeg: Header missing)",
    )


@pytest.mark.parametrize(
    ("count", "size"), [(4096, "4 kB"), (999_499, "999 kB"), (2_500_000, "2.5 MB")]
)
def test_what_was_not_read(count: int, size: str) -> None:
    assert unread_warning("a", count) == (
        f"a: {size} after the end that its header states were not read; if there is sound in "
        "them, repair the header or split the file"
    )
