"""Makes small Debian packages."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from native_build.contents import BILL
from release.common.description import read_description
from release.debian.package import make_deb
from test_program_tree import make_program

CHANGES = """\
# Changelog

Notable changes.

## 1.2.3-rc.1 - 2026-07-09

### Added

**Everything**

- It can do more, of which there is so much to tell that one line is not enough for it,
  nor for its end.
- And `this`.

## 1.2.2 - 2026-02-03

Less.
"""

APACHE = """
                                 Apache License
                           Version 2.0, January 2004

   1. Definitions.
   END OF TERMS AND CONDITIONS

   Copyright 2017 Somebody Else
"""


def make_whole_program(folder: Path) -> Path:
    """Make a folder like that of the program, with licences and the bill of materials."""
    make_program(folder)
    for part, text in (("zstd", "Copyright (c) 2020 Meta\n\nDo  what you like.\n"), ("py", APACHE)):
        (folder / "licences" / part).mkdir(parents=True)
        (folder / "licences" / part / "LICENSE").write_text(text)
    parts = [
        {"name": "zstd", "licenses": [{"expression": "BSD-3-Clause"}]},
        {"name": "py", "licenses": [{"expression": "Apache-2.0"}]},
    ]
    (folder / BILL).write_text(json.dumps({"components": parts}))
    return folder


def make_small_deb(
    folder: Path, version: str = "1.2.3-rc.1", *, others: Sequence[str] = ()
) -> Path:
    """Make the package of such a program, with `others` of files in it."""
    folder.mkdir(parents=True, exist_ok=True)
    program = make_whole_program(folder / "program")
    for name in others:
        (program / name).touch()
    (folder / "changes.md").write_text(CHANGES)
    description = dataclasses.replace(read_description(), version=version)
    output = folder / "packages"
    return make_deb(program, output, description=description, changelog=folder / "changes.md")


def unpacked(deb: Path, folder: Path) -> Path:
    """Unpack a package with dpkg; the maintainer's scripts are in ``DEBIAN``."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("this machine has no dpkg-deb, which reads packages")
    subprocess.run(["dpkg-deb", "--raw-extract", deb, folder], check=True, timeout=60)
    return folder
