"""Keep what earlier runs found, one line of JSON for each, in the repository."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.figures import Results
from benchmarks.judging.budgets import is_number
from benchmarks.measuring.machine import UNKNOWN
from buildkit.errors import InputError
from buildkit.files import atomic_writer

HISTORY = Path(__file__).parents[1] / "history.jsonl"

_DIGITS = 6
"""Significant digits of what is kept; more are the noise of the machine."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one recorded run found: of which commit, its date (ISO 8601), and all figures by name.

    Ratios of different processors are not comparable.
    """

    revision: str
    date: str
    processor: str
    figures: Mapping[str, float]


def entry_of(results: Results) -> Entry:
    """Return what the history keeps of `results`."""
    return Entry(
        revision=results.revision,
        date=results.date,
        processor=results.machine.get("processor", UNKNOWN),
        figures={figure.name: _short(figure.value) for figure in results.figures},
    )


def _short(value: float) -> float:
    return int(value) if float(value).is_integer() else float(f"{value:.{_DIGITS}g}")


def read_history(path: Path = HISTORY) -> list[Entry]:
    """Return the recorded runs in the order of the file; none when there is no file.

    `InputError` says which line is no recorded run, or why the file cannot be read.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        remedy = "take it from the repository"
        raise InputError(f"{path} cannot be read: {error}", remedy) from error
    # Not splitlines(), for which a line also ends at characters that JSON has within texts.
    lines = text.removesuffix("\n").split("\n") if text else []
    return [_entry(line, f"line {number} of {path}") for number, line in enumerate(lines, start=1)]


def _entry(line: str, where: str) -> Entry:
    try:
        entry = Entry(**json.loads(line))
        words = (entry.revision, entry.date, entry.processor)
        if not all(isinstance(word, str) for word in words):
            raise ValueError("the revision, the date and the processor must be texts")
        if not all(map(is_number, entry.figures.values())):
            raise ValueError("the figures must be numbers")
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where} is no recorded run: {error}", "correct the line or take it out"
        ) from error
    return entry


def append(path: Path, results: Results) -> None:
    """Add a run to the history.

    What an earlier run of the same revision on the same processor measured is replaced, and kept
    where the new one did not measure it.

    Raises
    ------
    BuildError
        When the file holds a line that is no recorded run, the revision is not known or a figure
        is no number; or when the file cannot be written.
    """
    if results.revision == UNKNOWN:
        raise InputError(
            "a run of an unknown revision has no place in the history", "run it in a git checkout"
        )
    for figure in results.figures:
        if not math.isfinite(figure.value):
            raise InputError(f"the figure {figure.name} is no number", "measure it again")
    new = entry_of(results)
    entries = {(entry.revision, entry.processor): entry for entry in read_history(path)}
    old = entries.get((new.revision, new.processor), new)
    entries[new.revision, new.processor] = replace(new, figures={**old.figures, **new.figures})
    with atomic_writer(path) as stream:
        for entry in entries.values():
            line = json.dumps(asdict(entry), ensure_ascii=False)
            stream.write(f"{line}\n".encode())
