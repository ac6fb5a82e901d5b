"""Whether a sound may be speech: cheaply, to choose among the tracks of a recording."""

from __future__ import annotations

from collections.abc import Iterable

from transcriber.audio.blocks import in_blocks
from transcriber.audio.command import SAMPLE_RATE

_FRAME = SAMPLE_RATE // 20
_STRETCH_BYTES = 2 * 10 * SAMPLE_RATE

# Speech is loud and quiet in turns, some times a second, and its levels spread by 10 dB and more.
# Those of a tone and of hiss do by a fraction of one.
_HEARD_LEVEL = 20.0
_LEAST_LEVEL = 40.0
_LEAST_SPREAD = 3.0
_LEAST_TURNS = 1 / 25


def is_lively(pieces: Iterable[bytes]) -> bool:
    """Tell whether a sound is loud and quiet in turns, as speech is; read no more than that takes.

    Parameters
    ----------
    pieces : iterable of bytes
        Its samples: signed 16-bit little-endian, mono, 16 kHz.

    Returns
    -------
    bool
        True as soon as 10 s of it are.

    Examples
    --------
    >>> is_lively([bytes(2 * SAMPLE_RATE)])
    False
    """
    return any(map(_is_lively, in_blocks(pieces, _STRETCH_BYTES)))


def _is_lively(stretch: bytes) -> bool:
    import numpy as np  # noqa: PLC0415  few recordings have several tracks

    count = len(stretch) // (2 * _FRAME)
    if count < 4:
        return False
    frames = np.frombuffer(stretch, "<i2", count * _FRAME).reshape(count, _FRAME)
    level = 10 * np.log10((frames.astype(np.float32) ** 2).mean(1) + 1)
    # Without silence, too: seconds of it beside speech say nothing of the speech.
    heard = level[level >= _HEARD_LEVEL]
    if not len(heard) or heard.max() < _LEAST_LEVEL:
        return False
    return any(
        part.std() >= _LEAST_SPREAD
        and np.count_nonzero(np.diff(level > part.mean())) >= max(2, count * _LEAST_TURNS)
        for part in (level, heard)
    )
