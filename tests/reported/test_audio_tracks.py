"""Of several audio tracks the right one is read, and which one is told."""

from __future__ import annotations

from pathlib import Path

import media
import numpy as np
import pytest

from reported.sounds import found_at, holds, plain, read
from transcriber.errors import InputError

TONE = "sine=f=220:r=48000:d=5"
SILENCE = "anullsrc=r=48000:cl=stereo:d=5"
HISS = "anoisesrc=r=48000:a=0.02:d=5:seed=1"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write_wav(tmp_path_factory.mktemp("source") / "source.wav", seconds=5)


@pytest.fixture(scope="module")
def other(source: Path) -> Path:
    """Return another sound that is loud and quiet in turns."""
    path = source.with_name("other.wav")
    media.run_ffmpeg("-i", source, "-af", "areverse,volume=0.8", path)
    return path


def write_tracks(path: Path, *inputs: str | Path, marks: str = "", channels: str = "") -> Path:
    """Write tracks of files or of ffmpeg's sources.

    `marks` has a letter a track: d is the one to play; `channels` a digit a track.
    """
    arguments: list[str | Path] = []
    for given in inputs:
        arguments += ["-i", given] if isinstance(given, Path) else ["-f", "lavfi", "-i", given]
    for number in range(len(inputs)):
        marked = "default" if marks[number : number + 1] == "d" else "0"
        arguments += ["-map", f"{number}:a", f"-disposition:a:{number}", marked]
        if channels:
            arguments += [f"-ac:a:{number}", channels[number]]
    # Else Matroska marks the first one by itself.
    passthrough = ("-default_mode", "passthrough") if path.suffix == ".mkv" else ()
    codec = "flac" if path.suffix == ".mkv" else "aac"
    languages: list[str] = []
    for number, language in enumerate(("eng", "ger", "fre")[: len(inputs)]):
        languages += [f"-metadata:s:a:{number}", f"language={language}"]
    media.run_ffmpeg(*arguments, "-c:a", codec, *languages, *passthrough, "-t", "5", path)
    return path


@pytest.mark.parametrize("dull", [TONE, SILENCE, HISS], ids=["tone", "silence", "hiss"])
@pytest.mark.parametrize("name", ["two.mkv", "two.mp4", "two.ts"])
@pytest.mark.parametrize("marked", ["dull", "speech", "none"])
def test_a_track_without_speech_is_not_preferred(
    dull: str, name: str, marked: str, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / name
    marks = {"dull": "d-", "speech": "-d", "none": "--"}[marked]
    write_tracks(path, dull, source, marks=marks, channels="21")
    sound, stream = read(path)
    wanted = plain(source)[16000:48000]
    assert found_at(sound, wanted) == pytest.approx(1, abs=0.1)
    assert holds(sound, wanted)
    told = [line for line in stream.warnings if "audio track " in line]
    assert len(told) == 1
    assert "audio track 2 of 2 " in told[0]
    assert "--audio_track chooses another" in told[0]


def test_a_tone_of_six_channels_is_not_preferred(source: Path, tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "two.mkv", source, TONE, channels="16")
    sound, stream = read(path)
    assert np.array_equal(sound, plain(source))
    assert (
        "audio track 1 of 2 (eng, mono) was read, because it sounds like speech"
        in stream.warnings[0]
    )


def test_of_two_that_may_be_speech_the_marked_one_is_read(
    source: Path, other: Path, tmp_path: Path
) -> None:
    for marks, wanted in (("d-", source), ("-d", other), ("--", source)):
        path = write_tracks(tmp_path / "two.mkv", source, other, marks=marks)
        sound, stream = read(path)
        assert np.array_equal(sound, plain(wanted))
        number = 2 if wanted is other else 1
        assert f"audio track {number} of 2 " in stream.warnings[0]
        assert "because" not in stream.warnings[0]


def test_where_nothing_is_speech_the_first_is_read(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "two.mkv", TONE, SILENCE, channels="22")
    sound, stream = read(path)
    assert np.abs(sound).max() > 1000
    assert "audio track 1 of 2 " in stream.warnings[0]


@pytest.mark.parametrize(
    ("choice", "number"),
    [("1", 1), ("2", 2), ("3", 3), ("en", 1), ("de", 2), ("fr", 3)],
)
@pytest.mark.parametrize("name", ["three.mkv", "three.mp4", "three.ts"])
def test_a_track_is_chosen(
    name: str, choice: str, number: int, source: Path, other: Path, tmp_path: Path
) -> None:
    path = write_tracks(tmp_path / name, source, TONE, other)
    sound, stream = read(path, choice)
    assert f"audio track {number} of 3 " in stream.warnings[0]
    assert "--audio_track" not in stream.warnings[0]
    one, three = (holds(sound, plain(wanted)[16000:48000]) for wanted in (source, other))
    assert (one, three) == (number == 1, number == 3)


def test_all_tracks_are_mixed(source: Path, other: Path, tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "two.mkv", source, other)
    sound, stream = read(path, "all")
    both = plain(source).astype(np.int32) + plain(other)
    assert np.array_equal(sound, both.clip(-32768, 32767))
    assert stream.warnings == ("two.mkv: its 2 audio tracks were mixed",)


def test_all_tracks_keep_their_times(source: Path, other: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    media.run_ffmpeg(
        *("-i", source, "-itsoffset", "3", "-i", other, "-map", "0", "-map", "1", "-c:a", "flac"),
        path,
    )
    sound, stream = read(path, "all")
    assert len(sound) / 16000 == pytest.approx(8, abs=0.1)
    assert np.array_equal(sound[:40000], plain(source)[:40000])
    assert found_at(sound, plain(other)[-32000:], after=5) == pytest.approx(6, abs=0.1)
    assert any("its sound begins at 3.0 s" in line for line in stream.warnings)


@pytest.mark.parametrize("choice", ["3", "99", "ru", "haw", "mul"])
def test_a_track_that_is_not_there(choice: str, source: Path, other: Path, tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "two.mkv", source, other)
    with pytest.raises(InputError, match=r"two.mkv has no audio track .*1 \(eng, mono\), 2 \(ger"):
        read(path, choice)


def test_one_track_is_no_choice(source: Path) -> None:
    for choice in (None, "1", "de", "all"):
        sound, stream = read(source, choice)
        assert np.array_equal(sound, plain(source))
        assert stream.warnings == ()
    with pytest.raises(InputError, match="no audio track 2"):
        read(source, "2")


def test_the_first_that_can_be_decoded(source: Path, other: Path, tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "two.mkv", source, other, marks="d-")
    data = path.read_bytes()
    # The first mention of the codec is of the first track.
    path.write_bytes(data.replace(b"A_FLAC", b"A_NONE", 1))
    sound, stream = read(path)
    assert np.array_equal(sound, plain(other))
    assert "audio track 2 of 2" in stream.warnings[0]
