"""Reading the next recording while the present one is decoded."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import media
import pytest

from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.stream import AudioLimits
from transcriber.errors import InputError, LimitError
from transcriber.inputs.recordings import Recording
from transcriber.look_ahead import LookAhead


@pytest.fixture
def recordings(tmp_path: Path) -> list[Recording]:
    return [
        Recording(
            path=media.write_wav(tmp_path / f"{name}.wav", seconds=1), label=name, stem=Path()
        )
        for name in "abc"
    ]


@pytest.fixture
def noting(tmp_path: Path) -> Ffmpeg:
    """Return an ffmpeg that notes what it reads, and gives a second of it."""
    body = f"""
        name = sys.argv[sys.argv.index("-i") + 1]
        with open({str(tmp_path / "noted")!r}, "a") as note:
            note.write(name[-5] + "\\n")
        sys.stdout.buffer.write(open(name.removeprefix("file:"), "rb").read()[44:])
        """
    return media.fake_ffmpeg(tmp_path / "fake", body)


def noted(folder: Path, count: int) -> list[str]:
    """Return what was read, in the order of beginning, once it is `count` recordings."""
    note = folder / "noted"
    for _ in range(200):
        if not count or (note.exists() and len(note.read_text().split()) >= count):
            break
        time.sleep(0.05)
    # One that should not have been begun is there by then.
    time.sleep(0.3)
    return note.read_text().split() if note.exists() else []


def ahead_of(
    recordings: Sequence[Recording], ffmpeg: Ffmpeg | None = None, **limits: float
) -> LookAhead:
    return LookAhead(
        recordings,
        ffmpeg=ffmpeg or media.ffmpeg(),
        limits=AudioLimits(**limits),  # type: ignore[arg-type]
    )


def read(ahead: LookAhead, recording: Recording) -> bytes:
    assert recording.path is not None
    with ahead.open(recording, recording.path) as stream:
        return b"".join(stream)


def samples(recording: Recording) -> bytes:
    assert recording.path is not None
    return recording.path.read_bytes()[44:]


def test_one_recording_is_read_before_its_turn(
    recordings: list[Recording], noting: Ffmpeg, tmp_path: Path
) -> None:
    with ahead_of(recordings, noting) as ahead:
        assert noted(tmp_path, 0) == []
        ahead.begin()
        ahead.begin()
        assert noted(tmp_path, 1) == ["a"]
        assert read(ahead, recordings[0]) == samples(recordings[0])
        assert noted(tmp_path, 1) == ["a"]
        ahead.begin()
        assert noted(tmp_path, 2) == ["a", "b"]
        assert read(ahead, recordings[1]) == samples(recordings[1])
        # Without it, it is read at its turn.
        assert read(ahead, recordings[2]) == samples(recordings[2])
        ahead.begin()
    assert noted(tmp_path, 3) == ["a", "b", "c"]


def test_a_recording_that_is_passed_over_is_forgotten(
    recordings: list[Recording], noting: Ffmpeg, tmp_path: Path
) -> None:
    with ahead_of(recordings, noting) as ahead:
        ahead.begin()
        assert noted(tmp_path, 1) == ["a"]
        assert read(ahead, recordings[1]) == samples(recordings[1])
        ahead.begin()
        assert read(ahead, recordings[2]) == samples(recordings[2])
    assert noted(tmp_path, 3) == ["a", "b", "c"]


def test_a_recording_that_was_written_to_meanwhile_is_read_again(
    recordings: list[Recording],
) -> None:
    first = recordings[0]
    assert first.path is not None
    with ahead_of(recordings) as ahead:
        ahead.begin()
        media.write_wav(first.path, seconds=2)
        assert read(ahead, first) == samples(first)
        assert len(samples(first)) == 2 * 32000


def test_what_goes_wrong_is_told_at_its_turn(recordings: list[Recording], tmp_path: Path) -> None:
    first, second, third = recordings
    assert first.path is not None
    assert second.path is not None
    first.path.write_bytes(b"")
    second.path.write_bytes(bytes(9999))
    with ahead_of(recordings) as ahead:
        ahead.begin()
        with pytest.raises(InputError, match="a is empty"):
            read(ahead, first)
        ahead.begin()
        with pytest.raises(InputError, match="b "):
            read(ahead, second)
        ahead.begin()
        assert read(ahead, third) == samples(third)


def test_a_recording_that_appears_in_time_is_read(recordings: list[Recording]) -> None:
    first = recordings[0]
    assert first.path is not None
    content = first.path.read_bytes()
    first.path.unlink()
    with ahead_of(recordings) as ahead:
        ahead.begin()
        first.path.write_bytes(content)
        assert read(ahead, first) == content[44:]


def test_limits_hold_ahead_of_the_turn_and_are_told_at_it(
    recordings: list[Recording], tmp_path: Path
) -> None:
    fake = media.fake_ffmpeg(tmp_path / "fake", "time.sleep(60)")
    with ahead_of(recordings, fake, stall_seconds=1) as ahead:
        ahead.begin()
        time.sleep(1.5)
        started = time.monotonic()
        with pytest.raises(LimitError, match="gave no audio"):
            read(ahead, recordings[0])
    assert time.monotonic() - started < 5


def test_leaving_ends_what_was_begun(recordings: list[Recording], tmp_path: Path) -> None:
    note = tmp_path / "process"
    body = f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with ahead_of(recordings, fake) as ahead:
        ahead.begin()
        for _ in range(200):
            if note.exists() and note.read_text():
                break
            time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_standard_input_is_left_for_its_turn(recordings: list[Recording]) -> None:
    piped = Recording(path=None, label="standard input", stem=Path("stdin"))
    path = recordings[0].path
    assert path is not None
    with ahead_of([piped, *recordings]) as ahead:
        ahead.begin()
        with ahead.open(piped, path) as stream:
            assert b"".join(stream) == path.read_bytes()[44:]


class UnwantedError(InputError):
    """Nobody wants a recording any more."""


@pytest.mark.parametrize("begun", [False, True])
def test_one_that_hangs_is_given_up_soon_and_ffmpeg_is_gone(tmp_path: Path, begun: bool) -> None:
    note = tmp_path / "pid"
    body = f"""
        import os, time
        with open({str(note)!r}, "w") as file:
            file.write(str(os.getpid()))
        time.sleep(60)
        """
    path = media.write_wav(tmp_path / "a.wav", seconds=1)
    recording = Recording(path=path, label="a", stem=Path())
    asked: list[Recording] = []

    def check(one: Recording) -> None:
        asked.append(one)
        if note.exists() and note.read_text():
            raise UnwantedError("nobody wants it")

    ahead = LookAhead(
        [recording],
        ffmpeg=media.fake_ffmpeg(tmp_path / "fake", body),
        limits=AudioLimits(),
        check=check,
    )
    with ahead:
        if begun:
            ahead.begin()
        began = time.monotonic()
        with pytest.raises(UnwantedError), ahead.open(recording, path) as audio:
            next(audio)
    assert time.monotonic() - began < 20
    assert set(asked) == {recording}
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)
