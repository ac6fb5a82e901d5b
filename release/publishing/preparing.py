"""Prepare the sources for a release: the version, the change log, a commit; at the end its tag."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from buildkit.commands import say
from buildkit.errors import RecipeError, ToolError, UsageError
from buildkit.files import atomic_writer
from release.common.description import read_description
from release.publishing.git import git
from release.publishing.notes import CHANGELOG, section

VERSION_FILE = "transcriber/__init__.py"

_VERSION = re.compile(r'^__version__ = "(.*)"$', re.MULTILINE)
_UNRELEASED = re.compile(r"^## Unreleased$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def present_version(checkout: Path) -> str:
    """Return the version that the sources have.

    Raises
    ------
    RecipeError
        When they have none, or several.
    """
    found = _VERSION.findall((checkout / VERSION_FILE).read_text(encoding="utf-8"))
    if len(found) != 1:
        raise RecipeError(f"{VERSION_FILE} has {len(found)} versions", "let it have one")
    return str(found[0])


def prepare(checkout: Path, version: str, date: str) -> bool:
    """Write the version and the date of a release into the sources, and commit that.

    Parameters
    ----------
    checkout : Path
        A clone without changes that are not committed.
    version : str
        The new version. Sources that have it already, with its heading in the change log, are
        left as they are, so that the same command goes on after a failure.
    date : str
        ``YYYY-MM-DD``, for the change log.

    Returns
    -------
    bool
        Whether anything was written.

    Raises
    ------
    UsageError
        When the version or the date is none, the tag is there, or a change is not committed.
    RecipeError
        When the change log says nothing of what is new.
    ToolError
        When git fails.
    """
    check(checkout, version, date)
    texts = edited(checkout, version, date)
    if not texts:
        return False
    for name, text in texts.items():
        with atomic_writer(checkout / name) as stream:
            stream.write(text.encode())
    try:
        git(checkout, "commit", "--quiet", "--message", f"Release {version}", "--", *texts)
    except ToolError:
        # As before, so that the same command can be given again.
        git(checkout, "checkout", "--quiet", "HEAD", "--", *texts)
        raise
    say(f"committed the version {version} and its heading in {CHANGELOG}")
    return True


def check(checkout: Path, version: str, date: str) -> None:
    """Check all that would stop a release at its end; see `prepare` for the errors."""
    read_description(version=version)
    if not _is_day(date):
        raise UsageError(f"{date!r} is no date", "give DATE=YYYY-MM-DD")
    check_clean(checkout)
    if git(checkout, "tag", "--list", tag_name(version)):
        raise UsageError(f"there is a tag {tag_name(version)} already", "give another VERSION")


def check_clean(checkout: Path) -> None:
    """Check that a checkout is a revision, and nothing more.

    Raises
    ------
    UsageError
        When a file is changed or new, and neither committed nor ignored.
    ToolError
        When git fails.
    """
    changed = git(checkout, "status", "--porcelain")
    if changed:
        raise UsageError(
            f"{changed.splitlines()[0].split()[-1]} has changes that are not committed",
            "commit them: a release is of a revision",
        )


def edited(checkout: Path, version: str, date: str) -> dict[str, str]:
    """Return the files of a checkout that a release changes, by their names, as they will be.

    Raises
    ------
    RecipeError
        When the change log says nothing of what is new.
    """
    source = (checkout / VERSION_FILE).read_text(encoding="utf-8")
    log = (checkout / CHANGELOG).read_text(encoding="utf-8")
    if present_version(checkout) == version and _UNRELEASED.search(log) is None:
        section(log, version)
        return {}
    section(log, "Unreleased")
    heading = f"## {version} - {date}"
    texts = {
        VERSION_FILE: _VERSION.sub(f'__version__ = "{version}"', source),
        CHANGELOG: _UNRELEASED.sub(heading, log, count=1),
    }
    return {name: text for name, text in texts.items() if text not in (source, log)}


def tag(checkout: Path, version: str, commit: str, *, sign_key: str = "") -> None:
    """Tag the revision that was built, with a signature where there is a key.

    Parameters
    ----------
    commit : str
        That revision, as the statement of provenance has it.

    Raises
    ------
    ToolError
        When git fails.
    """
    signing = ["--local-user", sign_key] if sign_key else ["--annotate"]
    git(checkout, "tag", *signing, "--message", f"Version {version}", tag_name(version), commit)
    say(f"tagged {tag_name(version)}; nothing has left this machine")


def tag_name(version: str) -> str:
    """Return the name of a version's tag.

    Examples
    --------
    >>> tag_name("1.2.3")
    'v1.2.3'
    """
    return f"v{version}"


def _is_day(date: str) -> bool:
    try:
        # Python knows further forms of a date.
        return bool(_DATE.fullmatch(date)) and bool(datetime.date.fromisoformat(date))
    except ValueError:
        return False
