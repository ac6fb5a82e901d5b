"""Write the notes of a release: what is new, what each file weighs, and how fast it is."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Results
from benchmarks.report.quantities import quantity
from buildkit.errors import RecipeError
from release.common.artefacts import Artefact
from release.common.description import Description

CHANGELOG = "CHANGELOG.md"

_SPEEDS: Mapping[str, str] = {
    "transcriber": "native",
    "openai-whisper": "openai-whisper",
    "faster-whisper, int8": "faster-whisper int8",
    "faster-whisper, int8, batched": "faster-whisper int8 batched",
}
"""Who is told of, and what the runs call them."""

_MEASUREMENT = "speed/long/default options/all threads"


def section(changelog: str, version: str) -> str:
    r"""Return what a change log says about a version, without its heading.

    Parameters
    ----------
    changelog : str
        In the form of "Keep a Changelog".
    version : str
        A version, or ``Unreleased``.

    Raises
    ------
    RecipeError
        When it says nothing.

    Examples
    --------
    >>> section("## 1.2.3 - 2026-01-02\nMore.\n## 1.2.2", "1.2.3")
    'More.'
    """
    heading = re.compile(rf"^## \[?{re.escape(version)}\]?(?: - .*)?$", re.MULTILINE)
    found = heading.search(changelog)
    text = re.split(r"^## ", changelog[found.end() :], flags=re.M)[0].strip() if found else ""
    if not text:
        raise RecipeError(f"{CHANGELOG} says nothing of {version}", "write it there")
    return text


def make_notes(
    description: Description, changes: str, artefacts: Sequence[Artefact], measured: Results | None
) -> str:
    """Return the notes, in Markdown.

    Parameters
    ----------
    changes : str
        What the change log says about this version.
    artefacts : sequence of Artefact
        What is given away.
    measured : Results or None
        The last accepted run of the benchmarks.
    """
    rows = [
        f"| `{one.name}` | {size_text(one.size)} | `{one.sha256}` |"
        for one in sorted(artefacts, key=lambda one: one.name)
    ]
    parts = [
        f"# {description.title} {description.version}",
        changes,
        "## Files\n\n| file | size | SHA-256 |\n|---|---:|---|\n" + "\n".join(rows),
    ]
    if measured:
        parts.append(_speeds(measured))
    return "\n\n".join(parts) + "\n"


def size_text(size: int) -> str:
    """Return a size for people.

    Examples
    --------
    >>> size_text(11_970_352), size_text(1_234)
    ('12.0 MB', '1.2 kB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def read_changes(checkout: Path, version: str) -> str:
    """Return what the change log of a checkout says about a version; see `section`."""
    return section((checkout / CHANGELOG).read_text(encoding="utf-8"), version)


def _speeds(measured: Results) -> str:
    samples = {one.subject: one for one in measured.series if one.measurement == _MEASUREMENT}
    rows = [
        f"| {program} | {quantity(statistics.median(samples[subject].samples), 's')} |"
        for program, subject in _SPEEDS.items()
        if subject in samples and samples[subject].samples
    ]
    if not rows:
        return "## Speed\n\nThe last accepted run has no times of a long recording."
    machine = ", ".join(measured.machine[name] for name in ("processor", "cores", "instructions"))
    return (
        "## Speed\n\nThe long recording of the benchmarks, model `base`, default options, on "
        f"{machine}, measured at {measured.revision[:9]}:\n\n| program | time |\n|---|---:|\n"
        + "\n".join(rows)
    )
