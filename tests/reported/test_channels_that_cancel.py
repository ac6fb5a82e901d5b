"""Speech is heard where the channels of a recording cancel each other."""

from __future__ import annotations

from pathlib import Path

import media
import numpy as np
import pytest

from reported.sounds import holds, plain, read


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write_wav(tmp_path_factory.mktemp("source") / "source.wav", seconds=5)


def write(path: Path, source: Path, *channels: str, codec: str = "pcm_s16le") -> Path:
    layout = {2: "stereo", 6: "5.1"}[len(channels)]
    mixed = f"aeval='{'|'.join(channels)}',aformat=channel_layouts={layout}"
    media.run_ffmpeg("-i", source, "-af", mixed, "-c:a", codec, path)
    return path


CANCELLED = {
    "inverted.wav": (("val(0)", "-val(0)"), "pcm_s16le"),
    "inverted.m4a": (("val(0)", "-val(0)"), "aac"),
    "inverted.opus": (("val(0)", "-val(0)"), "libopus"),
    "weaker.flac": (("val(0)", "-0.8*val(0)"), "flac"),
    "noisy.wav": (("val(0)+0.02*random(0)", "-val(0)+0.02*random(1)"), "pcm_s16le"),
    "surround.wav": (("val(0)", "-val(0)", "0", "0", "0", "0"), "pcm_s16le"),
}


@pytest.mark.parametrize("name", CANCELLED)
def test_channels_that_cancel(name: str, source: Path, tmp_path: Path) -> None:
    channels, codec = CANCELLED[name]
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    sound, stream = read(write(tmp_path / name, source, *channels, codec=codec))
    assert holds(sound, plain(source)[8000:72000])
    assert len(stream.warnings) == 1
    assert "its channels cancel each other out for" in stream.warnings[0]


def test_channels_that_cancel_from_some_time_on(source: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "later.wav", source, "val(0)", "val(0)*if(lt(t,2),1,-1)")
    sound, stream = read(path)
    wanted = plain(source)
    assert np.array_equal(sound[:32000], wanted[:32000])
    # Nothing is told from the piece in which it changes.
    assert np.abs(sound[35200:].astype(int) - wanted[35200:]).max() <= 1
    assert "cancel each other out for 3.0 s" in stream.warnings[0]


def test_channels_that_cancel_for_some_time(source: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "between.wav", source, "val(0)", "val(0)*if(between(t,1,3),-1,1)")
    sound, _ = read(path)
    wanted = plain(source)
    assert np.array_equal(sound[52800:], wanted[52800:])
    assert np.abs(sound[19200:48000].astype(int) - wanted[19200:48000]).max() <= 1


KEPT = {
    "alike": ("val(0)", "val(0)"),
    "left only": ("val(0)", "0"),
    "right only": ("0", "val(0)"),
    "weaker": ("val(0)", "0.3*val(0)"),
    "apart": ("val(0)", "0.2*(random(0)-0.5)"),
    "partly inverted": ("val(0)", "-0.3*val(0)"),
}


@pytest.mark.parametrize("shape", KEPT)
@pytest.mark.parametrize("ending", ["wav", "m4a", "mp3"])
def test_others_keep_their_bits(shape: str, ending: str, source: Path, tmp_path: Path) -> None:
    codec = {"wav": "pcm_s16le", "m4a": "aac", "mp3": "libmp3lame"}[ending]
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    path = write(tmp_path / f"stereo.{ending}", source, *KEPT[shape], codec=codec)
    sound, stream = read(path)
    assert sound.tobytes() == media.openai_samples(path)
    assert stream.warnings == ()


def test_silence_stays_silence(source: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "silence.wav", source, "0.0005*val(0)", "-0.0005*val(0)")
    sound, stream = read(path)
    assert np.abs(sound).max() <= 1
    assert stream.warnings == ()
