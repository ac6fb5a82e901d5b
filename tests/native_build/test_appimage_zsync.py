"""The zsync file: the bytes of zsyncmake, and an updater that fetches only what changed."""

from __future__ import annotations

import hashlib
import random
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from appimage_tools import run
from debian_programs import debian_program
from native_build.zsync_file import LARGE_FILE, hash_lengths, weak_sums, write_zsync


def reference(program: str) -> Path:
    """Return a program of the package zsync."""
    return debian_program(program, "zsync")


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def test_the_weak_sum_is_that_of_the_definition() -> None:
    content = noise(4 * 2048)
    rows = np.frombuffer(content, np.uint8).reshape(-1, 2048)
    for row, found in zip(rows, weak_sums(rows), strict=True):
        plain = sum(int(byte) for byte in row) & 0xFFFF
        weighted = sum((2048 - index) * int(byte) for index, byte in enumerate(row)) & 0xFFFF
        assert found.tobytes() == plain.to_bytes(2, "big") + weighted.to_bytes(2, "big")


def test_the_head_has_all_that_a_client_asks_for_and_no_time(tmp_path: Path) -> None:
    path = tmp_path / "a.AppImage"
    path.write_bytes(noise(10_000))
    write_zsync(path, tmp_path / "a.zsync")
    head, sums = (tmp_path / "a.zsync").read_bytes().split(b"\n\n", 1)
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines())
    sequence, weak, strong = hash_lengths(10_000, 2048)
    assert fields == {
        "zsync": "0.6.2",
        "Filename": "a.AppImage",
        "Blocksize": "2048",
        "Length": "10000",
        "Hash-Lengths": f"{sequence},{weak},{strong}",
        "URL": "a.AppImage",
        "SHA-1": hashlib.sha1(noise(10_000), usedforsecurity=False).hexdigest(),
    }
    assert len(sums) == 5 * (weak + strong)


def test_the_strong_sum_is_the_md4_of_a_block(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(2048) + b"a" * 100)
    write_zsync(path, tmp_path / "a.zsync")
    _, weak, strong = hash_lengths(2148, 2048)
    sums = (tmp_path / "a.zsync").read_bytes().split(b"\n\n", 1)[1]
    # From OpenSSL; the last block is filled with zeros.
    digests = ("e7b9e6b0e2454e20d7380922c7a0b221", "3f4199ac0ed55a16521ee9a244f181a5")
    for at, digest in enumerate(digests):
        begin = at * (weak + strong) + weak
        assert sums[begin : begin + strong] == bytes.fromhex(digest)[:strong]


def test_twice_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.AppImage"
    path.write_bytes(noise(5000))
    for name in ("one", "two"):
        write_zsync(path, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    "size", [1, 2047, 2048, 2049, 4096, 100_001, 3_000_000, 14_000_000, LARGE_FILE, LARGE_FILE + 5]
)
def test_the_bytes_are_those_of_zsyncmake(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.AppImage"
    path.write_bytes(noise(size))
    write_zsync(path, tmp_path / "ours")
    # Without looking into what could be a gzip file, which an AppImage is not.
    done = run(
        *(reference("zsyncmake"), "-Z", "-u", path.name, "-o", "theirs", path.name), cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    theirs = (tmp_path / "theirs").read_bytes()
    without_time = re.sub(rb"MTime: [^\n]*\n", b"", theirs, count=1)
    assert (tmp_path / "ours").read_bytes() == without_time


class _Ranges(BaseHTTPRequestHandler):
    """Serves one file and its zsync file, as a server does that knows ranges."""

    folder: Path
    sent = 0

    def do_GET(self) -> None:
        content = (self.folder / self.path.lstrip("/")).read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not wanted:
            # A client that asks for several ranges at once gets all; it is told so.
            self.send_response(200)
        else:
            begin, end = int(wanted[1]), int(wanted[2])
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end}/{len(content)}")
            content = content[begin : end + 1]
            type(self).sent += len(content)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    _Ranges.folder, _Ranges.sent = tmp_path / "server", 0
    _Ranges.folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ranges) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


@pytest.mark.slow
def test_an_updater_fetches_what_changed_and_no_more(server: str, tmp_path: Path) -> None:
    old = noise(2_000_000)
    # Something new in the middle moves what follows.
    new = old[:700_000] + noise(9_000, seed=2) + old[700_000:]
    (tmp_path / "old.AppImage").write_bytes(old)
    (tmp_path / "server/new.AppImage").write_bytes(new)
    write_zsync(tmp_path / "server/new.AppImage", tmp_path / "server/new.AppImage.zsync")
    done = run(
        *(reference("zsync"), "-i", "old.AppImage", f"{server}/new.AppImage.zsync"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "new.AppImage").read_bytes() == new
    assert 9_000 <= _Ranges.sent < 20_000
