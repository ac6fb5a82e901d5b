"""What a child records is all there; and what keeps it from recording is told in one line."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcriber.capture.recorder import Recorder
from transcriber.capture.sources import Source
from transcriber.errors import CaptureError, StorageError

SOURCE = Source(tool="arecord", name="a b", description="The desk")


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Return the place of the tool, which stands in for arecord."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    before = len(list(Path("/proc/self/fd").iterdir()))
    yield folder / "arecord"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def write(path: Path, code: str) -> None:
    path.write_text(f"#!/bin/sh\n{code}\n")
    path.chmod(0o755)


def read_all(recorder: Recorder) -> bytes:
    content = b""
    end = time.monotonic() + 20
    while not recorder.spool.is_over:
        assert time.monotonic() < end
        recorder.spool.wait(1)
        content += recorder.spool.read(100_000)
    return content


def test_stopping_drains(tool: Path) -> None:
    write(tool, "printf abcd; trap 'printf last; exit 1' TERM; while :; do sleep 0.02; done")
    with Recorder(SOURCE) as recorder:
        assert recorder.spool.read(9) == b"abcd"
        recorder.stop()
        recorder.stop()
        assert read_all(recorder) == b"last"
        assert recorder.spool.error is None


def test_one_that_does_not_end_is_killed(tool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transcriber.capture.recorder._GRACE", 0.1)
    write(tool, "printf abcd; trap '' TERM; exec tail -f /dev/null")
    with Recorder(SOURCE) as recorder:
        recorder.stop()
        assert read_all(recorder) == b"abcd"
        assert recorder.spool.error is None


def test_leaving_ends_it(tool: Path, tmp_path: Path) -> None:
    write(tool, f"echo $$ > '{tmp_path}/id'; printf abcd; exec tail -f /dev/null")
    with Recorder(SOURCE, tmp_path / "kept.wav"):
        number = (tmp_path / "id").read_text().strip()
        assert Path("/proc", number).exists()
    assert not Path("/proc", number).exists()
    assert (tmp_path / "kept.wav").read_bytes()[44:] == b"abcd"


def test_it_is_told_what_to_record(tool: Path) -> None:
    write(tool, 'printf "%s\\n" "$@"')
    with Recorder(SOURCE) as recorder:
        words = read_all(recorder).decode().split("\n")
    assert words[words.index("-D") + 1] == "a b"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("echo first >&2; echo ' no such device ' >&2; exit 1", "no such device"),
        ("exit 0", "no more sound comes"),
    ],
)
def test_one_that_cannot_record(tool: Path, code: str, reason: str) -> None:
    write(tool, code)
    with pytest.raises(CaptureError) as caught, Recorder(SOURCE):
        pass
    assert str(caught.value).startswith(f"arecord no longer records The desk: {reason}: choose")


def test_one_that_dies_later(tool: Path) -> None:
    write(tool, "printf abcd; sleep 0.5; echo unplugged >&2; exit 1")
    with Recorder(SOURCE) as recorder:
        assert read_all(recorder) == b"abcd"
        assert "no longer records The desk: unplugged" in str(recorder.spool.error)
        recorder.stop()


def test_one_that_goes_silent_has_lost_its_microphone(
    tool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transcriber.capture.recorder._PATIENCE", 0.3)
    monkeypatch.setattr("transcriber.capture.recorder._END", 0.1)
    write(tool, "for i in 1 2 3 4 5; do printf ab; sleep 0.1; done; exec tail -f /dev/null")
    with Recorder(SOURCE) as recorder:
        assert recorder.spool.read(2) + read_all(recorder) == b"ababababab"
        assert "no longer records The desk: no more sound comes" in str(recorder.spool.error)


def test_one_that_is_slow_to_hear_is_not_waited_for(tool: Path) -> None:
    write(tool, "sleep 2; printf abcd; exec tail -f /dev/null")
    start = time.monotonic()
    with Recorder(SOURCE) as recorder:
        assert time.monotonic() - start < 1.5
        assert recorder.spool.seconds == 0.0


def test_no_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CaptureError) as caught, Recorder(SOURCE):
        pass
    assert str(caught.value).startswith("cannot start arecord: No such file")


def test_no_place_for_it(tool: Path, tmp_path: Path) -> None:
    write(tool, "exec tail -f /dev/null")
    with pytest.raises(StorageError), Recorder(SOURCE, tmp_path / "none" / "kept.wav"):
        pass
