"""Write numbers as people read them: with their unit, and no more digits than mean something."""

from __future__ import annotations

import math

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


def whole_bytes(value: float) -> str:
    """Return a number of bytes in full: ``11,534,336``."""
    return f"{value:,.0f}"


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


def quantity(value: float | None, unit: str) -> str:
    """Return a number with the unit of a `benchmarks.figures.Figure` or a series."""
    if value is None or not math.isfinite(value):
        return NOTHING
    writers = {
        "bytes": whole_bytes,
        "errors": percentage,
        "s": duration,
        "ratio": _ratio,
        "": _count,
    }
    return writers[unit](value) if unit in writers else f"{significant(value)} {unit}"


def _ratio(value: float) -> str:
    return f"{value:.3f}" if value < 1 else f"{value:.2f}"


def _count(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or value > 1000 else significant(value)


def interval(low: float | None, high: float | None, unit: str) -> str:
    """Return the two ends of an interval: ``0.443–0.471``, ``12.1–12.9 ms``, ``980 ms–1.02 s``."""
    if low is None or high is None:
        return NOTHING
    least, _, least_unit = quantity(low, unit).partition(" ")
    most, _, most_unit = quantity(high, unit).partition(" ")
    first = least if least_unit == most_unit else f"{least} {least_unit}"
    return f"{first}–{most} {most_unit}".rstrip()
