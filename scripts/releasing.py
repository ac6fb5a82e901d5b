"""The verbs that make packages and releases of what was built: the work is in ``release/``."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from buildkit.errors import UsageError
from scripts.environment import provide_environment, run_module
from scripts.native_program import EDITIONS, provide_appimages


def make_packages() -> int:
    """Build the AppImages and make every other package of them; return the exit code."""
    provide_appimages(EDITIONS)
    return _steps("packages")


def publish_tree() -> int:
    """Make all packages, and lay out what a web server needs; return the exit code."""
    provide_appimages(EDITIONS)
    return _steps("packages", "assemble", "tree")


def make_release(version: str, date: str, dry_run: str) -> int:
    """Make a release: version, packages, one folder of all, tag; return the exit code.

    Parameters
    ----------
    version : str
        The new one; for a dry run, none or the present one.
    date : str
        ``YYYY-MM-DD``; today where it is empty.
    dry_run : str
        Where it is not empty, the sources stay as they are and nothing is tagged.

    Raises
    ------
    UsageError
        When there is no version.
    ToolError
        When the AppImages cannot be built; why was printed.
    """
    if not version and not dry_run:
        raise UsageError("no version is given", "write VERSION=1.2.3, or DRY_RUN=1 for a trial")
    provide_environment()
    day = date or datetime.datetime.now(datetime.UTC).date().isoformat()
    words = [f"--date={day}", *(["--dry_run"] if dry_run else [])]
    words += [f"--version={version}"] if version else []
    if code := _steps("prepare", words=words):
        return code
    return publish_tree() or _steps("tag", words=words)


def try_release() -> int:
    """Do what a dry run does, with the AppImages that were built; return the exit code."""
    words = ["--dry_run", "--date=2026-01-01"]
    return _steps("prepare", "packages", "assemble", "tree", "tag", words=words)


def _steps(*names: str, words: Sequence[str] = ()) -> int:
    for name in names:
        if code := run_module("release", name, *words):
            return code
    return 0
