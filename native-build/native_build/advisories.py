"""Read ``advisories.toml``: the advisories that were considered, each with our answer."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from buildkit.errors import RecipeError

ADVISORIES = Path(__file__).resolve().parent.parent / "advisories.toml"

IDENTIFIER = re.compile(r"(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|PYSEC-\d{4}-\d+)")
"""How an advisory is named by those who publish them."""

SEVERITIES = ("critical", "high", "medium", "low", "unknown")
"""CycloneDX's words for what the sources say; ``unknown`` where none does."""

RESOLVED = "resolved"
NOT_PRESENT = "code_not_present"
NOT_REACHABLE = "code_not_reachable"
OPEN = ("exploitable", "in_triage")
STATES = (RESOLVED, NOT_PRESENT, NOT_REACHABLE, *OPEN)
"""CycloneDX's states, with its two justifications of ``not_affected`` that we use in its place."""

MENDED_BY = ("release", "patches", "edit")
"""What can mend a hole: the makers' release, Debian's patches, an edit of ours."""

ABSENT = ("modules", "symbols", "objects", "configured", "operators", "calls")
"""What can be seen to be missing in what was built."""


@dataclass(frozen=True, kw_only=True)
class Advisory:
    """A published hole in something that we ship, and what it means for us.

    Attributes
    ----------
    id : str
        The number that scanners know it by.
    component : str
        Name of the part, as the bill of materials has it.
    severity : str
        One of `SEVERITIES`.
    source : str
        Where it was read.
    date : datetime.date
        When that was published, or read where no date was told.
    state : str
        One of `STATES`.
    answer : str
        What that means for us, in one sentence or two.
    release : str
        The makers' version that mends it; what is pinned is not older.
    patches : tuple of str
        Debian's patches that mend it.
    edit : bool
        Whether an edit of ours mends it, whose reason begins with the number.
    modules : tuple of str
        Python modules that would have to be in the program.
    symbols : tuple of str
        Patterns of functions that would have to be in the component's static libraries.
    objects : tuple of str
        Patterns of files that ffmpeg would have to be linked of.
    configured : tuple of str
        Parts of ffmpeg that would have to be configured, as ``VOBSUB_DEMUXER``.
    operators : tuple of str
        Operators that the stripped PyTorch would have to have, as ``aten::lstm_cell``.
    calls : tuple of str
        Functions in C that those who are linked with the component would have to call.
    """

    id: str
    component: str
    severity: str
    source: str
    date: datetime.date
    state: str
    answer: str
    release: str = ""
    patches: tuple[str, ...] = ()
    edit: bool = False
    modules: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    configured: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing mends it and nothing keeps it away."""
        return self.state in OPEN

    @property
    def weighs(self) -> bool:
        """Whether nobody may publish with it open."""
        return self.severity in ("critical", "high")


@dataclass(frozen=True, kw_only=True)
class AdvisoryList:
    """What `ADVISORIES` has.

    Attributes
    ----------
    components : mapping of str to str
        The parts that were looked at, and the version that the answers are for.
    advisories : tuple of Advisory
        In the order of the file.
    """

    components: Mapping[str, str]
    advisories: tuple[Advisory, ...]


def read_advisories(path: Path = ADVISORIES) -> AdvisoryList:
    """Read the list at `path`.

    Raises
    ------
    RecipeError
        When it is no TOML, or an entry lacks something or has it wrong.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        components = {str(name): str(version) for name, version in table["components"].items()}
        found = tuple(_advisory(entry) for entry in table.get("advisory", []))
    except (OSError, UnicodeDecodeError, ValueError, TypeError, LookupError) as error:
        raise RecipeError(f"{path}: {error}", "correct the list") from error
    seen = set()
    for one in found:
        if wrong := _what_is_wrong(one, components):
            raise RecipeError(f"{path}: {one.id} {wrong}", "correct the entry")
        if (one.id, one.component) in seen:
            raise RecipeError(f"{path}: {one.id} is there twice", "delete one of them")
        seen.add((one.id, one.component))
    return AdvisoryList(components=components, advisories=found)


def _advisory(entry: Mapping[str, Any]) -> Advisory:
    """Return an entry of the file as it is, lists as tuples."""
    lists = {field.name for field in fields(Advisory) if str(field.type).startswith("tuple")}
    values: dict[str, Any] = {
        name: tuple(value) if name in lists else value for name, value in entry.items()
    }
    return Advisory(**values)


def _what_is_wrong(one: Advisory, components: Mapping[str, str]) -> str:
    """Return what keeps an entry from being an answer; empty when nothing does."""
    mended = [name for name in MENDED_BY if getattr(one, name)]
    absent = [name for name in ABSENT if getattr(one, name)]
    checks = (
        (not IDENTIFIER.fullmatch(one.id), "is no number of an advisory"),
        (one.component not in components, f"is about {one.component}, which has no version"),
        (one.severity not in SEVERITIES, f"has the severity {one.severity!r}"),
        (one.state not in STATES, f"has the state {one.state!r}"),
        (type(one.date) is not datetime.date, "has no date"),
        (not one.source.strip() or not one.answer.strip(), "lacks its source or its answer"),
        (one.state == RESOLVED and len(mended) != 1, "does not say by what alone it is mended"),
        (one.state != RESOLVED and bool(mended), "is mended, but not resolved"),
        (one.state == NOT_PRESENT and not absent, "does not say what is absent"),
        (one.state in (RESOLVED, *OPEN) and bool(absent), "says what is absent for nothing"),
    )
    return next((message for is_wrong, message in checks if is_wrong), "")
