"""Uploads of gigabytes: straight to the disk, or refused where that has no room."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands.test_serve import Running, serving

from service.programs import Watch, left, options
from transcriber.service.http.limits import MIB
from transcriber.service.http.storing import KEEP_FREE, free_bytes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("curl") is None, reason="no curl"),
]

WANTED = 5_000 * MIB
LEAST = 200 * MIB

CHANNELS, RATE, BYTES = 8, 192_000, 4
"""Six megabytes for a second, so that there are not hours to listen to."""


@pytest.fixture
def server(tmp_path: Path, models: Path) -> Iterator[Running]:
    with serving(tmp_path / "data", *options(models)) as running:
        yield running


def silence(path: Path, size: int) -> float:
    """Write a WAV file of `size` bytes that takes none, and return its seconds (EBU 3306)."""
    second = CHANNELS * RATE * BYTES
    layout = struct.pack("<HHIIHH", 1, CHANNELS, RATE, second, CHANNELS * BYTES, 8 * BYTES)
    head_bytes = 12 + 36 + 24 + 8
    count = (size - head_bytes) // (CHANNELS * BYTES)
    sound = count * CHANNELS * BYTES
    unknown = b"\xff\xff\xff\xff"
    head = b"RF64" + unknown + b"WAVEds64" + struct.pack("<IQQQI", 28, size - 8, sound, count, 0)
    head += b"fmt " + struct.pack("<I", len(layout)) + layout + b"data" + unknown
    assert len(head) == head_bytes
    with path.open("wb") as stream:
        stream.write(head)
        stream.truncate(head_bytes + sound)
    return sound / second


def curl(server: Running, path: Path) -> tuple[int, dict[str, object]]:
    address = f"http://127.0.0.1:{server.port}/v1/audio/transcriptions"
    done = subprocess.run(
        ["curl", "--silent", "--write-out", "\n%{http_code}", "-F", f"file=@{path}", address],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_a_recording_of_gigabytes_takes_no_memory(server: Running, tmp_path: Path) -> None:
    room = free_bytes(tmp_path) - KEEP_FREE - 1024 * MIB
    size = min(WANTED, room)
    if size < LEAST:
        pytest.skip(f"the disk has room for {room:,} bytes only")
    seconds = silence(tmp_path / "large.wav", size)
    started = time.monotonic()
    with Watch(server) as watch:
        status, answer = curl(server, tmp_path / "large.wav")
    taken = time.monotonic() - started
    print(f"{size / MIB:.0f} MiB in {taken:.0f} s, {watch.own:.0f} MiB of memory")
    assert status == 200, answer
    assert answer["text"] == ""
    assert answer["usage"] == {"type": "duration", "seconds": pytest.approx(seconds, abs=1)}
    assert watch.own < 80
    assert watch.mib < 700
    assert watch.bytes > size * 0.9
    assert left(server) == []


def test_what_the_disk_has_no_room_for_is_refused_at_once(server: Running, tmp_path: Path) -> None:
    path = tmp_path / "large.wav"
    try:
        silence(path, free_bytes(tmp_path) + 64 * MIB)
    except OSError as error:
        pytest.skip(f"this file system has no such files: {error.strerror}")
    with Watch(server) as watch:
        status, answer = curl(server, path)
    assert status == 507
    told = answer["error"]
    assert isinstance(told, dict)
    assert told["code"] == "insufficient_storage"
    assert "lacks" in told["message"]
    assert watch.bytes < MIB
    assert left(server) == []
