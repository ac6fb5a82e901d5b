"""Silence and hiss give no text, whether or not anybody listens for speech."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from quiet_recordings import RATE, make, read, write
from utterance import Utterance

pytestmark = pytest.mark.slow

WAYS = {
    "as it is": [],
    "with words": ["--word_timestamps", "True"],
    "one after the other": ["--batch_size", "1"],
    "as openai-whisper": ["--batch_size", "1", "--compute_type", "float32"],
    "all of it": ["--vad_filter", "False"],
    "without the check": ["--batch_size", "1", "--no_speech_threshold", "None"],
}

QUIET = {
    "silence": ("silence", 6.0),
    "long silence": ("silence", 65.0),
    "very short silence": ("silence", 0.2),
    "dither": ("dither", 12.0),
    "hiss": ("white noise", 12.0),
    "soft hiss": ("white noise, soft", 31.0),
    "brown hiss": ("brown noise", 10.0),
    "hum": ("hum of 50 Hz", 20.0),
}
"""openai-whisper has words for some of them: with the model base for the brown one."""


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quiet")
    for name, (kind, seconds) in QUIET.items():
        write(folder / f"{name}.wav", make(kind, seconds))
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_no_text_comes_of_it(run: Run, models: Path, quiet: Path, tmp_path: Path, way: str) -> None:
    options = ["--model", "base", "--model_dir", models, "--language", "en"]
    files = sorted(quiet.iterdir())
    if way == "without the check":
        files = [path for path in files if "silence" in path.stem or path.stem == "dither"]
    done = run(*files, "-o", tmp_path, *options, *WAYS[way])
    assert done.returncode == 0, done.stderr
    for path in files:
        found = json.loads((tmp_path / f"{path.stem}.json").read_text())
        assert (found["text"], found["segments"]) == ("", []), path.stem
        assert (tmp_path / f"{path.stem}.txt").read_bytes() == b""
        assert (tmp_path / f"{path.stem}.srt").read_bytes() == b""
    assert "-->" not in done.stdout


@pytest.mark.parametrize("way", ["one after the other", "all of it"])
def test_what_is_said_after_it_is_found(
    run: Run, models: Path, utterances: list[Utterance], tmp_path: Path, way: str
) -> None:
    speech = read(utterances[2].path)
    sound = np.concatenate([np.zeros(35 * RATE), speech, np.zeros(40 * RATE)])
    write(tmp_path / "late.wav", sound)
    options = ["--model", "base", "--model_dir", models, "--language", "en"]
    options += ["--word_timestamps", "True"]
    done = run(tmp_path / "late.wav", "-o", tmp_path / "out", *options, *WAYS[way])
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "late.json").read_text())
    assert "Unless" in found["text"]
    assert len(found["text"].split()) < 25
    for segment in found["segments"]:
        assert segment["start"] >= 34
        assert segment["end"] <= 35 + len(speech) / RATE + 1


def test_a_language_that_is_guessed_from_it_is_a_weak_guess(
    run: Run, models: Path, quiet: Path, tmp_path: Path
) -> None:
    options = ["--model", "base", "--model_dir", models, "--batch_size", "1"]
    for name in ("silence", "hiss", "hum"):
        done = run(quiet / f"{name}.wav", "-o", tmp_path, *options)
        assert done.returncode == 0, done.stderr
        (line,) = [one for one in done.stderr.splitlines() if one.startswith("Detected language")]
        assert "which is a weak guess: --language names the one that is spoken" in line
