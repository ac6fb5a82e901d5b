"""Every format that is promised, decoded by the real ffmpeg."""

from collections.abc import Sequence
from pathlib import Path

import media
import numpy as np
import pytest
from numpy.typing import NDArray

from transcriber.audio.stream import SAMPLE_RATE, AudioStream, open_audio


def decode(path: Path) -> tuple[bytes, AudioStream]:
    with open_audio(path, ffmpeg=media.ffmpeg()) as stream:
        return b"".join(stream), stream


def similarity(sound: bytes, reference: bytes) -> float:
    """Return the greatest correlation coefficient of two sounds over shifts of up to 0.2 s."""
    first: NDArray[np.float64] = np.frombuffer(sound, "<i2").astype(np.float64)
    second: NDArray[np.float64] = np.frombuffer(reference, "<i2").astype(np.float64)
    size = 2 * max(len(first), len(second))
    spectrum = np.fft.rfft(first, size) * np.conj(np.fft.rfft(second, size))
    correlation = np.fft.irfft(spectrum, size)
    shift = SAMPLE_RATE // 5
    nearby = np.concatenate([correlation[:shift], correlation[-shift:]])
    return float(np.abs(nearby).max() / np.linalg.norm(first) / np.linalg.norm(second))


@pytest.fixture
def source() -> Path:
    return media.samples() / "source.wav"


@pytest.mark.parametrize("name", media.BY_NAME)
def test_every_format(name: str, source: Path) -> None:
    media_format = media.BY_NAME[name]
    if media_format.encoder not in media.encoders():
        pytest.skip(f"this ffmpeg cannot write it: no encoder {media_format.encoder}")
    path = media.samples() / name
    sound, stream = decode(path)
    reference = source.read_bytes()[44:]
    assert sound == media.openai_samples(path)
    assert stream.samples == len(sound) // 2
    assert stream.warnings == ()
    # Encoders fill their last frame: up to 0.1 s.
    assert abs(stream.samples / SAMPLE_RATE - media.SECONDS) < 0.15
    if media_format.lossless:
        assert sound[: len(reference)] == reference
    else:
        assert similarity(sound, reference) > 0.9
    if stream.announced_seconds is not None:
        assert abs(stream.announced_seconds - media.SECONDS) < 0.15


def test_the_measure_of_similarity_tells_sounds_apart(source: Path) -> None:
    reference = source.read_bytes()[44:]
    assert similarity(reference, reference) == pytest.approx(1)
    assert similarity(reference[: len(reference) // 2], reference) < 0.9
    samples = np.frombuffer(reference, "<i2")
    assert similarity(samples[::-1].tobytes(), reference) < 0.5


SHAPES: dict[str, Sequence[str]] = {
    "telephone": ("-ar", "8000"),
    "studio": ("-ar", "48000", "-ac", "2", "-c:a", "pcm_s24le"),
    "surround": ("-ar", "44100", "-ac", "6", "-c:a", "pcm_f32le"),
    "high resolution": ("-ar", "192000", "-ac", "2", "-c:a", "pcm_s32le"),
    "eight bits": ("-ar", "11025", "-c:a", "pcm_u8"),
    "u-law": ("-ar", "8000", "-c:a", "pcm_mulaw"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_rates_channels_and_widths(shape: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "shaped.wav"
    media.run_ffmpeg("-i", source, *SHAPES[shape], path)
    sound, stream = decode(path)
    assert sound == media.openai_samples(path)
    assert stream.warnings == ()
    assert abs(stream.samples - 3 * SAMPLE_RATE) <= 2
    assert similarity(sound, source.read_bytes()[44:]) > 0.97


def test_of_several_tracks_the_default_one_is_read(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "tracks.mkv"
    media.run_ffmpeg(
        *("-i", source, "-i", source, "-map", "0", "-map", "1", "-filter:a:1", "areverse"),
        *("-c:a", "flac", "-disposition:a:0", "0", "-disposition:a:1", "default", path),
    )
    sound, stream = decode(path)
    assert sound == media.openai_samples(path)
    assert sound != source.read_bytes()[44:]
    assert stream.warnings == (
        f"{path}: audio track 2 of 2 (mono) was read; --audio_track chooses another",
    )


def test_cover_art_is_no_obstacle(source: Path, tmp_path: Path) -> None:
    picture = tmp_path / "cover.png"
    media.run_ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", picture)
    path = tmp_path / "cover.mp3"
    media.run_ffmpeg(
        *("-i", source, "-i", picture, "-map", "0", "-map", "1", "-c:a", "libmp3lame"),
        *("-c:v", "copy", "-disposition:v", "attached_pic", path),
    )
    sound, stream = decode(path)
    assert sound == media.openai_samples(path)
    assert stream.warnings == ()


def test_a_picture_that_goes_on_after_the_sound_is_no_warning(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "long.mp4"
    media.run_ffmpeg(
        *("-i", source, "-f", "lavfi", "-i", "testsrc=d=9:s=64x48:r=5"),
        *("-c:a", "aac", "-c:v", "mpeg4", path),
    )
    _, stream = decode(path)
    assert stream.announced_seconds == pytest.approx(9, abs=0.5)
    assert stream.samples < 4 * SAMPLE_RATE
    assert stream.warnings == ()


def test_sound_that_begins_late_does_not_end_early(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "late.mkv"
    media.run_ffmpeg("-itsoffset", "7", "-i", source, "-c:a", "flac", path)
    sound, stream = decode(path)
    assert stream.announced_seconds == pytest.approx(10, abs=0.5)
    assert sound == bytes(2 * 7 * SAMPLE_RATE) + source.read_bytes()[44:]
    assert stream.warnings == (f"{path}: its sound begins at 7.0 s; silence fills the time before",)


@pytest.mark.parametrize("name", ["variable.mp3", "variable.aac"])
def test_a_length_guessed_from_the_bit_rate_is_no_warning(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    encoder = ("libmp3lame", "-q:a", "0", "-write_xing", "0") if "mp3" in name else ("aac",)
    # Silence takes few bits, so the guess from the first frames is far too long.
    media.run_ffmpeg(
        *("-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo:d=4"),
        *("-f", "lavfi", "-i", "anoisesrc=r=44100:d=6:a=0.8:seed=1"),
        *("-filter_complex", "[0][1]concat=v=0:a=1", "-c:a", *encoder, path),
    )
    sound, stream = decode(path)
    assert abs(stream.samples / SAMPLE_RATE - 10) < 0.2
    assert stream.announced_seconds is None
    assert stream.warnings == ()
    assert sound == media.openai_samples(path)


def test_a_wav_from_a_pipe_is_no_warning(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "piped.wav"
    whole = source.read_bytes()
    for size in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f"):
        path.write_bytes(whole[:4] + size + whole[8:40] + size + whole[44:])
        sound, stream = decode(path)
        assert sound == whole[44:]
        assert stream.warnings == ()
