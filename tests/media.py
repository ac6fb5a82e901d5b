"""Small recordings in many formats, made with the ffmpeg that the program uses."""

from __future__ import annotations

import atexit
import functools
import math
import subprocess
import sys
import tempfile
import textwrap
import wave
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio.ffmpeg import Ffmpeg, find_ffmpeg

SECONDS = 3.0
"""Length of the samples: enough packets in every format to damage some and leave others."""


@dataclass(frozen=True)
class Format:
    """How a sample is made.

    Attributes
    ----------
    name : str
        Name of its file; the ending is the one that users know.
    arguments : tuple of str
        What ffmpeg needs for it beside the source.
    encoder : str
        The encoder without which the sample cannot be made.
    lossless : bool
        Whether the samples come back as they were.
    video : bool
        Whether a moving picture goes beside the sound.
    """

    name: str
    arguments: tuple[str, ...]
    encoder: str
    lossless: bool = False
    video: bool = False


FORMATS: tuple[Format, ...] = (
    Format("sample.wav", ("-c:a", "pcm_s16le"), "pcm_s16le", lossless=True),
    Format("sample24.wav", ("-c:a", "pcm_s24le"), "pcm_s24le", lossless=True),
    Format("float.wav", ("-c:a", "pcm_f32le"), "pcm_f32le", lossless=True),
    Format("adpcm.wav", ("-c:a", "adpcm_ms"), "adpcm_ms"),
    Format("sample.w64", ("-c:a", "pcm_s16le"), "pcm_s16le", lossless=True),
    Format("rf64.wav", ("-c:a", "pcm_s16le", "-rf64", "always"), "pcm_s16le", lossless=True),
    Format("sample.mp3", ("-c:a", "libmp3lame"), "libmp3lame"),
    Format("plain.mp3", ("-c:a", "libmp3lame", "-write_xing", "0"), "libmp3lame"),
    Format("sample.mp2", ("-c:a", "mp2", "-b:a", "64k"), "mp2"),
    Format("sample.m4a", ("-c:a", "aac"), "aac"),
    Format("faststart.m4a", ("-c:a", "aac", "-movflags", "+faststart"), "aac"),
    Format("fragmented.mp4", ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"), "aac"),
    Format("alac.m4a", ("-c:a", "alac"), "alac", lossless=True),
    Format("sample.mp4", ("-c:a", "aac", "-c:v", "mpeg4"), "aac", video=True),
    Format("sample.mov", ("-c:a", "pcm_s16le", "-c:v", "mjpeg"), "pcm_s16le", True, video=True),
    Format("sample.aac", ("-c:a", "aac"), "aac"),
    Format("sample.flac", ("-c:a", "flac"), "flac", lossless=True),
    Format("vorbis.ogg", ("-c:a", "libvorbis"), "libvorbis"),
    Format("opus.ogg", ("-c:a", "libopus"), "libopus"),
    Format("sample.opus", ("-c:a", "libopus"), "libopus"),
    Format("flac.oga", ("-c:a", "flac"), "flac", lossless=True),
    Format("sample.webm", ("-c:a", "libopus"), "libopus"),
    Format("sample.mkv", ("-c:a", "flac", "-c:v", "mpeg4"), "flac", lossless=True, video=True),
    Format("sample.wma", ("-c:a", "wmav2"), "wmav2"),
    Format("sample.asf", ("-c:a", "wmav1", "-c:v", "msmpeg4"), "wmav1", video=True),
    Format("sample.amr", ("-c:a", "libopencore_amrnb", "-ar", "8000"), "libopencore_amrnb"),
    Format("sample.3gp", ("-c:a", "aac"), "aac"),
    Format("sample.ac3", ("-c:a", "ac3"), "ac3"),
    Format("sample.eac3", ("-c:a", "eac3"), "eac3"),
    Format("sample.dts", ("-c:a", "dca", "-strict", "-2", "-ar", "48000", "-ac", "2"), "dca"),
    Format("sample.aiff", ("-c:a", "pcm_s16be"), "pcm_s16be", lossless=True),
    Format("sample.caf", ("-c:a", "pcm_s16le"), "pcm_s16le", lossless=True),
    Format("sample.ts", ("-c:a", "aac", "-c:v", "mpeg2video"), "aac", video=True),
    Format("sample.mpg", ("-c:a", "mp2", "-c:v", "mpeg1video"), "mp2", video=True),
    Format("sample.avi", ("-c:a", "libmp3lame", "-c:v", "mpeg4"), "libmp3lame", video=True),
    Format("sample.flv", ("-c:a", "libmp3lame", "-ar", "44100"), "libmp3lame"),
    Format("sample.au", ("-c:a", "pcm_mulaw"), "pcm_mulaw"),
    # VOC keeps the rate in one byte: 8000 fits exactly, 16000 does not.
    Format("sample.voc", ("-c:a", "pcm_u8", "-ar", "8000"), "pcm_u8"),
    Format("sample.sox", ("-c:a", "pcm_s32le"), "pcm_s32le", lossless=True),
    Format("sample.wv", ("-c:a", "wavpack"), "wavpack", lossless=True),
    Format("sample.tta", ("-c:a", "tta"), "tta", lossless=True),
    Format("sample.rm", ("-c:a", "ac3"), "ac3"),
    Format("sample.g722", ("-c:a", "g722"), "g722"),
)
"""Each with the defaults of ffmpeg's own encoder, as recorders and converters use them."""

BY_NAME = {media_format.name: media_format for media_format in FORMATS}


@functools.cache
def ffmpeg() -> Ffmpeg:
    """Return the ffmpeg that the program itself finds."""
    return find_ffmpeg()


@functools.cache
def encoders() -> frozenset[str]:
    """Return the names of the encoders that this ffmpeg was built with."""
    listing = subprocess.run(
        [ffmpeg().path, "-hide_banner", "-encoders"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    return frozenset(line.split()[1] for line in listing.splitlines() if len(line.split()) > 1)


def run_ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg, quietly; fail with what it said."""
    command = [ffmpeg().path, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, (command, done.stderr.decode("utf-8", "replace"))


def write_wav(
    path: Path, *, seconds: float = SECONDS, rate: int = 16000, channels: int = 1
) -> Path:
    """Write a sweep from 200 Hz to 2 kHz that swells twice a second, as 16-bit PCM.

    Every moment of it sounds different, so a piece that is missing or doubled shows; all of it
    passes through a telephone codec.
    """
    count = int(seconds * rate)
    samples = array("h")
    for index in range(count):
        time = index / rate
        phase = 2 * math.pi * (200 * time + 900 * time * time / seconds)
        swell = 0.3 + 0.2 * math.sin(4 * math.pi * time)
        samples.extend([int(32767 * swell * math.sin(phase))] * channels)
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(channels)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes(samples.tobytes())
    return path


def write_sample(media_format: Format, folder: Path, source: Path) -> Path:
    """Encode `source` and return the file."""
    path = folder / media_format.name
    picture: Sequence[str] = ()
    if media_format.video:
        picture = ("-f", "lavfi", "-i", f"testsrc=d={SECONDS:g}:s=64x48:r=25")
    # bitexact keeps times and version numbers out, so that a seed names the same mutation twice.
    exact = ("-fflags", "+bitexact", "-flags", "+bitexact", "-map_metadata", "-1")
    run_ffmpeg("-i", source, *picture, *media_format.arguments, *exact, path)
    return path


def write_samples(folder: Path) -> list[Path]:
    """Write a source and its form in every format that this ffmpeg can write."""
    source = write_wav(folder / "source.wav")
    return [
        write_sample(media_format, folder, source)
        for media_format in FORMATS
        if media_format.encoder in encoders()
    ]


@functools.cache
def samples() -> Path:
    """Return a folder with what `write_samples` writes, made once per process. Do not change it."""
    folder = tempfile.TemporaryDirectory(prefix="samples-")
    atexit.register(folder.cleanup)
    write_samples(Path(folder.name))
    return Path(folder.name)


def openai_samples(path: Path) -> bytes:
    """Return the samples that openai-whisper's ``load_audio`` reads, by its own command."""
    command = [str(ffmpeg().path), "-nostdin", "-threads", "0", "-i", str(path)]
    command += ["-f", "s16le", "-ac", "1", "-acodec", "pcm_s16le", "-ar", "16000", "-"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, (command, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def fake_ffmpeg(folder: Path, body: str) -> Ffmpeg:
    """Write a program that runs the Python code `body` in ffmpeg's place."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ffmpeg"
    path.write_text(f"#!{sys.executable} -S\nimport os, sys, time\n{textwrap.dedent(body)}")
    path.chmod(0o755)
    return Ffmpeg(path=path, version="fake", origin="option")
