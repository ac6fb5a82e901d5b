"""Keep what earlier runs found, one line of JSON for each, in the repository."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Results
from benchmarks.measuring.machine import UNKNOWN
from buildkit.errors import InputError
from buildkit.files import atomic_writer

HISTORY = Path(__file__).parents[1] / "history.jsonl"

_DIGITS = 6
"""Significant digits of what is kept; more are the noise of the machine."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What one recorded run found.

    Attributes
    ----------
    revision, date : str
        The commit and its date (ISO 8601).
    processor : str
        The processor's name. Ratios of different processors are not comparable.
    figures : mapping of str to float
        The values of all figures, by name.
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

    Raises
    ------
    InputError
        When a line is no recorded run, with its number, or the file cannot be read.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read: {error}", "take it from the repository"
        ) from error
    # Not splitlines(), for which a line also ends at characters that JSON has within texts.
    lines = text.removesuffix("\n").split("\n") if text else []
    return [_entry(line, f"line {number} of {path}") for number, line in enumerate(lines, start=1)]


def _entry(line: str, where: str) -> Entry:
    try:
        content: dict[str, Any] = json.loads(line)
        entry = Entry(**content)
        words = (entry.revision, entry.date, entry.processor)
        if not all(isinstance(word, str) for word in words):
            raise ValueError("the revision, the date and the processor must be texts")
        if not all(map(_is_number, entry.figures.values())):
            raise ValueError("the figures must be numbers")
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(
            f"{where} is no recorded run: {error}", "correct the line or take it out"
        ) from error
    return entry


def _is_number(value: object) -> bool:
    # A bool is an int, too.
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def append(path: Path, results: Results) -> None:
    """Add a run to the history.

    What an earlier run of the same revision on the same processor measured is replaced, and kept
    where the new one did not measure it.

    Raises
    ------
    InputError
        When the file holds a line that is no recorded run, the revision is not known or a figure
        is no number.
    StorageError
        When the file cannot be written.
    """
    if results.revision == UNKNOWN:
        raise InputError(
            "a run of an unknown revision has no place in the history", "run it in a git checkout"
        )
    new = entry_of(results)
    broken = next((name for name, value in new.figures.items() if not math.isfinite(value)), None)
    if broken:
        raise InputError(f"the figure {broken} is no number", "measure it again")
    entries = {(entry.revision, entry.processor): entry for entry in read_history(path)}
    old = entries.get((new.revision, new.processor))
    figures = {**(old.figures if old else {}), **new.figures}
    entries[new.revision, new.processor] = replace(new, figures=figures)
    with atomic_writer(path) as stream:
        for entry in entries.values():
            line = json.dumps(asdict(entry), ensure_ascii=False)
            stream.write(f"{line}\n".encode())
