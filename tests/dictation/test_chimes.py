"""The two tones of a dictation."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from desktops import Desktop, desktop, lacking

from transcriber.dictation import chimes


def samples_of(content: bytes) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    with wave.open(io.BytesIO(content)) as stream:
        assert (stream.getnchannels(), stream.getsampwidth()) == (1, 2)
        assert stream.getframerate() == 22050
        return np.frombuffer(stream.readframes(stream.getnframes()), "<i2")


def loudest(samples: np.ndarray[tuple[int], np.dtype[np.int16]], rate: int) -> float:
    """Return the frequency that is loudest."""
    spectrum = np.abs(np.fft.rfft(samples.astype(float), 1 << 16))
    return float(np.argmax(spectrum) * rate / (1 << 16))


@pytest.mark.parametrize("name", chimes.TONES)
def test_a_chime_is_two_notes_that_begin_and_end_softly(name: str) -> None:
    samples = samples_of(chimes.wave(name))
    assert 0.1 < len(samples) / 22050 < 0.4
    half = len(samples) // 2
    for part, note in zip((samples[:half], samples[half:]), chimes.TONES[name], strict=True):
        assert loudest(part, 22050) == pytest.approx(note, abs=8)
        assert abs(int(part[0])) < 10
        assert abs(int(part[-1])) < 10
        assert 3000 < np.abs(part).max() < 10000


def test_start_and_stop_sound_different() -> None:
    assert chimes.wave("start") != chimes.wave("stop")


def player(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_the_best_player_is_given_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    script = f'echo "$0 $@" >> {tmp_path}/calls; /bin/cat "$1" > {tmp_path}/heard'
    player(folder, "paplay", script)
    player(folder, "aplay", script)
    monkeypatch.setenv("PATH", str(folder))
    assert chimes.play("stop")
    awaited(lambda: (tmp_path / "heard").exists() and (tmp_path / "heard").stat().st_size > 1000)
    assert (tmp_path / "heard").read_bytes() == chimes.wave("stop")
    assert (tmp_path / "calls").read_text() == f"{folder}/paplay /proc/self/fd/0\n"


def test_without_a_player_there_is_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not chimes.play("start")


def test_a_player_that_does_not_start_is_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player(tmp_path / "bin", "aplay", "")
    (tmp_path / "bin/aplay").write_text("#!/nowhere/at/all\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert not chimes.play("start")


def test_nobody_waits_for_a_player_that_hangs_and_it_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chimes, "_PATIENCE", 1.5)
    player(tmp_path / "bin", "aplay", f"echo $$ > {tmp_path}/pid; exec /bin/sleep 60")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    begun = time.monotonic()
    assert chimes.play("start")
    assert time.monotonic() - begun < 1.2
    awaited(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip() != "")
    pid = int((tmp_path / "pid").read_text())
    # Not even a zombie of it is left.
    awaited(lambda: not Path(f"/proc/{pid}").exists())


def awaited(ready: object) -> None:
    assert callable(ready)
    end = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    with desktop() as one:
        one.start_pulseaudio()
        for name, text in one.environment.items():
            monkeypatch.setenv(name, text)
        yield one


@pytest.mark.skipif(
    bool(lacking("pulseaudio", "paplay", "parec")), reason=lacking("pulseaudio", "paplay", "parec")
)
def test_pulseaudio_plays_it(session: Desktop, tmp_path: Path) -> None:
    session.offer("paplay", "parec")
    words = ("--raw", "--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=20")
    with (tmp_path / "heard").open("wb") as heard:
        recorder = subprocess.Popen(
            [str(session.folder / "bin/parec"), "-d", "speakers.monitor", *words],
            stdout=heard,
            env=session.environment,
        )
    try:
        awaited(lambda: (tmp_path / "heard").stat().st_size > 3200)
        assert chimes.play("start")
        awaited(lambda: bool(np.any(np.fromfile(tmp_path / "heard", "<i2"))))
        size = (tmp_path / "heard").stat().st_size
        awaited(lambda: (tmp_path / "heard").stat().st_size > size + 16000)
    finally:
        os.kill(recorder.pid, signal.SIGTERM)
        recorder.wait()
    samples = np.fromfile(tmp_path / "heard", "<i2")
    (sounding,) = np.nonzero(np.abs(samples) > 500)
    assert (sounding[-1] - sounding[0]) / 16000 == pytest.approx(0.16, abs=0.04)
    middle = (sounding[0] + sounding[-1]) // 2
    assert loudest(samples[sounding[0] : middle], 16000) == pytest.approx(587, abs=12)
    assert loudest(samples[middle : sounding[-1]], 16000) == pytest.approx(880, abs=12)


def test_threads_do_not_hold_up_the_end_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player(tmp_path / "bin", "aplay", "exec /bin/sleep 0.3")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    before = set(threading.enumerate())
    assert chimes.play("start")
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)
