"""``make check-pins``: tell which pins are behind, through the machine's own package clients.

Pins do not move by themselves: a build of today gives the bytes of a build of next year. Somebody
has to be told when that is too long, which is what a scheduled job runs this for. No build and no
test does.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from buildkit.commands import ending_in_one_line, say
from buildkit.errors import RecipeError
from buildkit.package_pins import read_pins
from buildkit.places import CHECKOUT
from buildkit.sources import Sources, read_sources
from buildkit.sysroot import PINS as SYSROOT
from scripts.layout import NATIVE, RECIPE
from scripts.stale import Held, is_stale, report, with_held
from scripts.stale_debian import check_packages, check_sources
from scripts.stale_python import PythonPin, check_python, pins_in

SOURCE_LISTS = (RECIPE / "sources.toml", RECIPE / "cuda/sources.toml", NATIVE / "sources.toml")

PACKAGE_LISTS = (SYSROOT, RECIPE / "cuda/toolkit.toml")

BEHIND = 1
"""The exit code when somebody has to look."""


def check_pins(pins: Path = CHECKOUT / "pins.toml") -> int:
    """Print what is behind; return 0, or `BEHIND`.

    Raises
    ------
    BuildError
        When nothing can be asked.
    """
    sources = [read_sources(path) for path in SOURCE_LISTS]
    findings = []
    say("asking the package archive for the sources")
    findings += check_sources(archive for one in sources for archive in one.archives)
    for path in PACKAGE_LISTS:
        packages = read_pins(path)
        say(f"asking the package archive for the packages of {packages.suite}")
        findings += check_packages(packages)
    say("asking the Python package index")
    findings += check_python(python_pins(sources, pins))
    told = with_held(findings, read_held(pins))
    print(report(told), end="")
    return BEHIND if is_stale(told) else 0


def requirement_files() -> list[Path]:
    """Return the files that pip installs by."""
    return sorted([*(CHECKOUT / "requirements").glob("*.txt"), *NATIVE.glob("*requirements.txt")])


def python_pins(sources: Sequence[Sources], pins: Path) -> list[PythonPin]:
    """Return every Python package that is pinned, wherever it stands."""
    found = [pin for path in requirement_files() for pin in pins_in(path)]
    for one in sources:
        found += [PythonPin(name=wheel.package, version=wheel.version) for wheel in one.wheels]
        for archive in one.archives:
            name, _, version = archive.requirement.partition("==")
            if name:
                found.append(PythonPin(name=name, version=version))
    packages = tomllib.loads(pins.read_text())["packages"]
    found += [PythonPin(name=name, version=pin["version"]) for name, pin in packages.items()]
    return found


def read_held(pins: Path) -> dict[str, Held]:
    """Read which packages are held, and why.

    Raises
    ------
    RecipeError
        When an entry lacks a field or has one that is unknown.
    """
    try:
        table = tomllib.loads(pins.read_text()).get("held", {})
        return {name: Held(**entry) for name, entry in table.items()}
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{pins}: {error}", "correct the table held") from error


if __name__ == "__main__":
    sys.exit(ending_in_one_line("check-pins", check_pins))
