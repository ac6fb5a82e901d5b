"""The verbs that make packages and releases of what was built: the work is in ``release/``."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from buildkit.errors import UsageError
from scripts.environment import provide_environment, run_module
from scripts.native_program import ALL_EDITIONS, EDITIONS, provide_appimages

CUDA = "cuda"
"""The edition that is only built where it is named."""


def make_packages(edition: str = "") -> int:
    """Build the AppImages and make every other package of them; return the exit code.

    Parameters
    ----------
    edition : str
        ``cuda`` for that edition, too.
    """
    provide_appimages(_editions(edition))
    return _steps("packages")


def publish_tree(edition: str = "", words: Sequence[str] = ()) -> int:
    """Make all packages, and lay out what a web server needs; return the exit code.

    Parameters
    ----------
    edition : str
        ``cuda`` for that edition, too.
    words : sequence of str
        What the steps are told.
    """
    provide_appimages(_editions(edition))
    return _steps("packages", "assemble", "tree", words=words)


def make_release(version: str, date: str, dry_run: str, edition: str = "") -> int:
    """Make a release: version, packages, one folder of all, tag; return the exit code.

    Parameters
    ----------
    version : str
        The new one; for a dry run, none or the present one.
    date : str
        ``YYYY-MM-DD``; today where it is empty.
    dry_run : str
        Where it is not empty, the sources stay as they are and nothing is tagged.
    edition : str
        ``cuda`` for that edition, too.

    Raises
    ------
    UsageError
        When there is no version, or no such edition.
    ToolError
        When the AppImages cannot be built; why was printed.
    """
    if not version and not dry_run:
        raise UsageError("no version is given", "write VERSION=1.2.3, or DRY_RUN=1 for a trial")
    _editions(edition)
    provide_environment()
    day = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    words = [f"--date={day}", *(["--dry_run"] if dry_run else [])]
    words += [f"--version={version}"] if version else []
    if code := _steps("prepare", words=words):
        return code
    return publish_tree(edition, words) or _steps("tag", words=words)


def try_release() -> int:
    """Do what a dry run does, with the AppImages that were built; return the exit code."""
    words = ["--dry_run", "--date=2026-01-01"]
    return _steps("prepare", "packages", "assemble", "tree", "tag", words=words)


def _editions(edition: str) -> tuple[str, ...]:
    if edition not in ("", CUDA):
        raise UsageError(
            f"EDITION={edition} is no further edition", f"leave it out, or give {CUDA}"
        )
    return ALL_EDITIONS if edition else EDITIONS


def _steps(*names: str, words: Sequence[str] = ()) -> int:
    for name in names:
        if code := run_module("release", name, *words):
            return code
    return 0
