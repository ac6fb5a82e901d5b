"""Treemaps of sizes: rectangles whose areas are the bytes of components and of what is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import squarify
from matplotlib.figure import Figure as Plot
from matplotlib.patches import Rectangle

from benchmarks.figures import ArtefactSizes
from benchmarks.report import quantities
from benchmarks.report.drawing import WIDTH, Drawing, finished, styled
from benchmarks.sizes.components import COMPONENTS, file_component
from benchmarks.sizes.executable import origin_component
from benchmarks.sizes.linked import MERGED, PADDING, TABLES
from native_build.freeze import EXECUTABLE
from torch_build.size_components import OBJECT_RULES, component_of

_HEIGHT = 3.9 * 72
_WIDTH = WIDTH * 72
"""Points, which letters are measured in, too."""

_SMALLEST = 0.004
"""Of the whole: smaller things in a group are one rectangle together."""

_HEAD = 14.0
"""Points above what is in a group, for its name."""

_LEGIBLE, _DIVIDED = 24.0, 50.0
"""Points in width: a narrower rectangle has no name, or nothing in it."""

_COLOURS = (
    *("#b3470b", "#1d6fa5", "#0b7a58", "#8a4a78", "#a03a9e", "#7a5f1e", "#5656a8"),
    *("#8f3b52", "#2d7f86", "#5c6b1f", "#3f6f3a", "#7b4b2a", "#6b6b6b"),
)
"""White letters have a contrast of 4.5 to 1 and more on each. The first are of `COMPONENTS`."""

Box = tuple[float, float, float, float]
"""Left, top, width and height in points."""

Item = tuple[str, int]
"""A name and its bytes."""


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
            files["in no file of its own"] = rest
    return groups


def components_with_objects(sizes: ArtefactSizes) -> dict[str, dict[str, dict[str, int]]]:
    """Return, of each program of an artefact, the object files that are known, by component.

    The modules that Nuitka's constants are of count as object files; the linker's tables, the
    constants that it merged and the padding are each a group.
    """
    files: dict[str, dict[str, dict[str, int]]] = {}
    for name, size in sizes.objects.items():
        file, _, path = name.partition(": ")
        if path in {TABLES, MERGED, PADDING}:
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


def treemap(groups: Mapping[str, Mapping[str, int]], title: str) -> Drawing | None:
    """Return a treemap of groups and of what is in them, by its bytes; None without any."""
    # The sign leaves out what has no bytes.
    totals = +Counter({name: sum(items.values()) for name, items in groups.items()})
    whole = totals.total()
    if not whole:
        return None
    with styled():
        plot = Plot(figsize=(WIDTH, _HEIGHT / 72))
        plot.set_layout_engine("none")
        axis = plot.add_axes((0, 0, 1, 1))
        axis.set(xlim=(0, _WIDTH), ylim=(_HEIGHT, 0))
        axis.set_axis_off()
        colours = _colours([name for name, _ in totals.most_common()])
        for box, (name, size) in _divided((0, 0, _WIDTH, _HEIGHT), totals.most_common()):
            items = _largest(groups[name], whole)
            _draw_group(axis, box, f"{name}, {quantities.megabytes(size)}", items, colours[name])
        told = ", ".join(
            f"{name} {quantities.megabytes(size)} ({quantities.percentage(size / whole)})"
            for name, size in totals.most_common()
        )
        return finished(plot, title, f"Areas are bytes: {told}.")


def _colours(names: Sequence[str]) -> dict[str, str]:
    """Return the colour of each group, which is the same for a component in all treemaps."""
    own = {name: _COLOURS[COMPONENTS.index(name)] for name in names if name in COMPONENTS}
    free = cycle([colour for colour in _COLOURS if colour not in own.values()] or _COLOURS)
    return {name: own.get(name) or next(free) for name in names}


def _divided(box: Box, items: Sequence[Item]) -> Iterator[tuple[Box, Item]]:
    """Yield a rectangle within `box` for each item, in proportion to its bytes."""
    left, top, width, height = box
    areas = squarify.normalize_sizes([size for _, size in items], width, height)
    for place, item in zip(squarify.squarify(areas, left, top, width, height), items, strict=True):
        yield (place["x"], place["y"], place["dx"], place["dy"]), item


def _largest(items: Mapping[str, int], whole: int) -> list[Item]:
    """Return the things of a group, the largest first, with the small ones as one."""
    ordered = (+Counter(items)).most_common()
    shown = [(name, size) for name, size in ordered if size >= _SMALLEST * whole]
    if rest := ordered[len(shown) :]:
        shown.append((f"{len(rest)} more", sum(size for _, size in rest)))
    return shown


def _draw_group(axis: Any, box: Box, name: str, items: Sequence[Item], colour: str) -> None:
    left, top, width, height = box
    _draw_rectangle(axis, box, colour, name, is_group=True)
    if len(items) == 1 or width < _DIVIDED or height < 3 * _HEAD:
        return
    for part, (item, size) in _divided((left, top + _HEAD, width, height - _HEAD), items):
        short = item.rstrip("/").rpartition("/")[2]
        text = f"{short}\n{quantities.megabytes(size)}"
        _draw_rectangle(axis, part, colour, text, is_group=False)


def _draw_rectangle(axis: Any, box: Box, colour: str, text: str, *, is_group: bool) -> None:
    """Draw a rectangle with its name, which ends where the rectangle does."""
    left, top, width, height = box
    border, size, weight = (1.6, 8.5, "bold") if is_group else (0.6, 7.0, "normal")
    look: dict[str, Any] = {"facecolor": colour, "edgecolor": "white", "linewidth": border}
    rectangle = axis.add_patch(Rectangle((left, top), width, height, **look))
    if width > _LEGIBLE and height > 1.6 * size:
        font = {"color": "white", "fontsize": size, "fontweight": weight}
        written = axis.text(left + 4, top + 3, text, va="top", clip_on=True, **font)
        written.set_clip_path(rectangle)
