"""A published release, and a real HTTP server that makes the mistakes it is told to make."""

from __future__ import annotations

import contextlib
import random
import re
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from signatures.signer import Signer

from native_build.pack import write_digests
from native_build.zsync_file import write_zsync
from transcriber.updating.fetching import ZSYNC

NAME = "transcriber-lean-x86_64.AppImage"


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def appimage(body: bytes, information: str = "") -> bytes:
    """Return a file with an ELF header, a section of update information, and `body` behind it."""
    names, text = b"\0.shstrtab\0.upd_info\0", information.encode().ljust(512, b"\0")
    table = 64 + len(names) + len(text)
    head = b"\x7fELF\x02\x01".ljust(16, b"\0")
    head += struct.pack("<2HI3QI6H", 2, 62, 1, 0, 0, table, 0, 64, 0, 0, 64, 3, 1)
    sections = (
        bytes(64),
        struct.pack("<2I4Q2I2Q", 1, 3, 0, 0, 64, len(names), 0, 0, 1, 0),
        struct.pack("<2I4Q2I2Q", 11, 1, 0, 0, 64 + len(names), len(text), 0, 0, 1, 0),
    )
    return head + names + text + b"".join(sections) + body


def publish(
    folder: Path, content: bytes, version: str = "9.0.0", *, name: str = NAME, extra: str = ""
) -> None:
    """Write a release as `make appimages` does, and sign it."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    zsync = folder / f"{name}{ZSYNC}"
    write_zsync(path, zsync)
    write_digests([path, zsync], folder / "SHA256SUMS")
    with (folder / "SHA256SUMS").open("a") as stream:
        stream.write(extra)
    Signer().sign(folder / "SHA256SUMS", f"whisper-transcriber {version}")


@dataclass
class ReleaseServer:
    """Serves a folder, with ranges.

    Attributes
    ----------
    sent : dict
        Bytes of each name that went out.
    asked : list
        The names and ranges that were asked for.
    ranges : str
        ``yes``; ``no``: all is sent, as some servers do; ``first no``: so once; ``wrong``: of
        another place; ``refused``.
    cut : int
        How many of the next bodies of more than 10 000 bytes end after 5000.
    """

    folder: Path
    sent: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    ranges: str = "yes"
    cut: int = 0
    address: str = ""

    @contextlib.contextmanager
    def running(self) -> Iterator[ReleaseServer]:
        outer = self

        class Handling(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handling) as server:
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            self.address = f"http://127.0.0.1:{server.server_port}/of the day".replace(" ", "%20")
            yield self
            server.shutdown()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rpartition("/")[2]
        asked = handler.headers.get("Range", "")
        self.asked.append((name, asked))
        path = self.folder / name
        if not path.is_file():
            handler.send_error(404)
            return
        body = path.read_bytes()
        several = [tuple(map(int, pair)) for pair in re.findall(r"(\d+)-(\d+)", asked)]
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
        if self.ranges == "first no" and name == NAME:
            match, several, self.ranges = None, [], "yes"
        if match and self.ranges == "refused":
            handler.send_error(416)
            return
        if match and self.ranges != "no":
            begin, end = int(match[1]) + (self.ranges == "wrong"), int(match[2]) + 1
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(body)}")
            body = body[begin:end]
        elif several and self.ranges == "yes":
            # As zsync asks, and we never do.
            handler.send_response(206)
            handler.send_header("Content-Type", "multipart/byteranges; boundary=xyz")
            self.sent[name] = self.sent.get(name, 0) + sum(end + 1 - at for at, end in several)
            parts = (
                b"\r\n--xyz\r\nContent-Range: bytes %d-%d/%d\r\n\r\n%b"
                % (begin, end, len(body), body[begin : end + 1])
                for begin, end in several
            )
            body = b"".join(parts) + b"\r\n--xyz--\r\n"
            name = ""
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if self.cut and len(body) > 10_000:
            self.cut -= 1
            body = body[:5000]
        # Before: whoever has read all looks at it.
        self.sent[name] = self.sent.get(name, 0) + len(body)
        handler.wfile.write(body)
