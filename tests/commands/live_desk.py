"""A desk with a microphone into which a test speaks, for the tests of live captions."""

from __future__ import annotations

import difflib
import os
import re
import signal
import subprocess
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import program
from desktops import Desktop, lacking
from utterance import Utterance

SOUND = ("pulseaudio", "pactl", "parec", "paplay")


def needs(*programs: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(bool(lacking(*programs)), reason=lacking(*programs))


def speech(utterances: Sequence[Utterance], path: Path, *, pause: float) -> Path:
    """Write utterances with pauses between them."""
    with wave.open(str(path), "wb") as whole:
        for utterance in utterances:
            with wave.open(str(utterance.path), "rb") as part:
                if not whole.tell():
                    whole.setparams(part.getparams())
                else:
                    whole.writeframes(bytes(2 * round(pause * part.getframerate())))
                whole.writeframes(part.readframes(part.getnframes()))
    return path


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def alike(text: str, other: str) -> float:
    return difflib.SequenceMatcher(None, words_of(text), words_of(other)).ratio()


def start(session: Desktop, *words: str | Path) -> subprocess.Popen[str]:
    """Start the program in a session."""
    return subprocess.Popen(
        program(words),
        env=session.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def speak(session: Desktop, path: Path, *, sink: str = "cable") -> None:
    subprocess.run(
        ["paplay", f"--device={sink}", str(path)],
        env=session.environment,
        executable=session.folder / "bin/paplay",
        timeout=60,
        check=True,
    )


def kill_recorder(process: subprocess.Popen[str]) -> None:
    """Kill the child that records, as soon as there is one."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
        children = [int(child) for task in tasks for child in task.read_text().split()]
        recorders = [
            child for child in children if b"parec" in Path(f"/proc/{child}/cmdline").read_bytes()
        ]
        if recorders:
            os.kill(recorders[0], signal.SIGKILL)
            return
        time.sleep(0.05)
    raise AssertionError("nothing records")
