"""The header of a WAV file, for samples that are there already."""

from __future__ import annotations

import struct

_MOST = 0xFFFFFFFF - 36
"""Bytes that a header can tell of. Readers take a file that claims the most up to its end."""


def wave_header(size: int, *, rate: int, width: int = 2, channels: int = 1) -> bytes:
    """Return the header in front of samples (RIFF WAVE, PCM).

    Parameters
    ----------
    size : int
        Bytes of all samples.
    rate : int
        Samples per second of each channel.
    width : int
        Bytes of a sample.
    channels : int
        How many channels there are, with a sample of each in turn.

    Examples
    --------
    >>> header = wave_header(32000, rate=16000)
    >>> len(header), header[:4], header[36:40]
    (44, b'RIFF', b'data')
    """
    data = min(size, _MOST)
    frame = width * channels
    layout = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * frame, frame, 8 * width)
    whole, sound = struct.pack("<I", data + 36), struct.pack("<I", data)
    return b"".join((b"RIFF", whole, b"WAVEfmt ", layout, b"data", sound))
