"""How all plots look, and what a finished one is."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib.style
from cycler import cycler
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Plot

OURS, OTHERS, REFERENCE = "#d55e00", "#2f86c9", "#808080"
"""The colours of our own subjects, of the others, and of what they are compared with."""

WIDTH = 7.0
"""Inches of each plot: as wide as the page's text."""

# Okabe and Ito's palette, made darker.
_COLOURS = (OURS, OTHERS, "#0f9a72", "#b86ba0", "#9a7b2f", "#7f7fd0", "#c2566b", "#2191a3")
_LINES = cycler(linestyle=["-", "--"]) * (cycler(color=_COLOURS) + cycler(marker="osD^vPX*"))
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "font.size": 9,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    # Otherwise the identifiers in a file would be different every time.
    "svg.hashsalt": "benchmarks",
    "svg.fonttype": "none",
    # A dollar or an underscore in a name is no formula.
    "text.parse_math": False,
}


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """A plot that is finished: an SVG file, and what a screen reader says in its place."""

    title: str
    told: str
    svg: str


@contextmanager
def styled() -> Iterator[None]:
    """Give the plots that are made and finished in the block one style, whatever the user's is."""
    with matplotlib.style.context(_STYLE, after_reset=True):
        yield


def finished(plot: Plot, title: str, told: str) -> Drawing:
    """Return a plot with what it shows, in words and in SVG."""
    FigureCanvasSVG(plot)
    stream = io.StringIO()
    plot.savefig(stream, format="svg", metadata={"Date": None})
    return Drawing(title=title, told=told, svg=stream.getvalue())


def lines_of(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the colour, the marker and the dashes of each line; sixteen differ."""
    return dict(zip(names, cycle(_LINES), strict=False))


def label(name: str, longest: int = 40) -> str:
    """Return a name on one line, and cut where it is too long."""
    return textwrap.shorten(name, longest, placeholder="…")
