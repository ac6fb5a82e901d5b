"""Comparing transcripts, with small functions in the place of those who transcribe."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.manifest import Speech
from benchmarks.measuring import accuracy
from benchmarks.measuring.accuracy import measure_accuracy, reference_transcripts, side_by_side
from benchmarks.parity import CONFIGURATIONS
from buildkit.places import BUILD_CACHE_VARIABLE
from transcriber.settings import OUTPUT_FORMATS

SAID = {
    "one": ("en", "a b c d"),
    "two": ("en", "e f g h"),
    "drei": ("de", "i j"),
    "four": ("ja", "猫が"),
}


@pytest.fixture
def speech(tmp_path: Path) -> list[Speech]:
    (tmp_path / "speech").mkdir()
    found = []
    for size, (name, (language, transcript)) in enumerate(SAID.items(), start=1):
        path = tmp_path / "speech" / f"{name}.wav"
        path.write_bytes(b"x" * size)
        found.append(Speech(path=path, language=language, transcript=transcript))
    return found


def write(output: Path, path: Path, text: str, probability: float = 0.5) -> None:
    for ending in OUTPUT_FORMATS:
        segment = {"tokens": [ord(letter) for letter in text], "probability": probability}
        content = json.dumps({"segments": [segment]}) if ending == "json" else text
        (output / f"{path.stem}.{ending}").write_text(content)


@pytest.mark.parametrize("processors", [1, 2, 3, 9])
def test_recordings_are_shared_among_the_processors(
    speech: list[Speech], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processors: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    shares: list[Sequence[Path]] = []
    count = min(processors, len(speech))
    # Those of one share wait for all others, which would be in vain if they did not run at once.
    together = threading.Barrier(count, timeout=20)

    def transcribe(files: Sequence[Path], output: Path) -> None:
        together.wait()
        assert output.is_dir()
        shares.append(files)

    files = [item.path for item in speech]
    side_by_side(files, tmp_path / "new" / "output", transcribe)
    assert len(shares) == count
    assert sorted(path for share in shares for path in share) == sorted(files)
    # The longest first, so that none ends up as the last one of somebody who is busy.
    sizes = [[path.stat().st_size for path in share] for share in shares]
    assert all(share == sorted(share, reverse=True) for share in sizes)
    assert sorted(share[0] for share in sizes) == sorted(range(1, 5))[-count:]
    side_by_side([], tmp_path, lambda *_: pytest.fail("there is nothing to transcribe"))


class Program:
    """Stands for a program, ours or openai-whisper's, and keeps how it was started."""

    def __init__(self, **wrong: str) -> None:
        self.texts = {name: said for name, (_, said) in SAID.items()} | wrong
        self.options: list[tuple[object, ...]] = []
        self.files: list[Path] = []

    def __call__(self, *given: Any, start: Sequence[str] = ()) -> None:
        *words, files, output, options = given
        self.options.append((*words, *options, *start))
        self.files += files
        for path in files:
            write(output, path, self.texts[path.stem])


def test_errors_and_differences_are_counted(
    speech: list[Speech], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for item in speech:
        # The last digit of a probability is no difference.
        write(tmp_path, item.path, item.transcript, 0.5004)
    (tmp_path / "drei.srt").write_text("another time")
    fast, exact = Program(two="e f x x", drei="i"), Program(two="e f x h")

    def ours(*given: Any, start: Sequence[str]) -> None:
        (exact if "float32" in given[-1] else fast)(*given, start=start)

    monkeypatch.setattr(accuracy, "run_ours", ours)
    figures = measure_accuracy("some", speech, "greedy", ["native", "-x"], reference=tmp_path)
    values = {figure.name.removeprefix("accuracy/some/greedy/"): figure for figure in figures}
    assert {name: figure.value for name, figure in values.items()} == {
        "de WER": 1 / 2,
        "en WER": 2 / 8,
        "ja CER": 0,
        # By what float32 wrote, and of nobody else's.
        "differing files": len(OUTPUT_FORMATS) + 1,
        "against float32/de WER above it": 1 / 2,
        "against float32/en WER above it": 1 / 8,
        "against float32/ja CER above it": 0,
        "against float32/pooled errors above it": 2 / 12,
        # One letter is another, and two are missing.
        "against float32/differing tokens": 3 / 19,
        "against float32/recordings that lost a sentence": 1,
    }
    assert {name for name, one in values.items() if one.unit != "errors"} == {
        "differing files",
        "against float32/recordings that lost a sentence",
    }
    for options in (*fast.options, *exact.options):
        assert options[-2:] == ("native", "-x")
        assert {*CONFIGURATIONS["greedy"], "--threads", "1"} <= set(options)
    assert all({"--compute_type", "float32"} <= set(options) for options in exact.options)
    exact.options.clear()
    assert measure_accuracy("some", speech, "greedy", ["native", "-x"]) == figures[:3]
    assert exact.options == []


@pytest.fixture
def reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Have all that openai-whisper's files hang on lie in this test's own folder."""
    monkeypatch.setenv(BUILD_CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(accuracy, "MODELS", tmp_path)
    (tmp_path / f"{accuracy.MODEL}.pt").write_text("weights")
    for name in ("STOCK_REQUIREMENTS", "PROGRAM_REQUIREMENTS", "REFERENCE_PROGRAM"):
        shutil.copy(getattr(accuracy, name), tmp_path / name)
        monkeypatch.setattr(accuracy, name, tmp_path / name)
    program = Program()
    monkeypatch.setattr(accuracy, "run_reference", program)
    return program


def test_the_reference_is_made_once(
    speech: list[Speech], reference: Program, tmp_path: Path
) -> None:
    folder = reference_transcripts(speech, "greedy")
    assert folder.is_relative_to(tmp_path / "cache")
    names = {f"{name}.{ending}" for name in SAID for ending in OUTPUT_FORMATS}
    assert {path.name for path in folder.iterdir()} == names
    assert len(reference.files) == len(speech)
    # In another order they are the same.
    assert reference_transcripts(speech[::-1], "greedy") == folder
    assert len(reference.files) == len(speech)
    assert list(folder.parent.iterdir()) == [folder]


def test_it_is_made_anew_when_what_it_hangs_on_is_another(
    speech: list[Speech], reference: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [reference_transcripts(speech, decoding) for decoding in CONFIGURATIONS]
    for decoding, options in CONFIGURATIONS.items():
        assert any(set(options) <= set(given) for given in reference.options), decoding
    requirements = ("STOCK_REQUIREMENTS", "PROGRAM_REQUIREMENTS", "REFERENCE_PROGRAM")
    for name in (f"{accuracy.MODEL}.pt", *requirements, "speech/two.wav"):
        with (tmp_path / name).open("a") as stream:
            stream.write("\n")
        folders.append(reference_transcripts(speech, "greedy"))
    folders.append(reference_transcripts(speech[1:], "greedy"))
    reference.texts["new"] = "a b c d"
    renamed = replace(speech[0], path=speech[0].path.rename(tmp_path / "new.wav"))
    folders.append(reference_transcripts([renamed, *speech[1:]], "greedy"))
    monkeypatch.setattr(accuracy, "processor_features", lambda: ["another"])
    folders.append(reference_transcripts(speech[1:], "greedy"))
    assert len(set(folders)) == len(folders)


def test_a_reference_that_fails_leaves_nothing(
    speech: list[Speech], reference: Program, tmp_path: Path
) -> None:
    """A failure of one share is that of all."""
    del reference.texts["one"]
    with pytest.raises(KeyError, match="one"):
        reference_transcripts(speech, "greedy")
    assert list((tmp_path / "cache" / "reference-transcripts").iterdir()) == []
