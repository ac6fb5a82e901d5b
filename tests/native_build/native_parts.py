"""Where the parts of the native program are, for the tests that look into them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from buildkit.places import CHECKOUT, build_cache

NEWEST_GLIBC = (2, 31)
"""What the oldest system that the program is for has."""


def part(name: str) -> Path:
    """Return the folder of a part, as the last build left it in the cache."""
    kept = [*(build_cache() / "native").glob(f"{name}-*")]
    if not kept:
        pytest.skip(f"the part {name} is not built yet")
    return max(kept, key=lambda path: path.stat().st_mtime)


def output_of(*words: str | Path) -> str:
    """Run a program and return what it printed."""
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def newer_symbols(program: Path) -> set[str]:
    """Return the versions of the C library that `program` needs and an old system lacks."""
    versions = re.findall(r"GLIBC_(\d+(?:\.\d+)+)", output_of("objdump", "-T", program))
    return {one for one in versions if tuple(map(int, one.split("."))) > NEWEST_GLIBC}


def libraries_of(program: Path) -> set[str]:
    """Return the names of the shared libraries that `program` is linked with."""
    lines = output_of("objdump", "-p", program).splitlines()
    return {line.split()[1] for line in lines if "NEEDED" in line}


def places_in(files: Mapping[str, bytes]) -> list[str]:
    """Return the folders of this machine that `files` mention, with the names of the files."""
    wanted = [str(CHECKOUT), str(build_cache()), str(Path.home())]
    return [
        f"{name}: {place}"
        for name, content in files.items()
        for place in wanted
        if place.encode() in content
    ]
