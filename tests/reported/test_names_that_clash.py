"""Transcripts overwrote each other, or the recording that they are of, or were refused."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Run
from utterance import Utterance

from transcriber.inputs.recordings import find_recordings

OPTIONS = ["--model", "tiny.en", "--threads", "1", "--beam_size", "None", "-f", "txt"]


@pytest.mark.parametrize(
    ("files", "inputs", "stems"),
    [
        # A recording that is called like its transcript, or like that of another.
        (["a.txt"], ["a.txt"], ["a.txt"]),
        (["a.mp4", "a.txt"], ["a.mp4", "a.txt"], ["a.mp4", "a.txt"]),
        (["a.mp4", "a.mp4.txt"], ["a.mp4", "a.mp4.txt"], ["a", "a.mp4.txt"]),
        (["a.mp4", "a.ogg", "a.mp4.txt"], ["a.mp4", "a.ogg", "a.mp4.txt"], None),
        # Folders that are called alike themselves, as a recorder numbers them.
        (["jan/1/a.wav", "feb/1/a.wav"], ["jan", "feb"], ["jan/1/a.wav", "feb/1/a.wav"]),
        (["jan/1/a.wav", "feb/1/a.wav"], ["*/1/*.wav"], ["feb/1/a.wav", "jan/1/a.wav"]),
        # One recording, named in two ways.
        (["1/a.wav", "1/b.ogg"], ["1", "1/../1/a.wav", "./1/b.ogg"], ["a", "b"]),
    ],
    ids=str,
)
def test_every_recording_has_a_transcript_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: Sequence[str],
    inputs: Sequence[str],
    stems: Sequence[str] | None,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    found = [str(one.stem) for one in find_recordings(inputs, output=Path())]
    assert len(found) == len(set(found)) == len(files)
    assert stems is None or found == stems
    written = {f"{stem}.{ending}" for stem in found for ending in ("txt", "srt", "json")}
    assert written.isdisjoint(files)


def test_a_recording_survives_its_transcript(
    run: Run, models: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    for name in ("talk.txt", "talk.wav"):
        shutil.copyfile(utterances[0].path, tmp_path / name)
    sound = (tmp_path / "talk.txt").read_bytes()
    for given, changed in (("talk.txt", "talk.txt"), ("talk.wav", "")):
        done = run(tmp_path / given, "-o", tmp_path, *OPTIONS, "--model_dir", models)
        assert done.returncode == 0, done.stderr
        assert ("so as not to overwrite what is read" in done.stderr) == bool(changed)
        if changed:
            assert (tmp_path / "talk.txt").read_bytes() == sound
            assert (tmp_path / "talk.txt.txt").read_text().strip()
    # What was not named is replaced as openai-whisper does, but not without a line.
    assert "replaces" in done.stderr
    again = run(tmp_path / "talk.wav", "-o", tmp_path, *OPTIONS, "--skip_existing")
    assert "skipped" in again.stderr
