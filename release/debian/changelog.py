"""The change log in Debian's form, and the date of a release, which all in the package has."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime
from email.utils import format_datetime

from buildkit.errors import RecipeError
from release.common.description import Description

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
"""The date of what has none yet: packages ask the change log, never the clock."""

_HEADING = re.compile(r"\[?(?P<version>[^\s\]]+)\]?(?: - (?P<date>\d{4}-\d\d-\d\d))?")


def debian_version(version: str) -> str:
    """Return a version as Debian orders it: a pre-release is before its release.

    Examples
    --------
    >>> debian_version("1.2.3-rc.1"), debian_version("1.2.3")
    ('1.2.3~rc.1', '1.2.3')
    """
    return version.replace("-", "~")


def release_date(changelog: str) -> datetime:
    r"""Return the newest date in a change log.

    Parameters
    ----------
    changelog : str
        In the form of "Keep a Changelog".

    Examples
    --------
    >>> release_date("## Unreleased\nMore.\n## 1.2.2 - 2026-07-09\nLess.").isoformat()
    '2026-07-09T00:00:00+00:00'
    """
    return max((date for _, date, _ in _sections(changelog)), default=FIRST)


def make_changelog(changelog: str, description: Description) -> str:
    """Return a change log in Debian's form.

    Parameters
    ----------
    changelog : str
        In the form of "Keep a Changelog". Its newest section is that of the package's version,
        whatever its heading says.
    description : Description
        Whose name, version and maintainer the entries have.

    Raises
    ------
    RecipeError
        When it has no section.
    """
    sections = _sections(changelog)
    if not sections:
        raise RecipeError("the change log has no heading of a version", "write ## Unreleased")
    sections[0] = (description.version, release_date(changelog), sections[0][2])
    entries = []
    for version, date, text in sections:
        head = f"{description.name} ({debian_version(version)}) stable; urgency=medium"
        foot = f" -- {description.maintainer}  {format_datetime(date)}"
        entries.append("\n\n".join([head, _items(text), foot]))
    return "\n\n".join(entries) + "\n"


def _sections(changelog: str) -> list[tuple[str, datetime, str]]:
    """Return the versions with their dates and texts, the newest first."""
    sections = []
    for part in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        found = _HEADING.fullmatch(heading.strip())
        if found is None:
            raise RecipeError(f"the change log has a heading {heading!r}", "write ## 1.2.3 - DATE")
        date = found["date"]
        if date:
            try:
                datetime.fromisoformat(date)
            except ValueError as error:
                raise RecipeError(f"the change log has the date {date}", "mend it") from error
        sections.append(
            (
                found["version"],
                datetime.fromisoformat(date).replace(tzinfo=UTC) if date else FIRST,
                text,
            )
        )
    return sections


def _items(markdown: str) -> str:
    lines = []
    for block in re.split(r"\n(?=\s*- |#|\*\*|\n)", f"\n{markdown}"):
        text = " ".join(block.split())
        if text.startswith(("#", "**")):
            lines.append(f"\n  [ {text.strip('#* ')} ]")
        elif text:
            lines.append(
                textwrap.fill(
                    text.removeprefix("- "),
                    width=79,
                    initial_indent="  * ",
                    subsequent_indent="    ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )
    return "\n".join(lines).strip("\n") or "  * Nothing is written about this version."
