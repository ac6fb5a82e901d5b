"""Asking the user's own running service, as the command line does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import socket
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcriber.errors import DependencyError, InputError, NetworkError, UsageError
from transcriber.jobs.folders import in_use
from transcriber.service.address_file import SOCKET_SIGN, read_address

_BLOCK = 1 << 20

_SOON = 0.5
"""Seconds for what is good to know, and no more."""


@dataclass(frozen=True, kw_only=True)
class OwnClient:
    """A running service.

    Attributes
    ----------
    host : str
        Its address and port, or its socket with each / as %2F.
    key : str
        Of the service, where it wants one.
    patience : float
        Seconds to wait for an answer: the service writes some down on the disk first.
    """

    host: str
    key: str = ""
    patience: float = 60.0

    def ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        """Ask for something; return what JSON the answer has, or None.

        Raises
        ------
        UsageError
            When the service refuses, with its reason.
        NetworkError
            When it gives no answer, or fails itself.
        """
        body = json.dumps(content).encode() if content is not None else None
        answer = self._send(method, path, body, {"Content-Type": "application/json"})
        return json.loads(answer) if answer else None

    def get(self, path: str) -> bytes:
        """Return the content of an address; errors are those of `ask`."""
        return self._send("GET", path, None, {})

    def upload(self, path: str, recording: Path, fields: Mapping[str, str]) -> Any:
        """Send a recording with further fields; return the JSON of the answer.

        Raises
        ------
        InputError
            When the recording cannot be read.
        UsageError, NetworkError
            As `ask` does.
        """
        boundary = secrets.token_hex(16)
        head = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ).encode()
        name = os.fsencode(recording.name)
        for sign in b'"\r\n':
            # As browsers do (HTML standard, 4.10.21.8).
            name = name.replace(bytes([sign]), b"%%%02X" % sign)
        opening = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="'
        head += opening.encode() + name + b'"\r\n\r\n'
        tail = f"\r\n--{boundary}--\r\n".encode()
        try:
            with recording.open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                headers = {
                    "Content-Type": f"multipart/form-data; boundary={boundary}",
                    "Content-Length": str(len(head) + size + len(tail)),
                }
                body = _pieces(head, iter(lambda: stream.read(_BLOCK), b""), tail)
                return json.loads(self._send("POST", path, body, headers))
        except OSError as error:
            raise InputError(f"cannot read {recording}: {error.strerror}", "check it") from error

    def _send(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> bytes:
        if self.key:
            headers = {**headers, "Authorization": f"Bearer {self.key}"}
        try:
            with contextlib.closing(_connection(self.host, self.patience)) as link:
                link.request(method, path, body, dict(headers))
                answer = link.getresponse()
                content = answer.read()
        except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
            raise NetworkError(
                f"the service at {self.host} gives no answer: {error}", "look whether it runs"
            ) from error
        if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise NetworkError(f"the service fails: {_reason(content)}", "see its log")
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise UsageError(f"the service refuses: {_reason(content)}")
        return content


class _SocketConnection(http.client.HTTPConnection):
    """A connection to a socket of the file system."""

    def __init__(self, path: str, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _connection(host: str, patience: float) -> http.client.HTTPConnection:
    if host.startswith(SOCKET_SIGN):
        return _SocketConnection(urllib.parse.unquote(host), patience)
    return http.client.HTTPConnection(host, timeout=patience)


def own_service(folder: Path, key: str = "") -> OwnClient:
    """Return the service that runs on the jobs of a folder.

    Raises
    ------
    DependencyError
        When none runs there.
    """
    host = _host(folder)
    if not host:
        raise DependencyError(
            f"no service runs on the jobs in {folder}", "start one: transcriber ui, or serve"
        )
    return OwnClient(host=host, key=key)


def _host(folder: Path) -> str:
    """Return the address and port of the service on a folder; nothing where none runs."""
    # Another one may be at the address of one that was killed.
    return urllib.parse.urlsplit(read_address(folder)).netloc if in_use(folder) else ""


def unfinished_jobs(folder: Path, key: str = "") -> int:
    """Return how many jobs the service on a folder has yet to do; 0 where none says so at once."""
    host = _host(folder)
    if not host:
        return 0
    try:
        jobs = OwnClient(host=host, key=key, patience=_SOON).ask("GET", "/api/jobs")["jobs"]
    except (UsageError, NetworkError):
        return 0
    return sum(job["state"] in ("waiting", "running") for job in jobs)


def _pieces(head: bytes, middle: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from middle
    yield tail


def _reason(content: bytes) -> str:
    try:
        return str(json.loads(content)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return content[:200].decode(errors="replace")
