"""The size report's tables, and the text that shows them."""

from __future__ import annotations

from dataclasses import dataclass

_LISTED_OBJECTS = 100


@dataclass(frozen=True, kw_only=True)
class Size:
    """A line of a table.

    Attributes
    ----------
    name : str
        What it is.
    bytes : int
        Its bytes in the unpacked wheel.
    packed : int or None
        Its bytes at ``xz -9``, compressed alone; None where that says nothing.
    """

    name: str
    bytes: int
    packed: int | None = None


@dataclass(frozen=True, kw_only=True)
class SizeReport:
    """The bytes of a wheel.

    Attributes
    ----------
    wheel, unpacked, packed : int
        The bytes of the wheel itself, of all files in it, and of these as one tar at ``xz -9``.
    files, components : tuple of Size
        Each adds up to `unpacked`, the largest first.
    sections, objects : tuple of Size
        Each adds up to the bytes of the extension module, the largest first.
    memory_only : int
        Bytes of the extension module that begin as zeros and are not in the file.
    symbols : tuple of Size
        The largest functions and variables of the extension module.
    """

    wheel: int
    unpacked: int
    packed: int
    files: tuple[Size, ...]
    components: tuple[Size, ...]
    sections: tuple[Size, ...]
    objects: tuple[Size, ...]
    memory_only: int
    symbols: tuple[Size, ...]


def render(report: SizeReport, wheel: str) -> str:
    """Return `report` as a Markdown text; `wheel` is the name of the wheel."""
    lines = [
        f"# Sizes of {wheel}",
        "",
        "Bytes. Packed is at `xz -9`: each line alone, so the lines add up to more than the whole.",
        "",
        f"- the wheel: {report.wheel:,}",
        f"- its files, unpacked: {report.unpacked:,}",
        f"- its files as one tar at `xz -9`: {report.packed:,}",
        f"- zeros that the extension module takes in memory only: {report.memory_only:,}",
    ]
    for title, sizes in (
        ("Components", report.components),
        ("Files", report.files),
        ("Sections of the extension module", report.sections),
        ("Object files in the extension module", report.objects[:_LISTED_OBJECTS]),
        ("Symbols in the extension module", report.symbols),
    ):
        has_packed = any(size.packed is not None for size in sizes)
        lines += ["", f"## {title}", "", "| bytes |" + " packed |" * has_packed + " name |"]
        lines.append("|---:|" + "---:|" * has_packed + "---|")
        for size in sizes:
            packed = f" {size.packed:,} |" if size.packed is not None else " |"
            name = size.name.replace("|", "\\|")
            lines.append(f"| {size.bytes:,} |{packed * has_packed} `{name}` |")
    hidden = report.objects[_LISTED_OBJECTS:]
    if hidden:
        lines += [
            "",
            f"{len(hidden)} object files more bring {sum(size.bytes for size in hidden):,} bytes;"
            " `size-report.json` lists all.",
        ]
    return "\n".join(lines) + "\n"
