"""The Pythons of a machine and where each has its packages, found without running any of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transcriber.machine.system_files import read_text
from transcriber.other_pythons.places import Place, Surroundings, places

_NAME = re.compile(r"python(?:3(?:\.(\d+))?)?")
_FOLDER = re.compile(r"python3\.(\d+)")

_ADDED = re.compile(r"""addsitedir\(\s*['"]([^'"]+)['"]""")

_LARGEST_PATH_FILE = 65536
"""Bytes of a ``.pth`` file; one that lists folders has a few lines."""


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A Python.

    Attributes
    ----------
    path : Path
        What to start. In a virtual environment it is a link, which is not to be followed.
    version : tuple of int
        Such as (3, 11).
    origin : str
        How it was found.
    packages : tuple of Path
        Where it looks for installed packages, first things first.
    """

    path: Path
    version: tuple[int, int]
    origin: str
    packages: tuple[Path, ...]


def find_interpreters(around: Surroundings) -> list[Interpreter]:
    """Find the Pythons of a machine; each once, however many names lead to it."""
    found: dict[tuple[str, ...], Interpreter] = {}
    for place in places(around):
        for path in _executables(place):
            interpreter = inspect_interpreter(path, place.origin, around)
            if interpreter is not None:
                found.setdefault(_identity(interpreter), interpreter)
    return list(found.values())


def named_interpreter(path: Path, around: Surroundings) -> Path | None:
    """Return the Python that the user means by the path of one, or of its environment."""
    choices = [path, path / "bin/python3", path / "bin/python"]
    name = str(path)
    if "/" not in name:
        folders = around.environment.get("PATH", "").split(":")
        choices += [around.root / part.lstrip("/") / name for part in folders if part]
    return next((choice for choice in choices if _is_executable(choice)), None)


def inspect_interpreter(path: Path, origin: str, around: Surroundings) -> Interpreter | None:
    """Return what the files around a Python tell of it; None where they do not tell enough."""
    real = Path(os.path.realpath(path))
    environment = path.parent.parent
    settings = _settings(environment / "pyvenv.cfg")
    inner = [environment] if settings else []
    base = _base(real, settings, around)
    minor = _minor(path, real, settings, environment if settings else base)
    if minor is None:
        return None
    alone = settings and settings.get("include-system-site-packages", "false").lower() != "true"
    folders = [folder for prefix in inner for folder in _site(prefix, minor)]
    if not alone:
        if not around.environment.get("PYTHONNOUSERSITE"):
            user = around.named("PYTHONUSERBASE") or around.in_home(".local")
            folders += _site(user, minor) if user else []
        folders += _site(base, minor)
        if base == around.root / "usr":
            # Debian keeps what apt installs apart from what pip does.
            local = around.root / "usr/local/lib" / f"python3.{minor}"
            folders += [local / "dist-packages", base / "lib/python3/dist-packages"]
            folders += [base / "lib" / f"python3.{minor}" / "dist-packages"]
    existing = [folder for folder in folders if folder.is_dir()]
    linked = [folder for one in existing for folder in _from_path_files(one)]
    return Interpreter(
        path=path,
        version=(3, minor),
        origin=origin,
        packages=tuple(dict.fromkeys([*existing, *linked])),
    )


def _executables(place: Place) -> Iterator[Path]:
    """Yield the Pythons in a folder."""
    if not place.shared:
        choices = [place.folder / name for name in ("python3", "python")]
        yield from [path for path in choices if _is_executable(path)][:1]
        return
    try:
        with os.scandir(place.folder) as entries:
            found = [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
    except OSError:
        return
    # The name that says most is the one that the user reads.
    for name in sorted(found, key=lambda name: (len(name), name), reverse=True):
        path = place.folder / name
        if _is_executable(path) and _is_program(path):
            yield path


def _is_executable(path: Path) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _is_program(path: Path) -> bool:
    """Whether it is more than a script: pyenv and others put one of a Python's name into PATH."""
    try:
        with open(path, "rb") as stream:
            return stream.read(2) != b"#!"
    except OSError:
        return False


def _identity(interpreter: Interpreter) -> tuple[str, ...]:
    return tuple(map(os.path.realpath, (interpreter.path, *interpreter.packages)))


def _settings(path: Path) -> dict[str, str]:
    """Return the content of a virtual environment's ``pyvenv.cfg``; it is empty elsewhere."""
    pairs = (line.partition("=") for line in read_text(path).splitlines())
    return {name.strip().lower(): text.strip() for name, equals, text in pairs if equals}


def _base(real: Path, settings: dict[str, str], around: Surroundings) -> Path:
    """Return the folder of the installation that a Python belongs to."""
    home = settings.get("home", "")
    if home.startswith("/"):
        real = Path(os.path.realpath(around.root / home.lstrip("/"))) / "python3"
    return real.parent.parent


def _minor(path: Path, real: Path, settings: dict[str, str], prefix: Path) -> int | None:
    """Return the second number of a Python's version."""
    for name in (real.name, path.name):
        match = _NAME.fullmatch(name)
        if match and match[1]:
            return int(match[1])
    # venv writes the first of these, virtualenv and uv the second.
    for key in ("version", "version_info"):
        match = re.match(r"3\.(\d+)", settings.get(key, ""))
        if match:
            return int(match[1])
    matches = [_FOLDER.fullmatch(folder.name) for folder in (prefix / "lib").glob("python3.*")]
    numbers = [int(match[1]) for match in matches if match]
    return numbers[0] if len(numbers) == 1 else None


def _site(prefix: Path, minor: int) -> list[Path]:
    return [prefix / name / f"python3.{minor}" / "site-packages" for name in ("lib", "lib64")]


def _from_path_files(folder: Path) -> Iterator[Path]:
    """Yield the folders that the ``.pth`` files of a folder add."""
    for file in sorted(folder.glob("*.pth")):
        try:
            if file.stat().st_size > _LARGEST_PATH_FILE:
                continue
        except OSError:
            continue
        for line in read_text(file).splitlines():
            # Python runs the lines that begin with an import statement. The usual one of those
            # that concern folders adds one together with its own .pth files.
            runs = line.startswith(("import ", "import\t"))
            named = _ADDED.findall(line) if runs else [line.strip()]
            for name in named:
                added = folder / name
                if name and not name.startswith("#") and added.is_dir():
                    yield added
