"""What the values of options look like, and what is said where one does not."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass

from transcriber.settings import EVERY_FORMAT, OUTPUT_FORMATS

_MOST_WINDOWS = 64
"""Beyond that each costs as much as by itself, and the memory that it takes."""

_LONGEST_SECONDS = 1e9
"""Thirty years: beyond any recording, and far from where numbers lose their seconds."""

ALL_FORMATS = "all"
"""What stands for openai-whisper's formats, all of them."""

BOOLEAN = "True|False"
"""What help shows in the place of the value that `boolean` reads."""


def boolean(text: str) -> bool:
    """Return what ``True`` and ``False`` mean, in any case."""
    values = {"true": True, "false": False}
    if text.lower() not in values:
        raise argparse.ArgumentTypeError(f"expected True or False, not {text!r}")
    return values[text.lower()]


@dataclass(frozen=True, kw_only=True)
class Number:
    """Reads a number.

    Attributes
    ----------
    convert : type
        ``int`` or ``float``.
    optional : bool
        Whether ``None`` is a value.
    low, high : float
        Its bounds.
    """

    convert: type[int] | type[float]
    optional: bool = False
    low: float = -math.inf
    high: float = math.inf

    def __call__(self, text: str) -> float | None:
        """Return the number that `text` says."""
        if self.optional and text == "None":
            return None
        try:
            value = self.convert(text)
        except ValueError:
            value = math.nan
        # Infinity switches a threshold off; where there is a limit, it is a slip.
        endless = value == math.inf and self.low > -math.inf
        if endless or not self.low <= value <= self.high:
            raise argparse.ArgumentTypeError(f"expected {self._expected()}, not {text!r}")
        return value

    def _expected(self) -> str:
        what = "a whole number" if self.convert is int else "a number"
        bounds = [f"at least {self.low:.12g}"] * (self.low > -math.inf)
        bounds += [f"at most {self.high:.12g}"] * (self.high < math.inf)
        expected = " of ".join([what, *([" and ".join(bounds)] if bounds else [])])
        return expected + ("," * (len(bounds) > 1) + " or None") * self.optional


def number(
    convert: type[int] | type[float],
    *,
    optional: bool = False,
    low: float = -math.inf,
    high: float = math.inf,
) -> Number:
    """Return what reads a number, as `Number` has it."""
    return Number(convert=convert, optional=optional, low=low, high=high)


def timestamps(text: str) -> tuple[float, ...]:
    """Return the bounds of clips, in seconds."""
    try:
        values = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        values = (math.nan,)
    bounds = (0.0, *values)
    if not all(a <= b < _LONGEST_SECONDS for a, b in zip(bounds, values, strict=False)):
        raise argparse.ArgumentTypeError(
            f"expected rising times in seconds, start,end,start,end,..., not {text!r}"
        )
    return values


def batch_size(text: str) -> int | None:
    """Return a number of windows; None for ``auto``."""
    if text == "auto":
        return None
    if text.isdecimal() and 1 <= int(text) <= _MOST_WINDOWS:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"expected auto, or a whole number of at least 1 and at most {_MOST_WINDOWS}, not {text!r}"
    )


def token_list(text: str) -> str:
    """Return a list of tokens as it was given."""
    try:
        [int(part) for part in text.split(",") if text]
    except ValueError:
        message = f"expected token numbers separated by commas, not {text!r}"
        raise argparse.ArgumentTypeError(message) from None
    return text


def output_formats(text: str) -> tuple[str, ...]:
    """Return the formats of a list such as ``srt,txt``, each once."""
    names = [part.strip().lower() for part in text.split(",")]
    if not set(names) <= {*EVERY_FORMAT, ALL_FORMATS}:
        message = (
            f"expected {ALL_FORMATS}, or some of {', '.join(EVERY_FORMAT)} with commas between "
            f"them, not {text!r}"
        )
        raise argparse.ArgumentTypeError(message)
    if ALL_FORMATS in names:
        names = [*OUTPUT_FORMATS, *(name for name in names if name != ALL_FORMATS)]
    return tuple(dict.fromkeys(names))
