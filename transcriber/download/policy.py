"""The limits of a download."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class DownloadPolicy:
    """How long a download waits for what, and when it gives up.

    Times are in seconds, amounts in bytes.

    Attributes
    ----------
    open_timeout : float
        For name resolution, connection, TLS, redirects and headers together.
    connect_timeout : float
        For the connection to one address of the host, so that one that swallows packets
        leaves time for the next, as IPv6 before IPv4.
    stall_timeout : float
        Without a single byte of the body.
    rate_window, minimum_rate : float
        A body that brings less than `minimum_rate` bytes a second over `rate_window` is
        broken off and resumed, which often finds a better path. A modem is faster.
    attempts : int
        Attempts in a row at one source that bring the file no further.
    unreachable_attempts : int
        Attempts at a source that never answered.
    unreachable_limit : float
        After this long no further attempt is made at a source that never answered: without
        a network the answer has to come in seconds.
    significant_progress : int
        What an attempt has to add to count as one that brought the file further.
    backoff, backoff_limit : float
        The wait before the first and before any later attempt; it doubles in between.
    retry_after_limit : float
        The longest wait that a server may ask for.
    redirects : int
        In one attempt.
    lock_timeout : float
        The longest wait for another process that fetches the same model without progress.
    lock_interval : float
        Between two looks at that process.
    """

    open_timeout: float = 15.0
    connect_timeout: float = 5.0
    stall_timeout: float = 20.0
    rate_window: float = 30.0
    minimum_rate: float = 1024.0
    attempts: int = 7
    unreachable_attempts: int = 3
    unreachable_limit: float = 8.0
    significant_progress: int = 1 << 20
    backoff: float = 0.5
    backoff_limit: float = 15.0
    retry_after_limit: float = 60.0
    redirects: int = 8
    lock_timeout: float = 120.0
    lock_interval: float = 0.2
