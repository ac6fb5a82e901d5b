"""Treemaps of sizes: rectangles whose areas are the bytes of components and of what is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import squarify
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from benchmarks.figures import ArtefactSizes
from benchmarks.report import quantities
from benchmarks.report.plot_style import as_svg, drawing, new_plot, one_line
from benchmarks.sizes.components import COMPONENTS, file_component
from benchmarks.sizes.executable import origin_component
from benchmarks.sizes.linked import MERGED, PADDING, TABLES
from native_build.freeze import EXECUTABLE
from torch_build.size_components import OBJECT_RULES, component_of

_WIDTH, _HEIGHT = 7.0, 3.9
"""Inches."""

_POINTS = 72
_CHARACTER = 0.6
"""How wide a character is at most on average, by the size of its font."""

_SMALLEST = 0.004
"""Of the whole: smaller things in a group are one rectangle together."""

_REST = "the rest"
_LARGEST_FONT, _SMALLEST_FONT = 8.5, 7.0
"""Points, of the names of groups and of what is in them."""

_FEWEST_CHARACTERS = 5
"""A name that would be cut to less is left out."""

_HEAD = 14.0
"""Points above what is in a group, for its name."""

_DIVIDED = (60.0, 44.0)
"""Points in width and height: what is in a smaller group is not shown."""

_COLOURS = (
    *("#b3470b", "#1d6fa5", "#0b7a58", "#8a4a78", "#a03a9e", "#7a5f1e", "#5656a8"),
    *("#8f3b52", "#2d7f86", "#5c6b1f", "#6b6b6b"),
)
"""White letters have a contrast of 4.5 to 1 and more on each. The first are of `COMPONENTS`."""

_NO_COMPONENT = frozenset({TABLES, MERGED, PADDING})
"""What belongs to no object file: a group of its own."""

Groups = Mapping[str, Mapping[str, int]]
"""Of groups to what is in them, with its bytes."""

Item = tuple[str, int]
"""A name and its bytes."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in points."""


def components_with_files(sizes: ArtefactSizes) -> dict[str, dict[str, int]]:
    """Return an artefact's files by component.

    What the files leave of a component is its part of the executable, the one file that is divided
    among components.
    """
    groups: dict[str, dict[str, int]] = {name: {} for name in sizes.components}
    for name, size in sizes.files.items():
        component = name if name in COMPONENTS else file_component(name)
        if not _is_executable(name) and component in groups:
            groups[component][name] = size
    for component, files in groups.items():
        rest = sizes.components[component] - sum(files.values())
        if rest > 0:
            files[f"in {EXECUTABLE}" if any(map(_is_executable, sizes.files)) else _REST] = rest
    return groups


def components_with_objects(sizes: ArtefactSizes) -> dict[str, dict[str, dict[str, int]]]:
    """Return, of each program of an artefact, the object files that are known, by component.

    The modules that Nuitka's constants are of count as object files; the linker's tables, the
    constants that it merged and the padding are each a group.
    """
    files: dict[str, dict[str, dict[str, int]]] = {}
    for name, size in sizes.objects.items():
        file, _, path = name.partition(": ")
        if path in _NO_COMPONENT:
            component = path
        elif _is_executable(file):
            component = origin_component(path)
        else:
            component = component_of(path, OBJECT_RULES)
        groups = files.setdefault(file.rpartition("/")[2], {})
        groups.setdefault(component, {})[path] = size
    return files


def _is_executable(name: str) -> bool:
    return name.rpartition("/")[2] == EXECUTABLE


def treemap(groups: Groups, *, key: str, title: str) -> str:
    """Return a treemap as the text of an ``<svg>`` element, empty where there are no bytes.

    Parameters
    ----------
    groups : mapping of str to mapping of str to int
        Of groups to what is in them, with its bytes.
    key, title : str
        The plot's identifier and title.
    """
    totals = Counter({name: sum(items.values()) for name, items in groups.items()})
    whole = totals.total()
    if not whole:
        return ""
    ordered = [(name, size) for name, size in totals.most_common() if size > 0]
    with drawing(key):
        plot = new_plot(_WIDTH, _HEIGHT)
        plot.set_layout_engine("none")
        axis = plot.add_axes((0, 0, 1, 1))
        # In points, which letters are measured in, too.
        width, height = _WIDTH * _POINTS, _HEIGHT * _POINTS
        axis.set(xlim=(0, width), ylim=(height, 0))
        axis.set_axis_off()
        colours = _colours([name for name, _ in ordered])
        for box, (name, _) in _divided((0, 0, width, height), ordered):
            _draw_group(axis, box, name, _largest(groups[name], whole), colours[name])
        said = ", ".join(
            f"{name} {quantities.megabytes(size)} ({quantities.percentage(size / whole)})"
            for name, size in ordered
        )
        return as_svg(plot, key=key, title=title, description=f"Areas are bytes: {said}.")


def _colours(names: Sequence[str]) -> dict[str, str]:
    """Return the colour of each group, which is the same for a component in all treemaps.

    Other groups have the colours that no component of the treemap has, the largest first.
    """
    colours = {
        name: _COLOURS[COMPONENTS.index(name) % len(_COLOURS)]
        for name in names
        if name in COMPONENTS
    }
    free = [colour for colour in _COLOURS if colour not in colours.values()] or _COLOURS
    others = (name for name in names if name not in colours)
    return colours | {name: free[number % len(free)] for number, name in enumerate(others)}


def _divided(box: Box, items: Sequence[Item]) -> Iterator[tuple[Box, Item]]:
    """Yield a rectangle within `box` for each item, in proportion to its bytes."""
    left, top, width, height = box
    areas = squarify.normalize_sizes([size for _, size in items], width, height)
    for place, item in zip(squarify.squarify(areas, left, top, width, height), items, strict=True):
        yield (place["x"], place["y"], place["dx"], place["dy"]), item


def _largest(items: Mapping[str, int], whole: int) -> list[Item]:
    """Return the things of a group, the largest first, with the small ones as one."""
    ordered = Counter(items).most_common()
    shown = [(name, size) for name, size in ordered if size >= _SMALLEST * whole]
    rest = sum(size for _, size in ordered[len(shown) :] if size > 0)
    if rest:
        hidden = len(ordered) - len(shown)
        shown.append((f"{hidden} more" if shown else _REST, rest))
    return shown


def _draw_group(axis: Any, box: Box, name: str, items: Sequence[Item], colour: str) -> None:
    left, top, width, height = box
    total = sum(size for _, size in items)
    axis.add_patch(_rectangle(box, colour, 1.6))
    if len(items) == 1 or height < _DIVIDED[1] or width < _DIVIDED[0]:
        _draw_label(axis, box, [name, quantities.megabytes(total)], bold=True)
        return
    head = (left, top, width, _HEAD)
    text = f"{name}, {quantities.megabytes(total)}"
    _draw_label(axis, head, [text if len(text) <= _room(width, bold=True) else name], bold=True)
    dark = tuple(0.86 * part for part in to_rgb(colour))
    for part, (item, size) in _divided((left, top + _HEAD, width, height - _HEAD), items):
        axis.add_patch(_rectangle(part, dark, 0.6))
        short = item.rstrip("/").rpartition("/")[2]
        _draw_label(axis, part, [short, quantities.megabytes(size)])


def _rectangle(box: Box, colour: Any, border: float) -> Rectangle:
    left, top, width, height = box
    return Rectangle(
        (left, top), width, height, facecolor=colour, edgecolor="white", linewidth=border
    )


def _room(width: float, *, bold: bool) -> int:
    """Return how many characters there is room for in so many points."""
    wide = 1.18 * _LARGEST_FONT if bold else _SMALLEST_FONT
    return int((width - 6) / (_CHARACTER * wide))


def _draw_label(axis: Any, box: Box, lines: Sequence[str], *, bold: bool = False) -> None:
    """Write `lines` into a rectangle, fewer or shorter ones where there is no room, or none."""
    left, top, width, height = box
    size = _LARGEST_FONT if bold else _SMALLEST_FONT
    if len(lines) > 1 and 1.3 * size * len(lines) > height - 3:
        lines = lines[:1]
    room = _room(width, bold=bold)
    if room < min(_FEWEST_CHARACTERS, len(lines[0])) or 1.3 * size > height - 1:
        return
    axis.text(
        left + 4,
        top + 3,
        "\n".join(one_line(lines, room)),
        color="white",
        fontsize=size,
        fontweight="bold" if bold else "normal",
        va="top",
    )
