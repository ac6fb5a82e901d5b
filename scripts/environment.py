"""Make the virtual environment ``.venv`` from the pinned requirements, all but PyTorch."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from buildkit.commands import HOUR, Command, last_line, run, run_quietly, say
from buildkit.errors import LimitError, SourceError, ToolError
from buildkit.files import atomic_writer, make_directory
from buildkit.places import CHECKOUT
from buildkit.system_packages import install
from scripts.layout import CACHE, ENVIRONMENT, NATIVE, PROGRAM, PYTHON, RECIPE

BUILD = CHECKOUT / "requirements" / "build.txt"
TOOLS = CHECKOUT / "requirements" / "tools.txt"
PROGRAM_REQUIREMENTS = CHECKOUT / "requirements" / "program.txt"
PROJECT = CHECKOUT / "pyproject.toml"
STAMP = ENVIRONMENT / "set-up.json"
"""Written last: what the finished environment was made from."""

PIP = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input")

INSTALL = (*PIP, "install", "--no-deps", "--require-hashes", "--no-build-isolation")
"""The pins are the whole truth: nothing is resolved, and builds use the pinned setuptools."""

PATHS = os.pathsep.join(map(str, (NATIVE, RECIPE, CHECKOUT)))
"""Where the packages of the repository are."""

_LOCK_TIMEOUT = 5 * HOUR
"""Seconds that a second set-up waits for the first, which may be compiling PyTorch."""


def provide_environment() -> None:
    """See to it that ``.venv`` is what the pins say.

    It is made anew when a requirement, the version of Python or the place of the checkout
    changed, or when an earlier set-up was interrupted: pip's cache makes that quick, and
    nothing of the old state can remain. When only ``pyproject.toml`` changed, the program
    alone is installed again.

    Raises
    ------
    ToolError
        When Python cannot make virtual environments, and the package cannot be installed.
    SourceError
        When pip cannot install the requirements.
    """
    with only_one():
        wanted = {"environment": _environment_key(), "program": digest([PROJECT])}
        made = read_stamp(STAMP)
        if made == wanted and PROGRAM.is_file():
            return
        if made.get("environment") != wanted["environment"] or not PYTHON.exists():
            _make()
        STAMP.unlink(missing_ok=True)
        say("installing the program itself")
        # Editable: the sources in the checkout are the program.
        code = run([*PIP, "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", "."])
        check(code, str(PROJECT.relative_to(CHECKOUT)))
        write_stamp(STAMP, wanted)


def _make() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        _install_venv_package()
    say(f"making .venv with Python {platform.python_version()} ({sys.executable})")
    code, output = run_quietly([sys.executable, "-m", "venv", "--clear", ENVIRONMENT])
    if code:
        raise ToolError(f"cannot make {ENVIRONMENT}: {last_line(output)}")
    # First of all: pip installs nothing of a list before it prepared the source archives in it.
    check(run([*INSTALL, "--quiet", "-r", BUILD]), "requirements/build.txt")
    say("installing the tools, requirements/tools.txt")
    check(run([*INSTALL, "--quiet", "-r", TOOLS]), "requirements/tools.txt")
    say("installing what the program runs on, requirements/program.txt")
    check(run([*INSTALL, "--quiet", "-r", PROGRAM_REQUIREMENTS]), "requirements/program.txt")


def _install_venv_package() -> None:
    """Install Debian's package with the module ensurepip, as root or through sudo."""
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if not install([package], sudo=True):
        raise ToolError(
            f"{sys.executable} cannot make virtual environments",
            f"install the system package {package} as root, then give the same command again",
        )


def make_beside(folder: Path) -> Command:
    """Make an empty environment; return the command of the pip of ``.venv`` that fills it.

    Raises
    ------
    ToolError
        When Python cannot make it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    code, output = run_quietly([PYTHON, "-m", "venv", "--without-pip", folder])
    if code:
        raise ToolError(f"cannot make {folder}: {last_line(output)}")
    return [PYTHON, "-m", "pip", "--python", folder / "bin/python", *INSTALL[3:]]


def provide_beside(folder: Path, requirements: Path, what: str) -> None:
    """See to it that there is an environment that shares nothing with ``.venv``.

    Parameters
    ----------
    folder : Path
        Where it is.
    requirements : Path
        All that it has, of which there are wheels.
    what : str
        What it has, for the line that tells of it.

    Raises
    ------
    ToolError
        When Python cannot make the environment.
    SourceError
        When pip cannot install the packages.
    """
    provide_environment()
    stamp = folder / STAMP.name
    wanted = {
        "requirement": digest([requirements]),
        "python": f"{platform.python_version()} {sys.base_prefix}",
        "place": str(folder),
    }
    with only_one():
        if read_stamp(stamp) == wanted and (folder / "bin/python").exists():
            return
        say(f"making an environment with {what}")
        # Wheels only: there is nothing in it that a source archive could be built with.
        wheels = ("--quiet", "--only-binary", ":all:")
        code = run([*make_beside(folder), *wheels, "-r", requirements])
        check(code, f"requirements/{requirements.name}")
        write_stamp(stamp, wanted)


def run_module(
    module: str, *words: str | Path, python: str | Path = PYTHON, limit: float = 4 * HOUR
) -> int:
    """Run a module of the repository, which prints what it does; return its exit code."""
    return run(["env", f"PYTHONPATH={PATHS}", python, "-m", module, *words], limit=limit)


def check(code: int, what: str) -> None:
    """Raise an error when pip ended with another `code` than 0 while it installed `what`."""
    if code:
        raise SourceError(
            f"pip could not install {what}, its own message is above",
            "mend that, then give the same command again",
        )


def _environment_key() -> str:
    # Console scripts hold the absolute path of their Python: a moved checkout needs new ones.
    place = f"{platform.python_version()}\n{ENVIRONMENT}\n"
    return digest([BUILD, TOOLS, PROGRAM_REQUIREMENTS], place)


def digest(paths: Sequence[Path], start: str = "") -> str:
    """Return the sha256, in hexadecimal, of `start` and the contents of `paths`."""
    key = hashlib.sha256(start.encode())
    for path in paths:
        key.update(path.read_bytes())
    return key.hexdigest()


def read_stamp(path: Path) -> Mapping[str, str]:
    """Return what the file `path` tells of a finished environment: nothing where it is not."""
    try:
        stamp = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(path: Path, content: Mapping[str, str]) -> None:
    """Note in the file `path` what a finished environment was made from."""
    with atomic_writer(path) as stream:
        stream.write(json.dumps(content, indent=1).encode() + b"\n")


@contextmanager
def only_one() -> Iterator[None]:
    """Keep two set-ups of one checkout from working at the same time."""
    make_directory(CACHE)
    with (CACHE / "set-up.lock").open("w") as lock:
        end = time.monotonic() + _LOCK_TIMEOUT
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise LimitError("another set-up of this checkout does not end") from None
            if not told:
                say("waiting for another set-up of this checkout")
                told = True
            time.sleep(0.5)
        yield
