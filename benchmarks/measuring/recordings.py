"""The recordings that speed is measured on, joined from real speech of which the words are known.

Whole recordings are joined with pauses of silence, so that what is said stays what the manifest
says. Where they do not suffice, they are repeated: English of about five minutes in the folder that
TRANSCRIBER_SPEECH names is heard twice in the long recording; without that folder, the 25 seconds
of the set-up's are heard some twenty times in it, and two or three times in the medium one.
Repeated speech is as much work as other speech, but its word error rate says less.

Many short recordings are one that is joined in the same way and cut into pieces. Their edges cut
words for everybody alike.
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
from buildkit.errors import InputError, ToolError
from buildkit.places import CHECKOUT
from scripts.layout import SPEECH

SPEECH_VARIABLE = "TRANSCRIBER_SPEECH"
"""Names a folder of recordings with a ``manifest.tsv``."""

LANGUAGE = "en"
"""Of all of them, because a program is told one."""

RATE = 16_000
"""Samples a second."""

SHORT, MEDIUM, LONG = 10, 60, 600
"""Seconds; the long recording is at least so long, the others are exactly."""

MANY = "many"
"""What the recordings are called that are given in one call."""

PIECES, PIECE = 100, 3
"""How many of them there are, and the seconds of each."""

PAUSE = RATE // 2
"""Samples of silence after each, at least."""

_FULL, _FULLER = 0.9, 0.99
"""How much of a recording is speech, with its pauses, if possible: of the short and of the medium
one, and of what is cut, where longer pauses would be pieces in which nobody speaks."""

_STEP = RATE // 100
"""Samples: how exactly lengths are compared when recordings are chosen."""

_LONGEST_DECODING = 300.0

_FFMPEG = CHECKOUT / "build" / "native" / "program" / "ultra-lean" / "ffmpeg"


@dataclass(frozen=True)
class Recording:
    """Wave files of 16 kHz, one channel and 16 bits, transcribed in one call: mostly a single one.

    The seconds are those of all together, the reference is what is said in them.
    """

    paths: tuple[Path, ...]
    seconds: float
    language: str
    reference: str


def speech_folder() -> Path:
    """Return the folder of speech that the environment names, else that of the set-up."""
    return Path(os.environ.get(SPEECH_VARIABLE) or SPEECH)


def recordings(speech: Path, folder: Path, *, ffmpeg: Path = _FFMPEG) -> dict[str, Recording]:
    """Return ``short``, ``medium``, ``long`` and ``many``, made when they are not there yet.

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
    BuildError
        When the manifest or a recording cannot be read, there is no English one that is short
        enough, ffmpeg is not there, or a recording cannot be written.
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
        for name, chosen, total in _plan([len(one) // 2 + PAUSE for one in decoded], speech):
            samples = _joined([decoded[number] for number in chosen], total)
            size = 2 * PIECE * RATE if name == MANY else len(samples)
            (content / name).mkdir()
            for number, begin in enumerate(range(0, len(samples), size)):
                _write(content / name / f"{number:03}.wav", samples[begin : begin + size])
            text = " ".join(said[number].transcript for number in chosen)
            (content / name / "said.txt").write_text(text, "utf-8")

    made = made_once(folder, "recordings", sources, make)
    found = {}
    for place in made.iterdir():
        paths = tuple(sorted(place.glob("*.wav")))
        reference = (place / "said.txt").read_text("utf-8").strip()
        found[place.name] = Recording(paths, sum(map(_seconds, paths)), LANGUAGE, reference)
    return found


def _plan(lengths: Sequence[int], speech: Path) -> Iterator[tuple[str, Sequence[int], int]]:
    """Yield the name, the numbers of the recordings and the samples of each that is made."""
    for name, seconds, full in (
        ("short", SHORT, _FULL),
        ("medium", MEDIUM, _FULL),
        (MANY, PIECES * PIECE, _FULLER),
    ):
        chosen = fitting(lengths, seconds * RATE, full)
        if not chosen:
            raise InputError(f"{speech} has no English recording shorter than {seconds} s")
        yield name, chosen, seconds * RATE
    every: list[int] = []
    while (total := sum(lengths[number] for number in every)) < LONG * RATE:
        every.append(len(every) % len(lengths))
    yield "long", every, total


def fitting(lengths: Sequence[int], limit: int, full: float = _FULL) -> tuple[int, ...]:
    """Return the numbers of as few as fill so much of `limit`, and of those the fullest.

    A recording of many voices, cut short by each other, makes Whisper repeat itself, and then
    speed says how long it did. Where nothing fills so much, what fills most is taken. The lengths
    are samples, the pauses included; each may be chosen as often as it takes to fill `limit`.
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
    enough = {filled: chosen for filled, chosen in best.items() if filled * _STEP >= limit * full}
    if not enough:
        return best[max(best)]
    return enough[min(enough, key=lambda filled: (len(enough[filled]), -filled))]


def decode(path: Path, ffmpeg: Path) -> bytes:
    """Return the samples of a recording: 16 kHz, one channel, 16 bits, little-endian."""
    form = ("-f", "s16le", "-ac", "1", "-ar", str(RATE))
    command = [str(ffmpeg), "-nostdin", "-v", "error", "-i", str(path), *form, "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LONGEST_DECODING, check=False)
    except OSError as error:
        raise ToolError(f"cannot start {ffmpeg}: {error.strerror}", "run make") from error
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path} takes more than {_LONGEST_DECODING:.0f} s to decode") from error
    if done.returncode or not done.stdout:
        reason = done.stderr.decode(errors="replace").strip()[-200:]
        raise InputError(f"{path} cannot be decoded: {reason or 'it has no sound'}")
    return done.stdout


def _joined(parts: Sequence[bytes], samples: int) -> bytes:
    """Return `parts` one after the other, and evenly after them what `samples` lack of silence."""
    pauses = samples - sum(map(len, parts)) // 2
    ends = [pauses * count // len(parts) for count in range(len(parts) + 1)]
    return b"".join(
        part + bytes(2 * (end - begin))
        for part, (begin, end) in zip(parts, itertools.pairwise(ends), strict=True)
    )


def _seconds(path: Path) -> float:
    with wave.open(str(path), "rb") as stream:
        return stream.getnframes() / stream.getframerate()


def _write(path: Path, samples: bytes) -> None:
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, RATE, 0, "NONE", ""))
        stream.writeframes(samples)
