"""Recordings in which nobody speaks, or somebody only beside a lot of nothing."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
from conftest import Run
from media import run_ffmpeg
from quiet_recordings import KINDS, NOTHING, RATE, Samples, joined, looped, make, read, write
from test_accuracy import SPEECH_VARIABLE
from utterance import Utterance
from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer

from transcriber import operators

BEFORE = 40.0
"""Seconds of nothing before speech."""

BETWEEN = 20.0
"""Seconds of nothing between speech and speech."""

AROUND = KINDS[::3]
"""Kinds of nothing that have speech before and after them."""

TOLERANCE = 1.0
"""Seconds that a segment may begin or end beside what is said. The utterances have up to 0.6 s of
silence at their ends."""

WORST = 0.35
"""Rate of wrong words of an utterance by itself, where one of eight may be wrong in clear speech,
too."""

WORST_OF_ALL = 0.12
"""Rate of wrong words of all of them. It was 0.02 when this was written."""

TIMES = 20
"""How often a loop says what it says."""

GERMAN = ("fleurs_de_000.ogg", "fleurs_de_001.ogg")
"""What is heard behind the English utterances, where such recordings are at hand."""

pytestmark = pytest.mark.slow

Options = list[str | Path]


@pytest.fixture(scope="module")
def options(models: Path) -> Options:
    """Return what names the model; all else is as users have it."""
    return ["--model", "base", "--model_dir", models]


# Nobody speaks.


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the program made of a folder.

    Attributes
    ----------
    folder, outputs : Path
        The recordings, and what was written.
    stdout, stderr : str
        What it said.
    """

    folder: Path
    outputs: Path
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def nothing(run: Run, options: Options, tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Return what a single call makes of all recordings of nothing."""
    folder, outputs = tmp_path_factory.mktemp("nothing"), tmp_path_factory.mktemp("outputs")
    for name in NOTHING:
        write(folder / f"{name}.wav", make(name))
    done = run(folder, "-o", outputs, *options)
    assert done.returncode == 0, done.stderr
    return Heard(folder=folder, outputs=outputs, stdout=done.stdout, stderr=done.stderr)


def test_there_are_many_kinds_of_nothing() -> None:
    made = {make(name, 2.0).tobytes() for name in NOTHING}
    assert len(made) == len(NOTHING) >= 30
    assert set(KINDS) <= set(NOTHING)


def test_nothing_is_made_the_same_again() -> None:
    assert make("rain", 1.0).tobytes() == make("rain", 1.0).tobytes()


def test_no_text_comes_of_nothing(nothing: Heard) -> None:
    found = {
        path.stem: path.read_text("utf-8")
        for path in nothing.outputs.glob("*.txt")
        if path.read_bytes()
    }
    segments = {
        path.stem: written["segments"]
        for path in nothing.outputs.glob("*.json")
        if (written := json.loads(path.read_text("utf-8")))["segments"] or written["text"]
    }
    assert (found, segments) == ({}, {})
    for ending in ("txt", "json"):
        assert {path.stem for path in nothing.outputs.glob(f"*.{ending}")} == set(NOTHING)
    assert "-->" not in nothing.stdout


def test_the_user_is_told_that_nobody_speaks(nothing: Heard) -> None:
    told = nothing.stderr.splitlines()
    silent = {f"{nothing.folder / name}.wav: nobody speaks in it" for name in NOTHING}
    assert silent - set(told) == set()


# Somebody speaks beside it.


@dataclass(kw_only=True)
class Place:
    """A part of a recording in which somebody speaks.

    Attributes
    ----------
    start, end : float
        Its bounds, in seconds.
    reference : str
        What is said.
    segments : list
        What the program heard there.
    """

    start: float
    end: float
    reference: str
    segments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What the program heard, normalised."""
        heard: str = EnglishTextNormalizer()("".join(each["text"] for each in self.segments))
        return heard or "-"

    @property
    def said(self) -> str:
        """What is said, normalised."""
        said: str = EnglishTextNormalizer()(self.reference)
        return said


@pytest.fixture(scope="module")
def spoken(
    run: Run,
    options: Options,
    utterances: list[Utterance],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, list[Place]]:
    """Return, of each recording with speech in it, where that is and what was heard there.

    Every segment is in one place: that with which it has the longest time in common.
    """
    folder, outputs = tmp_path_factory.mktemp("spoken"), tmp_path_factory.mktemp("outputs")
    places: dict[str, list[Place]] = {}

    def add(name: str, *parts: Utterance | Samples) -> None:
        samples, bounds = joined(
            *(read(part.path) if isinstance(part, Utterance) else part for part in parts)
        )
        write(folder / f"{name}.wav", samples)
        places[name] = [
            Place(start=start, end=end, reference=part.reference)
            for part, (start, end) in zip(parts, bounds, strict=True)
            if isinstance(part, Utterance)
        ]

    for number, kind in enumerate(KINDS):
        add(f"after {kind}", make(kind, BEFORE), utterances[number % len(utterances)])
    for number, kind in enumerate(AROUND):
        first, second = (utterances[(number + one) % len(utterances)] for one in (1, 3))
        add(f"around {kind}", first, make(kind, BETWEEN), second)
    done = run(folder, "-o", outputs, *options)
    assert done.returncode == 0, done.stderr
    assert "nobody speaks" not in done.stderr
    for name, found in places.items():
        written = json.loads((outputs / f"{name}.json").read_text("utf-8"))
        for segment in written["segments"]:
            max(found, key=_common(segment)).segments.append(segment)
    return places


def _common(segment: dict[str, Any]) -> Callable[[Place], float]:
    """Return a function that says how long a segment is in a place; below 0: how far from it."""
    return lambda place: min(place.end, segment["end"]) - max(place.start, segment["start"])


def test_speech_beside_nothing_is_found(spoken: dict[str, list[Place]]) -> None:
    found = [place for each in spoken.values() for place in each]
    wrong = {
        name: [(place.said, place.text) for place in each]
        for name, each in spoken.items()
        if any(jiwer.wer(place.said, place.text) > WORST for place in each)
    }
    assert wrong == {}
    rate = jiwer.wer([place.said for place in found], [place.text for place in found])
    assert rate <= WORST_OF_ALL


def test_no_segment_lies_in_the_nothing(spoken: dict[str, list[Place]]) -> None:
    outside = {
        name: bad
        for name, each in spoken.items()
        if (
            bad := [
                (segment["start"], segment["end"], segment["text"], place.start, place.end)
                for place in each
                for segment in place.segments
                if segment["start"] < place.start - TOLERANCE
                or segment["end"] > place.end + TOLERANCE
            ]
        )
    }
    assert outside == {}


def test_times_are_those_of_the_speech(spoken: dict[str, list[Place]]) -> None:
    late = {
        name: bad
        for name, each in spoken.items()
        if (
            bad := [
                (bounds, place.start, place.end)
                for place in each
                if not _near(bounds := _bounds(place.segments), (place.start, place.end))
            ]
        )
    }
    assert late == {}


def _bounds(segments: Sequence[dict[str, Any]]) -> tuple[float, float]:
    return (
        min((each["start"] for each in segments), default=0.0),
        max((each["end"] for each in segments), default=0.0),
    )


def _near(found: tuple[float, float], expected: tuple[float, float]) -> bool:
    return all(abs(a - b) <= TOLERANCE for a, b in zip(found, expected, strict=True))


# The same again and again.


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What a loop is made of.

    Attributes
    ----------
    utterance : str
        The end of its name.
    start, end : float
        The part that comes again and again, in seconds.
    words : int
        How many there are in it.
    pause : float
        Seconds behind it.
    """

    utterance: str
    start: float
    end: float
    words: int
    pause: float


LOOPS = {
    "himself": Loop(utterance="-0930", start=2.06, end=2.98, words=1, pause=0.0),
    "young man": Loop(utterance="-0880", start=2.03, end=2.85, words=2, pause=0.5),
}


@pytest.fixture(scope="module")
def loops(
    run: Run,
    options: Options,
    utterances: list[Utterance],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[float, dict[str, Any]]]:
    """Return how long each loop is, and its transcript."""
    folder, outputs = tmp_path_factory.mktemp("loops"), tmp_path_factory.mktemp("outputs")
    seconds = {}
    for name, loop in LOOPS.items():
        (one,) = (one for one in utterances if one.path.stem.endswith(loop.utterance))
        samples = looped(read(one.path), loop.start, loop.end, times=TIMES, pause=loop.pause)
        seconds[name] = len(samples) / RATE
        write(folder / f"{name}.wav", samples)
    done = run(folder, "-o", outputs, *options)
    assert done.returncode == 0, done.stderr
    return {
        name: (length, json.loads((outputs / f"{name}.json").read_text("utf-8")))
        for name, length in seconds.items()
    }


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_gives_no_more_words_than_are_said(
    name: str, loops: dict[str, tuple[float, dict[str, Any]]]
) -> None:
    """Which words they are is the model's affair: a word that was cut out is hard to hear.

    In bfloat16, which AMX has, a single one is heard as several: none more often than it is said.
    """
    _, transcript = loops[name]
    words = BasicTextNormalizer()(transcript["text"]).split()
    split = LOOPS[name].words == 1 and operators.available() and operators.capability() == "amx"
    most = max(Counter(words).values(), default=0) if split else len(words)
    assert most <= LOOPS[name].words * TIMES + 2, words


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_gives_no_text_behind_its_end(
    name: str, loops: dict[str, tuple[float, dict[str, Any]]]
) -> None:
    seconds, transcript = loops[name]
    late = [
        (segment["start"], segment["end"], segment["text"])
        for segment in transcript["segments"]
        if segment["end"] > seconds + TOLERANCE
    ]
    assert late == []


# Two languages.


def test_two_languages(
    run: Run, options: Options, utterances: list[Utterance], tmp_path: Path
) -> None:
    """Each part is in the language that is spoken in it, where the user says there are several."""
    if SPEECH_VARIABLE not in os.environ:
        pytest.skip(f"{SPEECH_VARIABLE} names no folder of recordings with a manifest.tsv")
    folder = Path(os.environ[SPEECH_VARIABLE])
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as stream:
        rows = {row["file"]: row for row in csv.DictReader(stream, delimiter="\t", quoting=3)}
    german = [rows[name] for name in GERMAN if name in rows]
    if len(german) < len(GERMAN):
        pytest.skip(f"the folder that {SPEECH_VARIABLE} names lacks {' or '.join(GERMAN)}")
    english = np.concatenate([read(one.path) for one in utterances])
    samples, (first, _, second) = joined(
        english,
        np.zeros(RATE),
        np.concatenate([_decoded(folder / row["file"], tmp_path) for row in german]),
    )
    recording = write(tmp_path / "both.wav", samples)
    done = run(recording, "-o", tmp_path, *options, "--multilingual", "True")
    assert done.returncode == 0, done.stderr
    segments = json.loads((tmp_path / "both.json").read_text("utf-8"))["segments"]
    for (start, end), references, normalise, most in (
        (first, [one.reference for one in utterances], EnglishTextNormalizer(), 0.12),
        (second, [row["reference"] for row in german], BasicTextNormalizer(), 0.35),
    ):
        there = [one for one in segments if start <= (one["start"] + one["end"]) / 2 < end]
        text = normalise("".join(one["text"] for one in there))
        assert jiwer.wer(normalise(" ".join(references)), text) <= most, there


def _decoded(path: Path, folder: Path) -> Samples:
    copy = folder / f"{path.stem}.wav"
    run_ffmpeg("-i", path, "-ac", "1", "-ar", str(RATE), "-c:a", "pcm_s16le", copy)
    samples = read(copy)
    copy.unlink()
    return samples
