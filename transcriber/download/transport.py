"""Opening an address and reading what it sends, with a time limit on each step.

The standard library's `urllib` brings TLS, redirects and the proxies of the environment
(``http_proxy``, ``https_proxy``, ``no_proxy``) without another dependency.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import urlsplit

from transcriber import __version__
from transcriber.download.certificates import tls_context
from transcriber.download.faults import TransientError, UnreachableError, describe, explain
from transcriber.download.policy import DownloadPolicy

Response = Any
"""`http.client.HTTPResponse`, or urllib's `addinfourl` for a local file: both have
``read1``, ``headers``, ``status`` and ``close``."""


def open_address(address: str, headers: Mapping[str, str], policy: DownloadPolicy) -> Response:
    """Ask for `address` and return the response, its body still to be read.

    Name resolution cannot be interrupted and has no time limit of its own, and a server
    may send headers byte by byte. So a thread opens the address, and is left to itself
    when the time is over.

    Raises
    ------
    AttemptError
        When there is no response with a body that is worth reading.
    """
    request = urllib.request.Request(  # noqa: S310 - the opener knows http, https and file only
        address,
        headers={
            "User-Agent": f"whisper-transcriber/{__version__}",
            "Accept-Encoding": "identity",
            **headers,
        },
    )
    outcome: queue.SimpleQueue[Response | Exception] = queue.SimpleQueue()
    abandoned = threading.Event()

    def open_request() -> None:
        try:
            result: Response | Exception = _opener(policy).open(
                request, timeout=policy.stall_timeout
            )
        except Exception as error:
            result = error
        outcome.put(result)
        if abandoned.is_set():
            _close(result)

    threading.Thread(target=open_request, daemon=True).start()
    try:
        result = outcome.get(timeout=policy.open_timeout)
    except BaseException as error:
        # Whichever of the two threads comes later closes what was opened.
        abandoned.set()
        with contextlib.suppress(queue.Empty):
            _close(outcome.get_nowait())
        if isinstance(error, queue.Empty):
            raise UnreachableError(f"no answer within {policy.open_timeout:g} s") from None
        raise
    if isinstance(result, Exception):
        try:
            raise explain(result, policy) from result
        finally:
            _close(result)
    return result


def read_block(response: Response, size: int, policy: DownloadPolicy) -> bytes:
    """Return what the next system call brings of the body, at most `size` bytes.

    Raises
    ------
    TransientError
        When the connection broke or nothing came for too long.
    """
    try:
        # read() would wait until all `size` bytes are there, however slowly they come.
        return bytes(response.read1(size))
    except TimeoutError as error:
        raise TransientError(f"nothing came for {policy.stall_timeout:g} s") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransientError(f"the connection broke: {describe(error)}") from error


def _close(result: Response | Exception) -> None:
    if not isinstance(result, Exception) or isinstance(result, urllib.error.HTTPError):
        with contextlib.suppress(Exception):
            result.close()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to anything else."""

    # urllib asks that often for one address before it sees a loop.
    max_repeats = 2

    def __init__(self, limit: int) -> None:
        self.max_redirections = limit  # type: ignore[misc] # read from the instance

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in ("http", "https") or (old == "https" and new != "https"):
            raise urllib.error.URLError(f"it redirects from {old} to {new}, which is not safe")
        # urllib reads the body of a redirect to its end, if it has one; a closed one is empty.
        fp.close()
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Connection(http.client.HTTPConnection):
    """Gives each address of a host its share of the time, and the body all of it."""

    connect_timeout: float

    def connect(self) -> None:
        patience = self.timeout
        self.timeout = self.connect_timeout
        super().connect()
        self.sock.settimeout(patience)


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    pass


class _Connections(urllib.request.HTTPHandler, urllib.request.HTTPSHandler):
    def __init__(self, connect_timeout: float) -> None:
        super().__init__()
        self._connect_timeout = connect_timeout

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connection, req)  # type: ignore[arg-type]

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._secure_connection, req)  # type: ignore[arg-type]

    def _connection(self, host: str, *, timeout: float) -> _Connection:
        made = _Connection(host, timeout=timeout)
        made.connect_timeout = self._connect_timeout
        return made

    def _secure_connection(self, host: str, *, timeout: float) -> _SecureConnection:
        made = _SecureConnection(host, timeout=timeout, context=tls_context())
        made.connect_timeout = self._connect_timeout
        return made


def _opener(policy: DownloadPolicy) -> urllib.request.OpenerDirector:
    # build_opener() would add handlers for ftp: and data: addresses.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Connections(policy.connect_timeout),
        urllib.request.FileHandler(),
        urllib.request.UnknownHandler(),
        _Redirects(policy.redirects),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener
