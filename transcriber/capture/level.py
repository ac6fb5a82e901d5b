"""How loud sound is."""

from __future__ import annotations

RATE = 16000
"""Samples a second."""

SAMPLE_BYTES = 2

_LOUDEST = 32768


def peak(samples: bytes) -> float:
    r"""Return how far the loudest sample is from silence, from 0 to 1.

    Parameters
    ----------
    samples : bytes
        Signed 16-bit samples, an even number of bytes.

    Examples
    --------
    >>> peak(b"\x00\x00\x00\xc0"), peak(b"")
    (0.5, 0.0)
    """
    values = memoryview(samples).cast("h")
    return max(map(abs, values), default=0) / _LOUDEST
