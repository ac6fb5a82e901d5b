"""Forms in which clients send sound piece by piece, as samples of 16 bits."""

from __future__ import annotations

import array
from collections.abc import Callable

RATES = (8000, 16000, 24000, 48000)
"""Of PCM. OpenAI's has 24,000 only; microphones and telephones have the others, too."""

_BIAS = 0x84
"""What G.711's mu-law adds before it takes the logarithm."""


def u_law(code: int) -> int:
    """Return a sample of G.711's mu-law.

    Examples
    --------
    >>> u_law(0xFF), u_law(0x80), u_law(0x00)
    (0, 32124, -32124)
    """
    bits = ~code & 0xFF
    size = ((((bits & 15) << 3) + _BIAS) << (bits >> 4 & 7)) - _BIAS
    return -size if bits & 0x80 else size


def a_law(code: int) -> int:
    """Return a sample of G.711's A-law.

    Examples
    --------
    >>> a_law(0xD5), a_law(0xAA), a_law(0x2A)
    (8, 32256, -32256)
    """
    bits = code ^ 0x55
    part = bits >> 4 & 7
    size = ((bits & 15) << 4) + 8
    size = (size + 0x100) << (part - 1) if part else size
    return size if bits & 0x80 else -size


def _expanding(sample: Callable[[int], int]) -> Callable[[bytes], bytes]:
    samples = array.array("h", map(sample, range(256))).tobytes()
    lower, upper = samples[::2], samples[1::2]

    def expanded(sound: bytes) -> bytes:
        found = bytearray(2 * len(sound))
        found[::2], found[1::2] = sound.translate(lower), sound.translate(upper)
        return bytes(found)

    return expanded


FORMATS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "audio/pcm": (24000, bytes),
    "audio/pcmu": (8000, _expanding(u_law)),
    "audio/pcma": (8000, _expanding(a_law)),
}
"""Of each form its rate, where the client names none, and what makes samples of it."""
