"""How much of everything a client may take, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """The limits of one server. Sizes are in bytes, times in seconds."""

    connections: int = 2_000
    """Open at once. An idle one takes 2 KiB here, one that waits for its answer 40."""

    threads: int = 64
    """Handlers that work at once. Those that wait for a client or a transcript come on top: see
    `workers.resting`."""

    head_bytes: int = 64 * KIB
    """Of a request line with its headers. Browsers with many cookies send up to 16 KiB."""

    target_bytes: int = 16 * KIB
    """Of a request's target. Browsers and proxies agree on 8 KiB."""

    head_seconds: float = 10.0
    """For a whole head, however its bytes are spread: it fits into one packet or two."""

    idle_seconds: float = 60.0
    """Between two requests. Browsers and proxies keep connections for one to five minutes."""

    body_seconds: float = 30.0
    """For the next bytes of a body. A mobile network that changes its cell is back sooner."""

    write_seconds: float = 30.0
    """For a client to take any bytes. A paused player stops reading, and asks again by Range."""

    drain_bytes: int = MIB
    """Of a body that nobody wanted, read so that the connection can go on. A new connection
    costs less than more."""

    linger_seconds: float = 2.0
    """For a client to take the last answer before its connection is closed. A close with unread
    bytes would reset the connection, and the answer would be lost."""
