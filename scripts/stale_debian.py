"""Tell which pins of Debian's packages are behind what their suites have now."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from buildkit.commands import run_quietly
from buildkit.debian_patches import read_series
from buildkit.debian_source import MINUTES, SOURCES
from buildkit.debian_suites import download_packaging, open_suites, show_source
from buildkit.debian_versions import SourceVersion, compare
from buildkit.errors import BuildError
from buildkit.package_pins import PackagePins
from buildkit.sources import Archive
from scripts.stale import Finding, State

_MOVING = ("sid", "forky")
"""Releases that get their updates in the archive itself, and have no folder for security."""


def check_sources(archives: Iterable[Archive], *, apt_sources: Path = SOURCES) -> list[Finding]:
    """Compare the pins of source packages with their first suite and its updates for security.

    Parameters
    ----------
    archives : iterable of Archive
        The pins; those that do not come from Debian are passed over.
    apt_sources : Path
        The folder with apt's own list of archives.

    Returns
    -------
    list of Finding
        One for each, in their order.
    """
    wanted = [archive for archive in archives if archive.package]
    suites = dict.fromkeys(suite for one in wanted for suite in with_security(one.suites[:1]))
    with tempfile.TemporaryDirectory(prefix="check-pins-") as folder:
        lists = Path(folder) / "all"
        lists.mkdir()
        options = open_suites(lists, tuple(suites), sources=apt_sources)
        return [_check_source(archive, options, lists) for archive in wanted]


def check_packages(pins: PackagePins, *, apt_sources: Path = SOURCES) -> list[Finding]:
    """Compare pinned binary packages with their suite, and the one for security beside it.

    Returns
    -------
    list of Finding
        One for each, in their order.
    """
    with tempfile.TemporaryDirectory(prefix="check-pins-") as folder:
        options = open_suites(
            Path(folder),
            with_security([pins.suite]),
            sources=apt_sources,
            kind="deb",
            components=pins.components,
        )
        command = ["apt-cache", *options, "madison", *(one.name for one in pins.packages)]
        _, output = run_quietly(command, limit=MINUTES)
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^\s*(\S+) \|\s+(\S+) \| ", output):
        found.setdefault(name, []).append(version)
    findings = []
    for package in pins.packages:
        newest = newest_of(found.get(package.name, []))
        what = f"{package.name} of {pins.suite}"
        if not newest:
            findings.append(Finding(what=what, state=State.UNKNOWN, text="is not listed"))
        else:
            findings.append(_compared(what, package.version, newest))
    return findings


def with_security(suites: Iterable[str]) -> list[str]:
    """Return `suites` and behind each released one that with its updates for security."""
    named: dict[str, None] = {}
    for suite in suites:
        named[suite] = None
        if suite not in _MOVING and not suite.endswith("-security"):
            named[f"{suite}-security"] = None
    return list(named)


def newest_of(versions: Iterable[str]) -> str:
    """Return the newest of some of Debian's versions; empty for none."""
    newest = ""
    for version in versions:
        if not newest or compare(newest, version) < 0:
            newest = version
    return newest


def _check_source(archive: Archive, options: Sequence[str], lists: Path) -> Finding:
    own = narrowed(options, lists, with_security(archive.suites[:1]))
    versions = show_source(archive.package, own)
    if not versions:
        return Finding(what=archive.name, state=State.UNKNOWN, text="is not listed")
    newest = versions[0]
    pinned = archive.patches.version if archive.patches else _version_of(archive, versions)
    finding = _compared(archive.name, pinned, newest.version)
    if finding.state is State.BEHIND and newest.upstream == archive.file:
        return replace(finding, text=f"{finding.text}; {_new_patches(archive, newest, own)}")
    return finding


def _version_of(archive: Archive, versions: Sequence[SourceVersion]) -> str:
    """Return the newest version that has the pinned archive, for a source without patches."""
    have = [one.version for one in versions if one.upstream == archive.file]
    return have[0] if have else f"{archive.version}-0"


def _new_patches(archive: Archive, newest: SourceVersion, options: Sequence[str]) -> str:
    pin = archive.patches
    groups = pin.left_out.values() if pin else ()
    known = {*(pin.applied if pin else ()), *(name for names in groups for name in names)}
    with tempfile.TemporaryDirectory(prefix="check-pins-") as folder:
        try:
            path = download_packaging(archive.package, newest, folder=Path(folder), options=options)
            series = read_series(path)
        except BuildError as error:
            return f"its patches cannot be read: {error.message}"
    new = [patch.name for patch in series if patch.name not in known]
    return f"new patches: {', '.join(new)}" if new else "no new patch"


def narrowed(options: Sequence[str], lists: Path, suites: Sequence[str]) -> list[str]:
    """Return `options` of `open_suites` with which apt sees nothing but `suites`.

    Parameters
    ----------
    options : sequence of str
        As `open_suites` returned them.
    lists : Path
        The folder that it was given.
    suites : sequence of str
        Some of its suites.
    """
    place = lists / f"only-{'-'.join(suites)}"
    place.mkdir(exist_ok=True)
    for path in (lists / "sources.list.d").iterdir():
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if any(f" {suite} " in line for suite in suites)]
        (place / path.name).write_text("".join(kept))
    return [*options, "-o", f"Dir::Etc::SourceParts={place}"]


def _compared(what: str, pinned: str, newest: str) -> Finding:
    if compare(pinned, newest) < 0:
        text = f"is {pinned}, the suite has {newest}"
        return Finding(what=what, state=State.BEHIND, text=text, newest=newest)
    return Finding(what=what, state=State.CURRENT, text=f"is {pinned}")
