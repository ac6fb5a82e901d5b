"""The recordings that speed is measured on, joined from real speech of which the words are known.

Whole recordings are joined with pauses of silence, so that what is said stays what the manifest
says. Where they do not suffice, they are repeated: English of about five minutes in the folder that
TRANSCRIBER_SPEECH names is heard twice in the long recording; without that folder, the 25 seconds
of the set-up's are heard some twenty times in it, and two or three times in the medium one.
Repeated speech is as much work as other speech, but its word error rate says less.
"""

from __future__ import annotations

import csv
import itertools
import math
import os
import subprocess
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.manifest import read_manifest
from benchmarks.measuring.made_once import made_once
from scripts.layout import CHECKOUT, SPEECH
from transcriber.errors import DependencyError, InputError

SPEECH_VARIABLE = "TRANSCRIBER_SPEECH"
"""Names a folder of recordings with a ``manifest.tsv``."""

LANGUAGE = "en"
"""Of all of them, because a program is told one."""

RATE = 16_000
"""Samples a second."""

SHORT, MEDIUM, LONG = 10, 60, 600
"""Seconds; the long recording is at least so long, the others are exactly."""

PAUSE = RATE // 2
"""Samples of silence after each, at least."""

_FULL = 0.9
"""How much of the short and of the medium recording is speech, with its pauses, if possible."""

_STEP = RATE // 100
"""Samples: how exactly lengths are compared when recordings are chosen."""

_LONGEST_DECODING = 300.0

_FFMPEG = CHECKOUT / "build" / "native" / "program" / "ultra-lean" / "ffmpeg"


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A wave file of 16 kHz, one channel and 16 bits.

    Attributes
    ----------
    path : Path
        Where it lies.
    seconds : float
        Its length.
    language : str
        A code such as ``en``.
    reference : str
        What is said in it.
    """

    path: Path
    seconds: float
    language: str
    reference: str


def speech_folder() -> Path:
    """Return the folder of speech that the environment names, else that of the set-up."""
    return Path(os.environ.get(SPEECH_VARIABLE) or SPEECH)


def recordings(speech: Path, folder: Path, *, ffmpeg: Path = _FFMPEG) -> dict[str, Recording]:
    """Return the recordings ``short``, ``medium`` and ``long``, made when they are not there yet.

    Parameters
    ----------
    speech : Path
        A folder with a ``manifest.tsv``, whose columns ``file``, ``language`` and ``reference``
        are used.
    folder : Path
        Where what is made lies.
    ffmpeg : Path
        Decodes; the native program's own when not given.

    Raises
    ------
    InputError
        When the manifest or a recording cannot be read, or there is no English one that is short
        enough.
    DependencyError
        When ffmpeg is not there.
    StorageError
        When a recording cannot be written.
    """
    try:
        said = [one for one in read_manifest(speech) if one.language == LANGUAGE]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{speech} has no manifest.tsv with the columns file, language and reference",
            f"name such a folder in {SPEECH_VARIABLE}, or run make setup",
        ) from error
    if not said:
        raise InputError(f"{speech} has no recording in English", "add one to its manifest.tsv")
    sources = (speech / "manifest.tsv", *(one.path for one in said), Path(__file__))

    def make(content: Path) -> None:
        decoded = [decode(one.path, ffmpeg) for one in said]
        lengths = [len(samples) // 2 + PAUSE for samples in decoded]
        for name, chosen, total in _plan(lengths, speech):
            pauses = total - sum(lengths[number] - PAUSE for number in chosen)
            _write(content / f"{name}.wav", [decoded[number] for number in chosen], pauses)
            text = " ".join(said[number].transcript for number in chosen)
            (content / f"{name}.txt").write_text(f"{text}\n", "utf-8")

    made = made_once(folder, "recordings", sources, make)
    return {name: _recording(made / f"{name}.wav") for name in ("short", "medium", "long")}


def _recording(path: Path) -> Recording:
    with wave.open(str(path), "rb") as stream:
        seconds = stream.getnframes() / stream.getframerate()
    return Recording(
        path=path,
        seconds=seconds,
        language=LANGUAGE,
        reference=path.with_suffix(".txt").read_text("utf-8").strip(),
    )


def _plan(lengths: Sequence[int], speech: Path) -> Iterator[tuple[str, tuple[int, ...], int]]:
    """Yield the name, the numbers of the recordings and the samples of each that is made."""
    for name, seconds in (("short", SHORT), ("medium", MEDIUM)):
        chosen = fitting(lengths, seconds * RATE)
        if not chosen:
            raise InputError(f"{speech} has no English recording shorter than {seconds} s")
        yield name, chosen, seconds * RATE
    total, chosen = 0, ()
    for number in itertools.cycle(range(len(lengths))):
        if total >= LONG * RATE:
            break
        total, chosen = total + lengths[number], (*chosen, number)
    yield "long", chosen, total


def fitting(lengths: Sequence[int], limit: int) -> tuple[int, ...]:
    """Return the numbers of as few as fill nine tenths of `limit`, and of those the fullest.

    A recording of many voices, cut short by each other, makes Whisper repeat itself, and then
    speed says how long it did. Where nothing fills so much, what fills most is taken.

    Parameters
    ----------
    lengths : sequence of int
        Samples of each, its pause included. All of them once, twice and so on are there to be
        chosen from, as often as it takes to fill `limit`.
    limit : int
        Samples that the chosen ones have together, at most.
    """
    times = math.ceil(limit / sum(lengths))
    # By what is filled, in steps that are rounded up: the real sum is never above the limit.
    best: dict[int, tuple[int, ...]] = {0: ()}
    for number in list(range(len(lengths))) * times:
        step = math.ceil(lengths[number] / _STEP)
        for filled, chosen in list(best.items()):
            total = filled + step
            fewer = total not in best or len(best[total]) > len(chosen) + 1
            if fewer and total * _STEP <= limit:
                best[total] = (*chosen, number)
    full = {filled: chosen for filled, chosen in best.items() if filled * _STEP >= limit * _FULL}
    if not full:
        return best[max(best)]
    return full[min(full, key=lambda filled: (len(full[filled]), -filled))]


def decode(path: Path, ffmpeg: Path) -> bytes:
    """Return the samples of a recording: 16 kHz, one channel, 16 bits, little-endian.

    Raises
    ------
    InputError
        When it cannot be decoded.
    DependencyError
        When ffmpeg is not there.
    """
    form = ("-f", "s16le", "-ac", "1", "-ar", str(RATE))
    command = [str(ffmpeg), "-nostdin", "-v", "error", "-i", str(path), *form, "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST_DECODING, check=False)
    except OSError as error:
        raise DependencyError(f"cannot start {ffmpeg}: {error.strerror}", "run make") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path} takes more than {_LONGEST_DECODING:.0f} s to decode") from error
    if done.returncode or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip()[-200:]
        raise InputError(f"{path} cannot be decoded: {reason or 'it has no sound'}")
    return done.stdout


def _write(path: Path, parts: Sequence[bytes], pauses: int) -> None:
    """Join `parts`, with `pauses` samples of silence evenly after them."""
    ends = [pauses * count // len(parts) for count in range(len(parts) + 1)]
    with wave.open(str(path), "wb") as joined:
        joined.setnchannels(1)
        joined.setsampwidth(2)
        joined.setframerate(RATE)
        for part, (begin, end) in zip(parts, itertools.pairwise(ends), strict=True):
            joined.writeframes(part + bytes(2 * (end - begin)))
