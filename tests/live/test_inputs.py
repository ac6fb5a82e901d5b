"""Sound from files and pipes comes in as it is."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
import wave
from pathlib import Path
from types import SimpleNamespace

import pytest
from media import openai_samples, write_wav

from transcriber.capture.spool import Spool, wav_header
from transcriber.errors import InputError, StorageError, TranscriberError
from transcriber.live.inputs import open_input, stopped_by_signals
from transcriber.options.command_line import parse

SETTINGS = parse(["--verbose", "False", "/"])

SOUND = bytes(range(256)) * 400


def read_all(spool: Spool) -> bytes:
    content = b""
    while not spool.is_over:
        spool.wait(1)
        content += spool.read(10_000)
    assert spool.error is None
    return content


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> io.BufferedWriter:
    reading, writing = os.pipe()
    stream = os.fdopen(reading, "rb")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=stream))
    return os.fdopen(writing, "wb")


def feed(pipe: io.BufferedWriter, *blocks: bytes) -> threading.Thread:
    def write() -> None:
        with pipe:
            for block in blocks:
                pipe.write(block)
                pipe.flush()
                time.sleep(0.01)

    thread = threading.Thread(target=write)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "blocks",
    [
        (SOUND,),
        (wav_header(len(SOUND)) + SOUND,),
        # One that does not know yet how much will come.
        (wav_header(2**32)[:4], wav_header(2**32)[4:30], wav_header(2**32)[30:] + SOUND),
        (b"\x01", SOUND[1:]),
    ],
)
def test_a_pipe_of_samples(pipe: io.BufferedWriter, blocks: tuple[bytes, ...]) -> None:
    thread = feed(pipe, *blocks)
    with open_input("-", SETTINGS) as found:
        content = read_all(found.spool)
    thread.join()
    assert content[1:] == SOUND[1:]


def test_a_header_with_more_than_it_needs(pipe: io.BufferedWriter) -> None:
    whole = wav_header(len(SOUND))
    extra = b"LIST" + (26).to_bytes(4, "little") + b"INFOISFT" + bytes(18)
    thread = feed(pipe, whole[:36] + extra + whole[36:] + SOUND)
    with open_input("-", SETTINGS) as found:
        assert read_all(found.spool) == SOUND
    thread.join()


@pytest.mark.parametrize(
    ("rate", "channels", "width"), [(44100, 1, 2), (16000, 2, 2), (16000, 1, 1)]
)
def test_a_wav_of_another_form_is_refused(
    pipe: io.BufferedWriter, rate: int, channels: int, width: int
) -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as stream:
        stream.setparams((channels, width, rate, 0, "NONE", ""))
        stream.writeframes(SOUND)
    thread = feed(pipe, content.getvalue()[:4000])
    with (
        pytest.raises(InputError, match=r"16-bit samples at 16 kHz.*ffmpeg"),
        open_input("-", SETTINGS),
    ):
        pass
    thread.join()


@pytest.mark.parametrize("content", [b"", b"x", b"RIFF", wav_header(0)])
def test_an_empty_pipe(pipe: io.BufferedWriter, content: bytes) -> None:
    thread = feed(pipe, content)
    if content == b"RIFF":
        with pytest.raises(InputError), open_input("-", SETTINGS):
            pass
    else:
        with open_input("-", SETTINGS) as found:
            assert read_all(found.spool) == b""
    thread.join()


def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    thread = threading.Thread(target=path.write_bytes, args=(SOUND,))
    thread.start()
    with open_input(str(path), SETTINGS, record=tmp_path / "kept.wav") as found:
        assert read_all(found.spool) == SOUND
    thread.join()
    assert (tmp_path / "kept.wav").read_bytes() == wav_header(len(SOUND)) + SOUND


def test_a_file_is_played_at_its_pace(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "sweep.wav", seconds=1.0, rate=44100, channels=2)
    begun = time.monotonic()
    with open_input(str(path), SETTINGS) as found:
        content = read_all(found.spool)
    assert 0.9 < time.monotonic() - begun < 5
    assert content == openai_samples(path)
    begun = time.monotonic()
    with open_input(str(path), SETTINGS, pace=0) as found:
        assert read_all(found.spool) == content
    assert found.name == str(path)


def test_a_file_is_stopped(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "sweep.wav", seconds=20.0)
    with open_input(str(path), SETTINGS) as found:
        found.spool.wait(5)
        found.stop()
        content = read_all(found.spool)
    assert 0 < len(content) < 10 * 32000
    assert content == openai_samples(path)[: len(content)]


def test_a_file_that_is_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("no sound at all")
    with pytest.raises(InputError, match=r"text\.wav"), open_input(str(path), SETTINGS) as found:
        read_all(found.spool)


def test_no_place_for_the_recording(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "sweep.wav", seconds=1.0)
    with (
        pytest.raises(StorageError, match=r"kept\.wav"),
        open_input(str(path), SETTINGS, record=tmp_path / "none/kept.wav"),
    ):
        pass


def test_nothing_of_that_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TranscriberError), open_input("absent.wav", SETTINGS):
        pass


def test_the_first_signal_ends_the_sound_and_the_second_the_program() -> None:
    stops = []
    before = signal.getsignal(signal.SIGTERM)
    of_keyboard = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals(lambda: stops.append(1)):
            os.kill(os.getpid(), signal.SIGHUP)
            assert stops == []
            os.kill(os.getpid(), signal.SIGTERM)
            assert stops == [1]
            assert signal.getsignal(signal.SIGTERM) is before
        assert signal.getsignal(signal.SIGINT) is of_keyboard
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
