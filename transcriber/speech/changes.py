"""What a frame of sound may change for whoever waits for speech."""

from __future__ import annotations

import enum


class Change(enum.IntEnum):
    """What a frame changes."""

    NONE = 0
    BEGUN = 1
    """It may be the first of a word."""
    SPEECH = 2
    """What has begun is speech."""
    NOISE = 3
    """What has begun was none, and is over."""
    OVER = 4
    """The speech is over."""
