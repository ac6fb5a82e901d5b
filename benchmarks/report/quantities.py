"""Write numbers as people read them: with their unit, and no more digits than mean something."""

from __future__ import annotations

import math

from benchmarks.measuring.comparison import FEWEST_ROUNDS

NOTHING = "–"
"""Stands where there is no number."""


def significant(value: float, digits: int = 3) -> str:
    """Return `value` to so many significant digits, never as a power of ten.

    Digits before the point are all kept: 1234.5 is ``1235``, not ``1230``.
    """
    if not math.isfinite(value):
        return NOTHING
    if value == 0:
        return "0"
    # By way of the exponent's own rounding, so that 9.996 has as many digits as 10.0.
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def megabytes(value: float) -> str:
    """Return bytes in the largest fitting unit of thousands: ``11.5 MB``."""
    for factor, unit in ((1e6, "MB"), (1e3, "kB")):
        if value >= factor:
            return f"{significant(value / factor)} {unit}"
    return f"{value:.0f} B"


def duration(seconds: float) -> str:
    """Return a measured time in the unit that suits it: ``12.3 ms``."""
    for factor, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= factor:
            return f"{significant(seconds / factor)} {unit}"
    return f"{significant(seconds / 1e-6)} µs" if seconds else "0 s"


def length(seconds: float) -> str:
    """Return the length of a recording: ``30 s``, ``5 min``, ``1 h 2 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{significant(seconds, 2)} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{value} {unit}" for value, unit in parts if value)


def percentage(fraction: float) -> str:
    """Return a fraction as per cent: ``5.2 %``."""
    return f"{100 * fraction:.1f} %"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value > 1000 else significant(value)


_WRITERS = {
    "bytes": "{:,.0f}".format,
    "errors": percentage,
    "s": duration,
    "ratio": _ratio,
    "": _count,
}


def quantity(value: float | None, unit: str) -> str:
    """Return a number with the unit of a `benchmarks.figures.Figure` or a series."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return _WRITERS[unit](value) if unit in _WRITERS else f"{significant(value)} {unit}"


def interval(low: float | None, high: float | None, unit: str, rounds: int) -> str:
    """Return the two ends of an interval: ``0.443–0.471``, ``980 ms–1.02 s``.

    That of a few `rounds` is only their range, which is said; 0 are those that nobody knows.
    """
    if low is None or high is None or rounds == 1:
        return NOTHING
    least, _, least_unit = quantity(low, unit).partition(" ")
    most, _, most_unit = quantity(high, unit).partition(" ")
    first = least if least_unit == most_unit else f"{least} {least_unit}"
    few = f" (range of {rounds})" if 1 < rounds < FEWEST_ROUNDS else ""
    return f"{first}–{most} {most_unit}".rstrip() + few
