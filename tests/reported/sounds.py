"""Recordings with faults that users report, and where in the samples a sound is found."""

from __future__ import annotations

import wave
from pathlib import Path

import media
import numpy as np
from numpy.typing import NDArray

from transcriber.audio.stream import SAMPLE_RATE, AudioStream, open_audio

PICTURE = ("-f", "lavfi", "-i", "color=c=gray:s=64x48:r=10:d=12")


def read(path: Path, track: str | None = None) -> tuple[NDArray[np.int16], AudioStream]:
    """Return the samples of a recording as the program reads them, and what it read them from."""
    with open_audio(path, ffmpeg=media.ffmpeg(), label=path.name, track=track) as stream:
        sound = b"".join(stream)
    return np.frombuffer(sound, "<i2"), stream


def plain(path: Path) -> NDArray[np.int16]:
    """Return the samples of a WAV file with one channel at 16 kHz."""
    with wave.open(str(path), "rb") as stream:
        assert (stream.getnchannels(), stream.getframerate()) == (1, SAMPLE_RATE)
        return np.frombuffer(stream.readframes(stream.getnframes()), "<i2")


def found_at(sound: NDArray[np.int16], wanted: NDArray[np.int16], after: float = 0) -> float:
    """Return the second from which on a sound is most alike another, beginning at one."""
    first = round(after * SAMPLE_RATE)
    whole, part = sound[first:].astype(np.float64), wanted.astype(np.float64)
    size = len(whole) + len(part)
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    fit = np.fft.irfft(spectrum, size)[: max(1, len(whole) - len(part) // 2)]
    return (first + int(np.abs(fit).argmax())) / SAMPLE_RATE


def likeness(sound: NDArray[np.int16], wanted: NDArray[np.int16]) -> float:
    """Return the correlation of two sounds at their beginnings: 1 for the same, at any loudness."""
    count = min(len(sound), len(wanted))
    one, other = sound[:count].astype(np.float64), wanted[:count].astype(np.float64)
    most = float(np.linalg.norm(one) * np.linalg.norm(other))
    return abs(float(one @ other)) / max(most, 1e-9)


def holds(sound: NDArray[np.int16], wanted: NDArray[np.int16]) -> bool:
    """Tell whether a sound is somewhere in another."""
    return likeness(sound[round(found_at(sound, wanted) * SAMPLE_RATE) :], wanted) > 0.8


def loudness(sound: NDArray[np.int16], start: float, end: float) -> float:
    """Return the root of the mean square between two seconds."""
    part = sound[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)].astype(np.float64)
    return float(np.sqrt(np.mean(part * part)))
