"""Read which versions of a source package a Debian archive lists, and which is the newest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cmp_to_key

from buildkit.commands import run_quietly


@dataclass(frozen=True, kw_only=True)
class SourceVersion:
    """A version of a source package.

    Attributes
    ----------
    version : str
        Debian's version.
    files : mapping of str to str
        Names of its files, and their digests.
    """

    version: str
    files: Mapping[str, str]

    @property
    def upstream(self) -> str:
        """Name of the makers' archive; empty where there is none."""
        return self._first(r".*\.orig\.tar\.\w+")

    @property
    def packaging(self) -> str:
        """Name of the archive with the folder ``debian``; empty where there is none."""
        return self._first(r".*\.debian\.tar\.\w+")

    def _first(self, pattern: str) -> str:
        return next((name for name in self.files if re.fullmatch(pattern, name)), "")


def listed_versions(listed: str) -> tuple[SourceVersion, ...]:
    """Return the versions in what ``apt-cache showsrc`` printed, the newest first.

    Each is there once, however many suites have it.
    """
    found: dict[str, SourceVersion] = {}
    for paragraph in listed.split("\n\n"):
        version = re.search(r"^Version: (\S+)$", paragraph, flags=re.MULTILINE)
        files = re.findall(r"^ ([0-9a-f]{64}) \d+ (\S+)$", paragraph, flags=re.MULTILINE)
        if version:
            found[version[1]] = SourceVersion(
                version=version[1], files={name: sha256 for sha256, name in files}
            )
    order = cmp_to_key(compare)
    return tuple(sorted(found.values(), key=lambda one: order(one.version), reverse=True))


def compare(one: str, other: str) -> int:
    """Compare two of Debian's versions: below 0 when `one` is older, 0 when they are the same.

    dpkg decides, which is there wherever apt is.
    """
    if one == other:
        return 0
    is_older = run_quietly(["dpkg", "--compare-versions", one, "lt", other])[0] == 0
    return -1 if is_older else 1
