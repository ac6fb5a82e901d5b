"""How many windows a GPU decodes side by side where the user does not say.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from transcriber.settings import DecodingSettings

MOST = 16
"""A step of 16 rows reads the weights as often as one of a single row. Beyond that, what a window
costs by itself is the most of it: its keys and values, and the choice of its tokens."""

_SHARE = 2
"""Windows take at most this part of the memory that is free once the model is there. The encoder
and the logits want some of it, and so may other programs."""


def window_bytes(dimensions: Any, *, rows: int, size: int) -> int:
    """Return what a window takes of the memory while it is decoded.

    Parameters
    ----------
    dimensions : whisper.model.ModelDimensions
        Those of the model.
    rows : int
        How many rows it has.
    size : int
        Bytes of a number.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> names = ("n_text_layer", "n_text_state", "n_audio_ctx", "n_text_ctx")
    >>> window_bytes(SimpleNamespace(**dict(zip(names, (6, 512, 1500, 448)))), rows=1, size=2)
    23937024
    """
    positions: int = dimensions.n_audio_ctx + rows * dimensions.n_text_ctx
    # Keys and values.
    numbers: int = 2 * dimensions.n_text_layer * dimensions.n_text_state * positions
    return numbers * size


def windows_that_fit(window: int, *, free: int) -> int:
    """Return how many windows are decoded side by side.

    Parameters
    ----------
    window : int
        The bytes that one takes.
    free : int
        Those that the GPU has free.

    Examples
    --------
    >>> windows_that_fit(24 << 20, free=200 << 20)
    4
    """
    return max(1, min(MOST, free // _SHARE // window))


def rows_of(settings: DecodingSettings, temperature: float) -> int:
    """Return how many rows a request takes at a temperature: beams, or candidates.

    Examples
    --------
    >>> from transcriber.settings import DecodingSettings
    >>> rows_of(DecodingSettings(beam_size=5, best_of=3), 0.2)
    3
    """
    return (settings.best_of if temperature > 0 else settings.beam_size) or 1


def slots(settings: DecodingSettings, windows: int) -> int:
    """Return how many rows so many windows have, and any one at least that has to be sampled.

    Examples
    --------
    >>> from transcriber.settings import DecodingSettings
    >>> slots(DecodingSettings(beam_size=None, best_of=5, temperatures=(0.0, 0.2)), 4)
    5
    """
    most = max(rows_of(settings, temperature) for temperature in settings.temperatures)
    return max(windows * rows_of(settings, 0.0), most)


def has_room(
    settings: DecodingSettings, windows: int, held: Iterable[float], temperature: float
) -> bool:
    """Whether another request fits beside others; the first one always does.

    Parameters
    ----------
    settings : DecodingSettings
        How they are decoded.
    windows : int
        How many there may be.
    held : iterable of float
        The temperatures of those that are there.
    temperature : float
        Its own.

    Examples
    --------
    >>> from transcriber.settings import DecodingSettings
    >>> has_room(DecodingSettings(beam_size=None, best_of=5), 4, [0.0], 0.2)
    False
    """
    rows = [rows_of(settings, one) for one in held]
    own = rows_of(settings, temperature)
    return not rows or (len(rows) < windows and sum(rows) + own <= slots(settings, windows))
