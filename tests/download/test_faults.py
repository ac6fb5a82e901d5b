"""What a failure means for the next attempt."""

from __future__ import annotations

import email.utils
import errno
import http.client
import socket
import ssl
import time
import urllib.error
from email.message import Message

import pytest

from transcriber.download.faults import (
    AttemptError,
    RangeNotSatisfiableError,
    SourceError,
    TransientError,
    UnreachableError,
    explain,
    retry_after,
)
from transcriber.download.policy import DownloadPolicy


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (urllib.error.URLError(socket.gaierror(-2, "unknown")), UnreachableError),
        (urllib.error.URLError(ConnectionRefusedError(errno.ECONNREFUSED, "")), UnreachableError),
        (urllib.error.URLError(OSError(errno.ENETUNREACH, "")), UnreachableError),
        (urllib.error.URLError(OSError("Tunnel connection failed: 407")), UnreachableError),
        (urllib.error.URLError(TimeoutError()), UnreachableError),
        (urllib.error.URLError(ssl.SSLError(1, "wrong version")), UnreachableError),
        (urllib.error.URLError("unknown url type: socks5"), SourceError),
        (urllib.error.URLError(FileNotFoundError(errno.ENOENT, "")), SourceError),
        (http.client.RemoteDisconnected("closed"), TransientError),
        (ConnectionResetError(errno.ECONNRESET, ""), TransientError),
        (http.client.BadStatusLine("SSH"), SourceError),
        (http.client.InvalidURL("x"), SourceError),
        (ValueError("x"), SourceError),
    ],
)
def test_meanings(error: Exception, meaning: type[AttemptError]) -> None:
    explained = explain(error, DownloadPolicy())
    assert type(explained) is meaning
    assert str(explained)


def test_an_untrusted_certificate_is_not_asked_again() -> None:
    error = ssl.SSLCertVerificationError(1, "verify failed")
    error.verify_message = "self-signed certificate"
    explained = explain(urllib.error.URLError(error), DownloadPolicy())
    assert type(explained) is SourceError
    assert "self-signed certificate" in str(explained)
    assert "SSL_CERT_FILE" in str(explained)


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (404, SourceError),
        (403, SourceError),
        (304, SourceError),
        (416, RangeNotSatisfiableError),
        (429, TransientError),
        (408, TransientError),
        (500, TransientError),
        (599, TransientError),
    ],
)
def test_statuses(code: int, meaning: type[AttemptError]) -> None:
    error = urllib.error.HTTPError("http://a.example", code, "\x1b[2J", Message(), None)
    explained = explain(error, DownloadPolicy())
    assert type(explained) is meaning
    assert str(code) in str(explained)
    assert str(explained).isprintable()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("100000", 60.0),
        ("9" * 400, 60.0),
        ("-7", None),
        ("soon", None),
        ("", None),
        ("\u0663", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 60.0),
    ],
)
def test_retry_after(value: str, expected: float | None) -> None:
    assert retry_after({"Retry-After": value}, 60.0) == expected


def test_retry_after_a_date() -> None:
    date = email.utils.formatdate(time.time() + 30, usegmt=True)
    seconds = retry_after({"Retry-After": date}, 60.0)
    assert seconds is not None
    assert 25 < seconds <= 30


def test_retry_after_nothing() -> None:
    assert retry_after({}, 60.0) is None
