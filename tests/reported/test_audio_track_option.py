"""`--audio_track` reaches whoever reads the recording."""

from __future__ import annotations

from pathlib import Path

import media
import pytest

from transcriber.audio.stream import AudioLimits
from transcriber.errors import InputError, UsageError
from transcriber.inputs.recordings import Recording
from transcriber.look_ahead import LookAhead
from transcriber.options.command_line import parse


@pytest.mark.parametrize(
    ("given", "track"),
    [("2", "2"), ("all", "all"), ("German", "de"), ("ger", "de"), ("mul", "mul")],
)
def test_what_is_asked_for(given: str, track: str) -> None:
    assert parse(["a.mkv", "--audio_track", given]).audio_track == track
    assert parse(["a.mkv", f"--audio-track={given}"]).audio_track == track


def test_nothing_is_asked_for_by_itself() -> None:
    assert parse(["a.mkv"]).audio_track is None


@pytest.mark.parametrize("given", ["0", "none of these", "1.5", ""])
def test_what_makes_no_sense(given: str) -> None:
    with pytest.raises(UsageError):
        parse(["a.mkv", "--audio_track", given])


def test_it_is_read_ahead_of_its_turn(tmp_path: Path) -> None:
    path = media.write_wav(tmp_path / "a.wav", seconds=1)
    recording = Recording(path=path, label="a", stem=Path("a"))
    limits = AudioLimits()
    with LookAhead([recording], ffmpeg=media.ffmpeg(), limits=limits, track="2") as ahead:
        ahead.begin()
        with (
            ahead.open(recording, path) as stream,
            pytest.raises(InputError, match="audio track 2"),
        ):
            list(stream)
