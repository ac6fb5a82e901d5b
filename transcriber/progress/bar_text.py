"""The words beside the progress bar, chosen so that a bar has room beside them."""

from __future__ import annotations

import os
import sys

from transcriber.progress.course import Moment
from transcriber.text_width import shortened, text_width, without_marks
from transcriber.times import clock

LAYOUT = "{desc} {percentage:3.0f}%|{bar}| "
"""Of tqdm's own words; what `bar_text` says is behind it."""

_AROUND = len(" 100%|| ") + 1
"""Columns of the signs between them, and one that stays empty."""

_BAR = 8
"""The least columns of the bar itself."""

_NAME = 12
"""The columns that a name gets, if it has so many, before less is said behind the bar."""

_USUAL_COLUMNS = 80


def columns() -> int:
    """Return how wide the terminal is that standard error goes to."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_COLUMNS
    except (OSError, ValueError):
        return _USUAL_COLUMNS


def bar_text(
    name: str, count: str, moment: Moment, all_left: float | None, room: int
) -> tuple[str, str]:
    """Return what stands before a bar and what stands behind it.

    Parameters
    ----------
    name : str
        The recording's.
    count : str
        Which one it is, with a blank behind it; nothing where there is one only.
    moment : Moment
        How far it is.
    all_left : float or None
        Seconds until all recordings are done.
    room : int
        Columns of the terminal.
    """
    # tqdm draws the bar, and counts a column for each mark.
    name = without_marks(name)
    free = room - _AROUND - _BAR - len(count)
    wanted = min(_NAME, text_width(name))
    behind = _behind(moment, all_left)
    said = next((text for text in behind if text_width(text) + wanted <= free), behind[-1])
    return count + shortened(name, max(free - len(said), 1)), said


def _behind(moment: Moment, all_left: float | None) -> list[str]:
    """Return what may be said behind the bar, the longest first."""
    times = f"{clock(moment.position)}/{clock(moment.duration)}"
    factor, left = moment.real_time_factor, moment.time_left
    if factor is None or left is None:
        return [times, ""]
    ends = f"{clock(left)} left"
    if all_left is not None:
        ends += f", {clock(all_left)} for all"
    return [f"{times}, RTF {factor:.2f}, {ends}", f"{times}, {ends}", ends, ""]
