"""Sound that comes in is all there, whoever is slow; and the file is right whenever it is read."""

from __future__ import annotations

import io
import os
import random
import signal
import time
import wave
from pathlib import Path

import child
import pytest
from disks import small_disk

from transcriber.capture import spool as module
from transcriber.capture.spool import Spool, wav_header
from transcriber.errors import CaptureError, StorageError


def all_of(spool: Spool, most: int = 10**9) -> bytes:
    content = b""
    while not spool.is_over:
        spool.wait(5)
        content += spool.read(most)
    return content


def frames(path: Path) -> bytes:
    with wave.open(str(path), "rb") as stream:
        assert stream.getparams()[:3] == (1, 2, 16000)
        return stream.readframes(stream.getnframes())


@pytest.mark.parametrize("kept", [False, True])
def test_all_that_comes_can_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: bool
) -> None:
    # So that the temporary file is emptied on the way.
    monkeypatch.setattr(module, "_RECLAIMED", 5000)
    generator = random.Random(1)
    sound = generator.randbytes(100_000)
    reading, writing = os.pipe()
    path = tmp_path / "all.wav" if kept else None
    content = b""
    with Spool(reading, path) as spool:
        place = 0
        while place < len(sound):
            size = generator.randrange(1, 9000)
            os.write(writing, sound[place : place + size])
            place += size
            spool.wait(0.01)
            piece = spool.read(generator.randrange(0, 12000))
            assert len(piece) % 2 == 0
            content += piece
        os.close(writing)
        content += all_of(spool, 7000)
        assert spool.error is None
        assert spool.seconds == len(sound) / 32000
        assert spool.behind == 0.0
    os.close(reading)
    assert content == sound
    if path:
        assert frames(path) == sound


def test_what_was_read_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RECLAIMED", 1000)
    reading, writing = os.pipe()
    with Spool(reading) as spool:
        for _ in range(5):
            os.write(writing, bytes(1200))
            spool.wait(5)
            assert len(spool.read(10**6)) == 1200
        assert os.fstat(spool._file.fileno()).st_size == 0
        os.close(writing)
    os.close(reading)


def test_level_and_place_while_it_goes_on() -> None:
    reading, writing = os.pipe()
    with Spool(reading) as spool:
        assert (spool.seconds, spool.level, spool.is_over) == (0.0, 0.0, False)
        os.write(writing, b"\x00\x40" * 16000)
        while spool.seconds < 1:
            time.sleep(0.01)
        assert (spool.level, spool.behind) == (0.5, 1.0)
        spool.read(8000)
        assert spool.behind == 0.75
        # Only the last tenth of a second counts; and half a sample does no harm.
        os.write(writing, bytes(3300) + b"\x40")
        while spool.seconds < 1.1:
            time.sleep(0.01)
        assert spool.level == 0.0
        os.close(writing)
        all_of(spool)
        assert spool.level == 0.0
    os.close(reading)


def test_waiting_ends_when_there_is_more_or_time_is_over() -> None:
    reading, writing = os.pipe()
    with Spool(reading) as spool:
        start = time.monotonic()
        spool.wait(0.05)
        assert 0.04 < time.monotonic() - start < 2
        os.write(writing, b"ab")
        spool.wait(60)
        assert spool.read(10) == b"ab"
        os.close(writing)
        spool.wait(60)
        assert spool.is_over
    os.close(reading)


def test_closing_the_input_keeps_what_has_come() -> None:
    reading, writing = os.pipe()
    with Spool(reading) as spool:
        os.write(writing, b"abcd")
        spool.close_input()
        assert all_of(spool) == b"abcd"
        os.write(writing, b"efgh")
        spool.wait(0.2)
        assert spool.read(10) == b""
        assert spool.error is None
    os.close(writing)
    os.close(reading)


def test_what_a_file_has_read_ahead_comes_first() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"headabcd")
    with os.fdopen(reading, "rb") as stream:
        assert stream.read(4) == b"head"
        with Spool(stream) as spool:
            os.write(writing, b"ef")
            os.close(writing)
            assert all_of(spool) == b"abcdef"


def test_no_descriptor_is_needed() -> None:
    with Spool(io.BytesIO(b"abcdef")) as spool:
        assert all_of(spool) == b"abcdef"


def test_a_stream_that_breaks() -> None:
    class Broken(io.BytesIO):
        def read1(self, size: int | None = -1, /) -> bytes:
            raise OSError("it broke")

    with Spool(Broken()) as spool:
        all_of(spool)
        assert isinstance(spool.error, CaptureError)
        assert "no more sound can be read: it broke" in str(spool.error)


def test_who_is_to_blame_is_asked_at_the_end() -> None:
    with Spool(io.BytesIO(b"ab"), blame=lambda: CaptureError("it left")) as spool:
        assert all_of(spool) == b"ab"
        assert str(spool.error) == "it left"


@pytest.mark.parametrize("kept", [False, True])
def test_a_full_disk_ends_it_with_all_that_fits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: bool
) -> None:
    sound = random.Random(2).randbytes(2**21)
    with small_disk(tmp_path / "disk") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        path = disk / "all.wav" if kept else None
        with Spool(io.BytesIO(sound), path) as spool:
            while spool.error is None:
                time.sleep(0.01)
            assert isinstance(spool.error, StorageError)
            assert "No space left" in str(spool.error)
            content = all_of(spool)
            assert len(content) > 2**20 - 2**17
            assert sound.startswith(content)
        if path:
            assert sound.startswith(frames(path))


def test_no_place_for_it(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        Spool(io.BytesIO(), tmp_path / "no folder" / "all.wav")
    assert "no folder/all.wav: No such file" in str(caught.value)


def test_the_file_is_right_after_a_kill(tmp_path: Path) -> None:
    code = """
        import sys, time
        from pathlib import Path
        from transcriber.capture.spool import Spool
        with Spool(0, Path(sys.argv[1])) as spool:
            while spool.seconds < 1:
                time.sleep(0.01)
            print("heard", flush=True)
            time.sleep(60)
    """
    path = tmp_path / "killed.wav"
    reading, writing = os.pipe()
    process = child.start(code, path, stdin=reading)
    os.close(reading)
    sound = random.Random(3).randbytes(32000)
    os.write(writing, sound)
    assert process.stdout is not None
    assert process.stdout.readline() == "heard\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    os.close(writing)
    assert frames(path) == sound


def test_a_header_of_more_than_it_can_say() -> None:
    header = wav_header(2**33)
    told, size = (int.from_bytes(header[place : place + 4], "little") for place in (4, 40))
    assert told == size + 36 == 2**32 - 8
