"""Real speech, played into real sound servers, comes back from them whole."""

from __future__ import annotations

import subprocess
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from desktops import Desktop, desktop, lacking
from numpy.typing import NDArray
from utterance import Utterance

from transcriber.capture.recorder import Recorder
from transcriber.capture.sources import find_source, sources
from transcriber.errors import CaptureError

Samples = NDArray[np.float64]

SECONDS = 3
QUARTER = 4000
"""Samples of a quarter of a second."""

LOUD = 1000
"""What the loudest sample of speech is above."""

PULSEAUDIO = ("pulseaudio", "pactl", "parec", "paplay")
PIPEWIRE = ("pipewire", "wireplumber", "dbus-daemon", "pw-dump", "pw-record", "pw-play", "pw-cli")


def needs(*programs: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(bool(lacking(*programs)), reason=lacking(*programs))


@pytest.fixture
def session() -> Iterator[Desktop]:
    with desktop() as found:
        yield found


@pytest.fixture
def speech(utterances: list[Utterance], tmp_path: Path) -> Path:
    path = tmp_path / "speech.wav"
    with wave.open(str(utterances[0].path), "rb") as whole, wave.open(str(path), "wb") as part:
        part.setparams(whole.getparams())
        part.writeframes(whole.readframes(SECONDS * whole.getframerate()))
    return path


def samples(raw: bytes) -> Samples:
    return np.frombuffer(raw, dtype=np.int16).astype(np.float64)


def samples_of(path: Path) -> Samples:
    with wave.open(str(path), "rb") as stream:
        return samples(stream.readframes(stream.getnframes()))


def share_heard(played: Samples, heard: Samples) -> float:
    """Return how much of the speech in `played` is in `heard`, in quarters of a second."""
    length = 1 << (len(played) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard, length)
    sums = np.concatenate(([0.0], np.cumsum(heard**2)))
    sizes = np.sqrt(np.maximum(sums[QUARTER:] - sums[:-QUARTER], 1.0))
    likenesses = []
    for piece in np.split(played[: len(played) // QUARTER * QUARTER], len(played) // QUARTER):
        if np.abs(piece).max() > LOUD:
            product = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece, length)), length)
            likeness = product[: len(sizes)] / (sizes * np.sqrt(np.sum(piece**2)))
            likenesses.append(likeness.max())
    assert len(likenesses) >= SECONDS
    return float(np.mean(np.array(likenesses) > 0.98))


def enter(session: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this process one of the session."""
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, text in session.environment.items():
        monkeypatch.setenv(name, text)


def hear(
    wanted: str, player: list[str], path: Path, before: Callable[[], None] = lambda: None
) -> Samples:
    with Recorder(find_source(wanted), path) as recorder:
        before()
        subprocess.run(player, check=True, timeout=30)
        recorder.stop()
        recorder.spool.wait(5)
        heard = b""
        while not recorder.spool.is_over:
            heard += recorder.spool.read(10_000)
        assert recorder.spool.error is None
    assert np.array_equal(samples_of(path), samples(heard))
    return samples(heard)


@needs(*PULSEAUDIO)
@pytest.mark.parametrize(
    ("wanted", "sink"),
    [
        ("microphone", "cable"),
        ("desk microphone", "cable"),
        ("system", "speakers"),
        ("cable.monitor", "cable"),
    ],
)
def test_pulseaudio(
    session: Desktop, speech: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, sink: str
) -> None:
    session.start_pulseaudio()
    session.offer("parec", "paplay")
    enter(session, monkeypatch)
    heard = hear(wanted, ["paplay", f"--device={sink}", str(speech)], speech.with_name("kept.wav"))
    assert share_heard(samples_of(speech), heard) == 1.0


@needs(*PIPEWIRE)
@pytest.mark.parametrize(("wanted", "sink"), [("desk microphone", "cable"), ("system", "speakers")])
def test_pipewire(
    session: Desktop, speech: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, sink: str
) -> None:
    session.start_pipewire()
    session.offer("pw-record", "pw-dump", "pw-play")
    enter(session, monkeypatch)
    assert {one.tool for one in sources()} == {"pw-record"}
    heard = hear(wanted, ["pw-play", "--target", sink, str(speech)], speech.with_name("kept.wav"))
    # Without a priority of its own it leaves something out on a machine that is busy.
    assert share_heard(samples_of(speech), heard) > 0.5


@needs(*PIPEWIRE)
def test_what_the_computer_plays_is_heard_when_it_plays_through_something_else(
    session: Desktop, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.start_pipewire()
    session.offer("pw-record", "pw-dump", "pw-play")
    enter(session, monkeypatch)
    player = ["pw-play", "--target", "cable", str(speech)]
    kept = speech.with_name("kept.wav")

    def change() -> None:
        session.choose("sink", "cable")
        time.sleep(0.5)

    assert share_heard(samples_of(speech), hear("system", player, kept, change)) > 0.5


@needs(*PIPEWIRE)
def test_a_microphone_that_is_unplugged_does_not_become_another(
    session: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transcriber.capture.recorder._PATIENCE", 1.0)
    session.start_pipewire()
    session.offer("pw-record", "pw-dump")
    enter(session, monkeypatch)
    with Recorder(find_source("microphone")) as recorder:
        session.run("pw-cli", "destroy", "microphone")
        end = time.monotonic() + 20
        while recorder.spool.error is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert "pw-record no longer records Desk microphone: " in str(recorder.spool.error)
        assert recorder.spool.seconds < 2


@needs("arecord")
def test_alsa(session: Desktop, speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = session.folder / "played.raw"
    raw.write_bytes(samples_of(speech).astype(np.int16).tobytes())
    device = f'{{ type file slave.pcm null file /dev/null infile "{raw}" format raw }}'
    shape = "rate 16000 format S16_LE channels 1"
    told = '{ show on description "The desk" }'
    configuration = f"pcm.!default {{ type plug slave {{ pcm {device} {shape} }} hint {told} }}\n"
    (session.folder / "home/.asoundrc").write_text(configuration)
    session.offer("arecord")
    enter(session, monkeypatch)
    assert [(one.tool, one.name, one.description) for one in sources()] == [
        ("arecord", "default", "The desk")
    ]
    # It hears all of it at once: nothing there has a clock.
    with Recorder(find_source("microphone")) as recorder:
        while recorder.spool.seconds < SECONDS:
            time.sleep(0.01)
        recorder.stop()
        heard = recorder.spool.read(SECONDS * 32000)
    assert heard == raw.read_bytes()
    with pytest.raises(CaptureError, match="arecord cannot record what the computer plays"):
        find_source("system")


@needs(*PULSEAUDIO)
def test_a_sound_server_that_ends(session: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    session.start_pulseaudio()
    session.offer("parec")
    enter(session, monkeypatch)
    with Recorder(find_source("microphone")) as recorder:
        session.close()
        end = time.monotonic() + 20
        while recorder.spool.error is None:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert "parec no longer records Desk microphone: " in str(recorder.spool.error)
    with pytest.raises(CaptureError, match="see why parec cannot reach a sound server"):
        find_source("microphone")
