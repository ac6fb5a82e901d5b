"""Two recordings in one file: all of both is read, or a line says what is not."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import media
import pytest

from reported.sounds import found_at, plain, read

KINDS = {
    "sample.wav": ("pcm_s16le",),
    "sample.w64": ("pcm_s16le",),
    "sample.aiff": ("pcm_s16be",),
    "sample.au": ("pcm_s16be",),
    "sample.caf": ("pcm_s16le",),
    "sample.flac": ("flac",),
    "sample.tta": ("tta",),
    "sample.wv": ("wavpack",),
    "surround.wv": ("wavpack", "-ac", "6"),
    "sample.mp3": ("libmp3lame",),
    "sample.aac": ("aac",),
    "vorbis.ogg": ("libvorbis",),
    "sample.opus": ("libopus",),
    "flac.oga": ("flac",),
    "sample.mkv": ("flac",),
    "sample.webm": ("libopus",),
    "sample.ts": ("aac",),
    "sample.mpg": ("mp2",),
    "sample.flv": ("libmp3lame", "-ar", "44100"),
    "sample.wma": ("wmav2",),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write_wav(tmp_path_factory.mktemp("source") / "source.wav", seconds=3)


def join(
    path: Path, source: Path, kinds: Sequence[tuple[str, str]], *arguments: str | Path
) -> None:
    """Write the source once for each rate and number of channels, one behind the other."""
    data = b""
    for rate, channels in kinds:
        media.run_ffmpeg("-i", source, *arguments, "-ar", rate, "-ac", channels, path)
        data += path.read_bytes()
    path.write_bytes(data)


@pytest.mark.parametrize("times", [2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_both_are_read(name: str, times: int, source: Path, tmp_path: Path) -> None:
    codec, *arguments = KINDS[name]
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    one = tmp_path / name
    media.run_ffmpeg("-i", source, "-c:a", codec, *arguments, one)
    path = tmp_path / f"joined-{name}"
    path.write_bytes(one.read_bytes() * times)
    sound, stream = read(path)
    alone, _ = read(one)
    assert len(sound) / 16000 == pytest.approx(times * len(alone) / 16000, abs=0.15 * times)
    last = found_at(sound, plain(source)[8000:40000], after=(times - 1) * 3)
    assert last == pytest.approx((times - 1) * len(alone) / 16000 + 0.5, abs=0.15 * times)
    assert not [line for line in stream.warnings if "ends early" in line]
    if "mp3" not in name:
        assert stream.warnings == ()


@pytest.mark.parametrize("first", ["vorbis.ogg", "sample.opus", "flac.oga"])
@pytest.mark.parametrize("second", ["vorbis.ogg", "sample.opus", "flac.oga", "slow.ogg"])
def test_a_chain_of_unlike_links(first: str, second: str, source: Path, tmp_path: Path) -> None:
    codecs = {"vorbis.ogg": "libvorbis", "sample.opus": "libopus", "flac.oga": "flac"}
    data = b""
    for name in (first, second, first):
        codec = codecs.get(name, "libvorbis")
        if codec not in media.encoders():
            pytest.skip(f"no encoder {codec}")
        rate = ("-ar", "8000") if name == "slow.ogg" else ()
        media.run_ffmpeg("-i", source, "-c:a", codec, *rate, tmp_path / name)
        data += (tmp_path / name).read_bytes()
    path = tmp_path / "chain.ogg"
    path.write_bytes(data)
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(9, abs=0.2)
    assert stream.warnings == ()


@pytest.mark.parametrize("name", ["sample.m4a", "sample.mov", "fragmented.mp4"])
def test_what_is_not_read_is_told(name: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    fragments = ("-movflags", "frag_keyframe+empty_moov") if name.startswith("frag") else ()
    media.run_ffmpeg("-i", source, "-c:a", "aac", *fragments, path)
    path.write_bytes(path.read_bytes() * 2)
    _, stream = read(path)
    assert [line for line in stream.warnings if "another recording was appended to it" in line]


PARTS = {
    "flac": ("flac",),
    "aac": ("aac",),
    "opus": ("libopus",),
    "pcm": ("pcm_s16le",),
    "slow": ("pcm_s16le", "-ar", "8000"),
    "stereo": ("pcm_s16le", "-ac", "2"),
}


@pytest.mark.parametrize("first", PARTS)
@pytest.mark.parametrize("second", PARTS)
def test_matroska_of_unlike_parts(first: str, second: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "joined.mkv"
    data = b""
    for codec, *arguments in (PARTS[first], PARTS[second], PARTS[second]):
        if codec not in media.encoders():
            pytest.skip(f"no encoder {codec}")
        media.run_ffmpeg("-i", source, "-c:a", codec, *arguments, path)
        data += path.read_bytes()
    path.write_bytes(data)
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(9, abs=0.4)
    for part in range(3):
        found = found_at(sound[48000 * part : 48000 * (part + 1)], plain(source)[8000:40000])
        assert found == pytest.approx(0.5, abs=0.3)
    assert stream.warnings == ()


@pytest.mark.parametrize("times", [2, 3])
def test_recordings_of_a_browser(times: int, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "browser.webm"
    if "libopus" not in media.encoders():
        pytest.skip("no encoder libopus")
    media.run_ffmpeg("-i", source, "-c:a", "libopus", "-live", "1", path)
    path.write_bytes(path.read_bytes() * times)
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(3 * times, abs=0.1)
    assert stream.warnings == ()


def test_of_a_second_that_is_cut_off_the_rest_is_missing(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    data = source.read_bytes()
    path.write_bytes(data + data[: len(data) // 2])
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(4.5, abs=0.01)
    assert len(stream.warnings) == 1
    assert "ends early: 4.5 s could be read, the rest is missing" in stream.warnings[0]


def test_a_gap_in_the_second_is_told_at_its_time(source: Path, tmp_path: Path) -> None:
    gap = tmp_path / "gap.flv"
    media.run_ffmpeg(
        *("-i", source, "-af", "aselect='lt(t,1)+gte(t,2)'", "-c:a", "pcm_s16le", "-ar", "44100"),
        gap,
    )
    path = tmp_path / "joined.flv"
    path.write_bytes(gap.read_bytes() * 2)
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(6, abs=0.1)
    assert [line.partition(" at ")[2][:3] for line in stream.warnings] == ["1.0", "4.0"]


def test_the_second_may_have_another_rate(source: Path, tmp_path: Path) -> None:
    slow = tmp_path / "slow.wav"
    media.run_ffmpeg("-i", source, "-ar", "8000", "-c:a", "pcm_u8", slow)
    path = tmp_path / "joined.wav"
    path.write_bytes(source.read_bytes() + slow.read_bytes())
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(6, abs=0.01)
    assert stream.warnings == ()


@pytest.mark.parametrize(
    ("name", "codec"), [("joined.aac", "aac"), ("joined.mp3", "libmp3lame"), ("joined.ac3", "ac3")]
)
def test_a_stream_without_times_has_no_gaps(
    name: str, codec: str, source: Path, tmp_path: Path
) -> None:
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    path = tmp_path / name
    join(path, source, (("32000", "1"), ("44100", "2")), "-c:a", codec)
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(6, abs=0.2)
    assert found_at(sound, plain(source)[8000:40000], after=3) == pytest.approx(3.5, abs=0.15)
    assert not [line for line in stream.warnings if "silence" in line or "left out" in line]


def test_flac_of_unlike_parts(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "joined.flac"
    join(path, source, (("16000", "1"), ("44100", "2"), ("44100", "2")))
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(9, abs=0.2)
    assert found_at(sound, plain(source)[8000:40000], after=6) == pytest.approx(6.5, abs=0.2)
    assert stream.warnings == ()


@pytest.mark.parametrize(("first", "second"), [("16000", "44100"), ("48000", "32000")])
def test_a_stream_that_goes_on_at_another_rate(
    first: str, second: str, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "joined.ts"
    join(path, source, ((first, "1"), (second, "2")), "-c:a", "aac")
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(6, abs=0.3)
    assert found_at(sound, plain(source)[8000:40000], after=3) == pytest.approx(3.5, abs=0.2)
    assert stream.warnings == ()


@pytest.mark.parametrize("name", ["joined.ts", "joined.mpg"])
def test_a_second_whose_clock_is_behind(name: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    data = b""
    for start in ("5000", "0"):
        media.run_ffmpeg("-i", source, "-c:a", "mp2", "-output_ts_offset", start, path)
        data += path.read_bytes()
    path.write_bytes(data)
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(6, abs=0.3)
    assert found_at(sound, plain(source)[8000:40000], after=3) == pytest.approx(3.5, abs=0.2)
    assert stream.warnings == ()


def test_zeros_between_two(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    path.write_bytes(source.read_bytes() + bytes(4096 + 84) + source.read_bytes())
    sound, stream = read(path)
    assert len(sound) == 96000
    assert stream.warnings == ()


def stale_header(data: bytes) -> bytes:
    # As a recorder leaves it that is switched off after the first second.
    stated = struct.pack("<4sI4s", b"RIFF", 36 + 32000, b"WAVE")
    return stated + data[12:40] + struct.pack("<I", 32000) + data[44:]


def wrapped_length(data: bytes) -> bytes:
    # 32 bits cannot count more than 4 GiB.
    return data + bytes(1 << 20) + os.urandom(1 << 21)


@pytest.mark.parametrize(
    ("change", "size"),
    [
        (stale_header, "64 kB"),
        (wrapped_length, "2.1 MB"),
        (lambda data: data + b"\xff" * 5000, "5 kB"),
    ],
)
def test_what_follows_the_stated_end_is_told(
    change: Callable[[bytes], bytes], size: str, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "longer.wav"
    path.write_bytes(change(source.read_bytes()))
    _, stream = read(path)
    assert len(stream.warnings) == 1
    assert f"{size} after the end that its header states were not read" in stream.warnings[0]


@pytest.mark.parametrize(
    "tail", [b"TAG" + bytes(125), b"ID3\4\0\0\0\0\x40\0" + b"x" * 8192, bytes(99999)]
)
def test_tags_and_zeros_are_no_sound(tail: bytes, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "tagged.wav"
    path.write_bytes(source.read_bytes() + tail)
    sound, stream = read(path)
    assert len(sound) == 48000
    assert stream.warnings == ()


def test_a_second_that_is_none_is_told(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "joined.wav"
    path.write_bytes(source.read_bytes() + b"RIFF\x80\0\0\0WAVEnone" + bytes(116))
    sound, stream = read(path)
    assert len(sound) == 48000
    assert len(stream.warnings) == 1
    assert "a recording that was appended to it cannot be read" in stream.warnings[0]


def test_whole_files_have_one_recording() -> None:
    for path in sorted(media.samples().iterdir()):
        _, stream = read(path)
        assert not [line for line in stream.warnings if "appended" in line], path
