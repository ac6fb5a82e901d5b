"""What the cases work on: models, recordings, and an ffmpeg that openai-whisper finds."""

from __future__ import annotations

import contextlib
import os
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from buildkit.errors import InputError
from transcriber.audio.ffmpeg import find_ffmpeg

ENGLISH = "tiny.en"
MULTILINGUAL = "base"


@dataclass(frozen=True, kw_only=True)
class Material:
    """What the cases work on.

    Attributes
    ----------
    models : Path
        Folder with ``tiny.en.pt`` and ``base.pt``.
    recordings : tuple of Path
        Speech, the shortest first.
    tests : Path
        Folder of the program's own tests.
    scratch : Path
        An empty folder for results.
    """

    models: Path
    recordings: tuple[Path, ...]
    tests: Path
    scratch: Path


def material(*, models: Path, speech: Path, tests: Path, scratch: Path) -> Material:
    """Look for what the cases need.

    Raises
    ------
    InputError
        When a model, the recordings or the tests are not where they should be.
    """
    absent = [name for name in (ENGLISH, MULTILINGUAL) if not (models / f"{name}.pt").exists()]
    if absent:
        raise InputError(f"{models} has no {absent[0]}.pt", "run: make setup")
    recordings = sorted(speech.glob("*.wav"), key=lambda path: (path.stat().st_size, path.name))
    if len(recordings) < 2:
        raise InputError(f"{speech} has fewer than two recordings in WAV", "run: make setup")
    if not (tests / "conftest.py").exists():
        raise InputError(f"{tests} is not the folder of the program's tests", "name another folder")
    # The models' store keeps notes beside the files, which the folder that is shared need not get.
    own = scratch / "models"
    own.mkdir()
    for name in (ENGLISH, MULTILINGUAL):
        (own / f"{name}.pt").symlink_to((models / f"{name}.pt").resolve())
    return Material(models=own, recordings=tuple(recordings), tests=tests, scratch=scratch)


def lengthened(given: Material, *, seconds: int) -> Path:
    """Return a recording that is at least so long: the speech again and again, then silence."""
    path = given.scratch / f"{seconds}.wav"
    with wave.open(str(path), "wb") as target:
        for recording in given.recordings:
            with wave.open(str(recording), "rb") as source:
                if not target.tell():
                    target.setparams(source.getparams())
                target.writeframes(source.readframes(source.getnframes()))
        rest = seconds * target.getframerate() - target.tell()
        target.writeframes(bytes(max(rest, 0) * target.getsampwidth() * target.getnchannels()))
    return path


@contextlib.contextmanager
def ffmpeg_on_path(folder: Path) -> Iterator[None]:
    """Let openai-whisper, which starts ``ffmpeg`` by that name, find the one that we use."""
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir(exist_ok=True)
    program.symlink_to(find_ffmpeg().path)
    path = f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    with mock.patch.dict(os.environ, {"PATH": path}):
        yield
