"""How all plots look, and how a plot becomes SVG text that stands within a page.

Axes and letters have the colour and the font of the page around them. The colours of subjects have
a contrast of at least 3 to 1 on white and on the page's dark ground, and are apart for people who
do not see red or green; each subject also has a marker of its own.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib.style
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Plot

from benchmarks.figures import Results
from benchmarks.report.measurements import in_order, kinds, measurements

COLOURS = (
    *("#d55e00", "#2f86c9", "#0f9a72", "#b86ba0", "#9a7b2f", "#7f7fd0", "#c2566b", "#2191a3"),
)
"""The first ones are for our own subjects. Okabe and Ito's palette, made darker or lighter."""

GREY = "#808080"
"""Of references."""

INK = "#010203"
"""Stands for the colour of the page's letters."""

MARKERS = "osD^vPX*"
"""Of the same subjects as `COLOURS`."""

REFERENCE_MARKER = "d"
_STYLE: Mapping[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "errorbar.capsize": 3,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.alpha": 0.18,
    "grid.color": INK,
    "legend.frameon": False,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "text.color": INK,
    # A dollar or an underscore in a name is no formula.
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
}
_FONT = "system-ui, sans-serif"
_TAG = re.compile(r"<[^>]*>")
_PREAMBLE = re.compile(
    r"^.*?(?=<svg)|<metadata>.*?</metadata>|<defs>\s*<style[^>]*>.*?</style>\s*</defs>", re.DOTALL
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a subject looks like in all plots.

    Attributes
    ----------
    colour, marker, dash : str
        As matplotlib names them.
    ours : bool
        Whether it is brought out.
    """

    colour: str
    marker: str
    dash: str
    ours: bool

    @property
    def weight(self) -> str:
        """The weight of its name's letters."""
        return "bold" if self.ours else "normal"


def looks(results: Results, ours: Collection[str]) -> dict[str, Look]:
    """Return the look of each subject; a run's subjects have the same one in all its plots.

    Those that are measured together differ in their colours, as long as there are enough.
    """
    found = [one for kind in kinds(results) for one in measurements(results, kind)]
    subjects = in_order(one.subjects for one in found)
    references = {one.reference for one in found}
    chosen: dict[str, Look] = {}
    # Ours first: they get the first colours, whatever else is measured.
    for subject in sorted(subjects, key=lambda name: name not in ours):
        grey = subject in references and subject not in ours
        beside = {
            chosen[other].colour
            for one in found
            if subject in one.subjects
            for other in one.subjects
            if other in chosen
        }
        free = [number for number, colour in enumerate(COLOURS) if colour not in beside]
        number = free[0] if free else len(chosen) % len(COLOURS)
        chosen[subject] = Look(
            colour=GREY if grey else COLOURS[number],
            marker=REFERENCE_MARKER if grey else MARKERS[number],
            dash="-" if free and not grey else "--",
            ours=subject in ours,
        )
    return chosen


@contextmanager
def drawing(key: str) -> Iterator[None]:
    """Give the plots that are made and saved in the block their style, whatever the user's own is.

    Parameters
    ----------
    key : str
        Makes the identifiers of a plot differ from those of the page's other plots.
    """
    style = {**_STYLE, "svg.hashsalt": key}
    with matplotlib.style.context(["default", style], after_reset=True):
        yield


def new_plot(width: float, height: float) -> Plot:
    """Return an empty plot of so many inches."""
    return Plot(figsize=(width, height), layout="constrained")


def as_svg(plot: Plot, *, key: str, title: str, description: str) -> str:
    """Return a plot as an ``<svg>`` element.

    Parameters
    ----------
    plot : matplotlib.figure.Figure
        The plot.
    key : str
        The beginning of all its identifiers.
    title, description : str
        What a screen reader says in its place.
    """
    FigureCanvasSVG(plot)
    stream = io.StringIO()
    plot.savefig(
        stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
    )
    text = _PREAMBLE.sub("", stream.getvalue())
    text = _TAG.sub(lambda tag: _within_page(tag[0], key), text)
    head, _, rest = text.partition(">")
    head = re.sub(r' version="[^"]*"| xmlns:xlink="[^"]*"', "", head)
    told = (
        f'<title id="{key}-title">{html.escape(title)}</title>'
        f'<desc id="{key}-desc">{html.escape(description)}</desc>'
    )
    attributes = (
        f' role="img" aria-labelledby="{key}-title" aria-describedby="{key}-desc"'
        ' style="stroke-linejoin: round; stroke-linecap: butt"'
    )
    return f"{head}{attributes}>{told}{rest.rstrip()}\n"


def _within_page(tag: str, key: str) -> str:
    """Return a tag with the plot's own identifiers, and the page's colour and font."""
    tag = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{key}-", tag.replace("xlink:href", "href"))
    return tag.replace(INK, "currentColor").replace("'DejaVu Sans'", _FONT)


def one_line(names: Iterable[str], longest: int = 40) -> list[str]:
    """Return names as labels: on one line, and cut where they are too long."""
    lines = [" ".join(name.split()) for name in names]
    return [line if len(line) <= longest else f"{line[: longest - 1]}…" for line in lines]
