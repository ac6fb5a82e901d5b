"""What can go wrong at a source of a published file, and whether another attempt may help."""

from __future__ import annotations

import email.utils
import errno
import http.client
import socket
import ssl
import time
import urllib.error
from collections.abc import Mapping
from email.message import Message

from transcriber.download.policy import DownloadPolicy


class AttemptError(Exception):
    """An attempt to fetch from one source failed."""


class SourceError(AttemptError):
    """Another attempt at this source would fail the same way."""


class UnreachableError(AttemptError):
    """The source did not answer at all."""


class TransientError(AttemptError):
    """Another attempt at this source may succeed.

    Parameters
    ----------
    message : str
        What happened.
    wait : float, optional
        Seconds to wait before the next attempt, where the source or the cause tells them.
    """

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class RangeNotSatisfiableError(AttemptError):
    """The source does not have the part that was asked for."""


def explain(error: Exception, policy: DownloadPolicy) -> AttemptError:
    """Tell what a failure to open an address means for the next attempt."""
    if isinstance(error, urllib.error.HTTPError):
        return _explain_status(error, policy)
    if isinstance(error, urllib.error.URLError):
        if isinstance(error.reason, Exception):
            return explain(error.reason, policy)
        return SourceError(str(error.reason))
    if isinstance(error, ssl.SSLCertVerificationError):
        return SourceError(
            f"its certificate is not trusted ({error.verify_message}; "
            "SSL_CERT_FILE can name another list of authorities)"
        )
    for kinds, meaning, text in _MEANINGS:
        if isinstance(error, kinds):
            return meaning(text.format(describe(error)))
    return SourceError(describe(error))


def describe(error: Exception) -> str:
    """Return the shortest text that says what `error` is."""
    if isinstance(error, OSError) and error.errno in errno.errorcode and error.strerror:
        return error.strerror
    text = str(error) or type(error).__name__
    # A server's words may be among them, and those may try to control the terminal.
    return "".join(character if character.isprintable() else " " for character in text)


def retry_after(headers: Message | Mapping[str, str], limit: float) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, at most `limit`, or None.

    It holds seconds or a date (RFC 9110, section 10.2.3).
    """
    value = (headers.get("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError, OSError):
            return None
    return min(max(seconds, 0.0), limit)


_MEANINGS: tuple[tuple[tuple[type[Exception], ...], type[AttemptError], str], ...] = (
    ((socket.gaierror,), UnreachableError, "the name of the host cannot be resolved"),
    ((TimeoutError,), UnreachableError, "no connection in time"),
    ((FileNotFoundError, IsADirectoryError, PermissionError), SourceError, "{}"),
    # It took the connection and closed it: a server that is overloaded or restarts.
    ((ConnectionResetError, BrokenPipeError), TransientError, "the connection broke: {}"),
    ((OSError,), UnreachableError, "{}"),
    ((http.client.HTTPException,), SourceError, "it does not answer as a web server: {}"),
)
"""The first line that fits counts; the error's own text goes into the braces."""


def _explain_status(error: urllib.error.HTTPError, policy: DownloadPolicy) -> AttemptError:
    answer = f"it answers {error.code} {http.client.responses.get(error.code, '')}".strip()
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return RangeNotSatisfiableError(answer)
    # Request timeout, too early and too many requests pass, as server errors may.
    if error.code in (408, 425, 429) or error.code >= 500:
        return TransientError(answer, retry_after(error.headers, policy.retry_after_limit))
    if 300 <= error.code < 400:
        return SourceError(f"{answer}, a redirect that goes round in circles or cannot be followed")
    return SourceError(answer)
