"""Fetching a file from one source: attempts, resuming, and when to give up."""

from __future__ import annotations

import contextlib
import http.client
import random
import re
import time
from dataclasses import dataclass, field
from email.message import Message

from transcriber.download.faults import (
    AttemptError,
    RangeNotSatisfiableError,
    SourceError,
    TransientError,
    UnreachableError,
)
from transcriber.download.partial import PartialFile, contradicts, strong_validator
from transcriber.download.policy import DownloadPolicy
from transcriber.download.progress import DownloadReport
from transcriber.download.published import PublishedFile
from transcriber.download.sources import source_label
from transcriber.download.transport import Response, open_address, read_block

_BLOCK = 1 << 18
"""Bytes of one read at most: more saves no system calls, a socket seldom holds more."""

_REPORT_INTERVAL = 0.1
"""Seconds between two reports at least: nobody reads faster."""

_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,19})-\d+/(\d+|\*)")
"""The first byte and the length of the whole (RFC 9110, section 14.4)."""


@dataclass(kw_only=True)
class SourceDownload:
    """The download of one file from one of its sources.

    Attributes
    ----------
    file : PublishedFile
        What is fetched; its size and its sha256 are known beforehand.
    address : str
        The source.
    partial : PartialFile
        Where the bytes go. Whatever happens, it can be resumed or started over.
    report : DownloadReport
        What is told of it.
    policy : DownloadPolicy
        When to give up.
    """

    file: PublishedFile
    address: str
    partial: PartialFile
    report: DownloadReport
    policy: DownloadPolicy
    _answered: bool = field(init=False, default=False)
    _started_over: bool = field(init=False, default=False)
    _told: float = field(init=False, default=0.0)

    def run(self) -> None:
        """Fetch until the file is whole and right.

        Raises
        ------
        AttemptError
            When this source cannot bring it; the message says why.
        StorageError
            When it cannot be written.
        """
        policy = self.policy
        started = time.monotonic()
        resumable = self.partial.validator(self.address) is not None
        reached = self.partial.length if resumable else 0
        failures = 0
        while True:
            try:
                self._attempt()
                if self._finish():
                    return
                reason, wait = "what was resumed does not have the expected sha256", 0.0
            except (TransientError, UnreachableError) as error:
                if self.partial.length >= reached + policy.significant_progress:
                    failures = 0
                reached = max(reached, self.partial.length)
                failures += 1
                waited = time.monotonic() - started
                if failures >= policy.attempts or self._stays_away(error, failures, waited):
                    raise
                reason = str(error)
                asked = error.wait if isinstance(error, TransientError) else None
                wait = self._backoff(failures) if asked is None else asked
            when = f"in {wait:.1f} s" if wait else "now"
            self._note(f"{reason}; asking {source_label(self.address)} again {when}")
            time.sleep(wait)

    def _stays_away(self, error: AttemptError, failures: int, waited: float) -> bool:
        if self._answered or not isinstance(error, UnreachableError):
            return False
        policy = self.policy
        return failures >= policy.unreachable_attempts or waited >= policy.unreachable_limit

    def _backoff(self, failures: int) -> float:
        longest = min(self.policy.backoff * 2.0 ** (failures - 1), self.policy.backoff_limit)
        # Drawn at random, so that many clients of a server in trouble do not return at once.
        return longest * random.uniform(0.5, 1.0)  # noqa: S311

    def _finish(self) -> bool:
        """Return whether the complete file is right; where another attempt may help, drop it."""
        if self.partial.sha256() == self.file.sha256:
            return True
        pieces = self.partial.pieces
        self.partial.discard()
        # What came in one piece would come again. Several may not belong together, or a
        # power loss may have damaged those of an earlier run: once more, from the start.
        if pieces > 1 and not self._started_over:
            self._started_over = True
            return False
        raise SourceError("the file that it sends does not have the expected sha256")

    def _attempt(self) -> None:
        """Make one request, and read its body to the end of the file."""
        validator = self.partial.validator(self.address)
        headers = {}
        if validator is not None:
            headers = {"Range": f"bytes={self.partial.length}-", "If-Range": validator}
        try:
            response = open_address(self.address, headers, self.policy)
        except RangeNotSatisfiableError as error:
            self._answered = True
            if validator is None:
                raise SourceError(str(error)) from error
            self.partial.discard()
            raise TransientError(f"{error}, so it starts over", 0.0) from error
        except (TransientError, SourceError):
            self._answered = True
            raise
        with contextlib.closing(response):
            self._answered = True
            self._accept(response, validator)
            self._read(response)

    def _accept(self, response: Response, validator: str | None) -> None:
        """Check the headers, and make the partial file ready for the body."""
        headers = response.headers
        encoding = (headers.get("Content-Encoding") or "identity").strip().lower()
        if encoding != "identity":
            raise SourceError(f"it sends the file in the encoding {encoding!r}")
        # A network that wants a log-in first answers any address with its own page.
        if (headers.get("Content-Type") or "").strip().lower().startswith("text/html"):
            raise SourceError("it sends a web page instead of the file")
        # A local file has no status.
        if response.status in (None, http.client.OK):
            length = (headers.get("Content-Length") or str(self.file.size)).strip()
            if length != str(self.file.size):
                raise SourceError(f"it offers {length!r} bytes instead of {self.file.size}")
            if self.partial.length:
                self._note(f"{source_label(self.address)} starts over with the whole file")
            self.partial.restart(self.address, strong_validator(headers))
        elif response.status == http.client.PARTIAL_CONTENT and validator is not None:
            if not self._continues(headers, validator):
                self.partial.discard()
                raise TransientError("it sends another part than was asked for", 0.0)
            self.partial.pieces += 1
            share = 100 * self.partial.length // self.file.size
            self._note(f"resuming at {share} % from {source_label(self.address)}")
        else:
            raise SourceError(f"it answers {response.status}, which makes no sense here")

    def _continues(self, headers: Message, validator: str) -> bool:
        match = _CONTENT_RANGE.fullmatch((headers.get("Content-Range") or "").strip().lower())
        # A server may send less than was asked for: the rest is asked for next.
        return (
            match is not None
            and int(match[1]) == self.partial.length
            and match[2] in ("*", str(self.file.size))
            and not contradicts(headers, validator)
        )

    def _read(self, response: Response) -> None:
        partial, total, policy = self.partial, self.file.size, self.policy
        self._told = 0.0
        self._tell_progress()
        window_start, window_length = time.monotonic(), partial.length
        while not partial.complete:
            block = read_block(response, min(_BLOCK, total - partial.length), policy)
            if not block:
                raise TransientError(
                    f"the connection ended after {partial.length} of {total} bytes"
                )
            partial.append(block)
            self._tell_progress()
            elapsed = time.monotonic() - window_start
            if elapsed >= policy.rate_window:
                fetched = partial.length - window_length
                if fetched < policy.minimum_rate * elapsed:
                    raise TransientError(f"only {fetched} bytes came in {elapsed:.0f} s")
                window_start, window_length = time.monotonic(), partial.length

    def _tell_progress(self) -> None:
        now = time.monotonic()
        if now - self._told >= _REPORT_INTERVAL or self.partial.complete:
            self._told = now
            self.report.download(self.file.name, self.partial.length, self.file.size)

    def _note(self, text: str) -> None:
        self.report.note(f"{self.file.name}: {text}")
