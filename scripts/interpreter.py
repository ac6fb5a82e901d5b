"""Find a Python 3.11 that can make a virtual environment.

An older Python must be able to read this file: it is what looks for the right one.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

WANTED = (3, 11)
"""The version that the requirements are pinned for."""

_PROBE = (
    "import sys, importlib.util as u; "
    "print(sys.version_info[0], sys.version_info[1], int(u.find_spec('ensurepip') is not None), "
    "int(sys.prefix == sys.base_prefix), sys.executable)"
)


def suits() -> bool:
    """Tell whether the running Python can make the environment."""
    return (
        sys.version_info[:2] == WANTED
        and sys.prefix == sys.base_prefix
        and importlib.util.find_spec("ensurepip") is not None
    )


def find_interpreter() -> str | None:
    """Return the path of the Python to use, or None where there is no Python 3.11.

    One that has the module ``ensurepip`` comes first: Debian ships it in a package of its
    own, ``python3.11-venv``. The Python of a virtual environment is passed over, because the
    environment to make may be that one.
    """
    lacking = None
    for candidate in _candidates():
        version, complete, path = _probe(candidate)
        if version != WANTED:
            continue
        if complete:
            return path
        lacking = lacking or path
    return lacking


def _candidates() -> Iterator[str]:
    """Yield paths at which a Python 3.11 may lie, each of them once."""
    paths = [Path(sys.executable or "python3"), Path(sys.base_prefix, "bin", "python3.11")]
    # Every folder: pyenv's stand-ins come first in PATH and need not lead to a 3.11.
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/bin"]
    for name in ("python3.11", "python3", "python"):
        paths += [Path(folder, name) for folder in folders if folder]
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))  # noqa: PTH111
    paths += sorted(pyenv.glob("versions/3.11*/bin/python3.11"))
    for path in dict.fromkeys(map(str, paths)):
        if os.access(path, os.X_OK):
            yield path


def _probe(path: str) -> tuple[tuple[int, int], bool, str]:
    """Return the version of the Python at `path`, whether it has ensurepip, and where it lies."""
    nothing = (0, 0), False, path
    try:
        done = subprocess.run(
            [path, "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return nothing
    fields = done.stdout.strip().split(" ", 4)
    if done.returncode or len(fields) != 5 or fields[3] == "0":
        return nothing
    return (int(fields[0]), int(fields[1])), fields[2] == "1", fields[4]
