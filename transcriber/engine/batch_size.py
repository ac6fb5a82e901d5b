"""How many windows are decoded side by side."""

from __future__ import annotations

import os

from transcriber.machine.control_groups import memory_limit
from transcriber.settings import DecodingSettings

MOST = 8
"""More gain little: by then the time goes into what each window costs by itself."""

MOST_ROWS = 20
"""The same in rows, of which a window has as many as beams. Four windows with five beams take no
longer than eight, and less memory."""

_SHARE = 16
"""Windows take at most this part of the memory: others want some, and so do the weights."""


def is_batched(settings: DecodingSettings) -> bool:
    """Return whether windows are decoded side by side.

    Unless the user says so, they are not where he wants openai-whisper's very text, whose windows
    hang on the text before them.

    Parameters
    ----------
    settings : DecodingSettings
        What the user wants.

    Examples
    --------
    >>> is_batched(DecodingSettings(compute_type="float32"))
    False
    """
    if settings.batch_size is not None:
        return settings.batch_size > 1
    return settings.compute_type != "float32"


def windows_that_fit(window_bytes: int, *, rows: int, memory: int | None = None) -> int:
    """Return how many windows are decoded side by side where the user does not say.

    Parameters
    ----------
    window_bytes : int
        What one takes of the memory.
    rows : int
        How many rows one has.
    memory : int, optional
        The bytes that this process may have; asked of the system otherwise.

    Examples
    --------
    >>> windows_that_fit(100 << 20, rows=5, memory=8 << 30)
    4
    """
    if memory is None:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory = min(machine, memory_limit() or machine)
    return max(1, min(MOST, MOST_ROWS // rows, memory // _SHARE // window_bytes))
