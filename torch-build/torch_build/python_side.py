"""Stage python side: put the Python modules of the package beside the native one.

Upstream's own modules come from the unpacked source, as ``python_modules.toml`` lists them; ours
come from ``python/torch/``. ``torch/version.py`` is written here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from buildkit.edits import Edit, apply, by_path
from buildkit.errors import RecipeError

MODULES = Path(__file__).resolve().parents[1] / "python_modules.toml"

LOCAL_VERSION = "whisper.cpu"
"""Tells this build from upstream's of the same version."""

_SOURCE = "pytorch"


@dataclass(frozen=True, kw_only=True)
class UpstreamModules:
    """What is taken from upstream.

    Attributes
    ----------
    reasons : dict of str to str
        For each file, by its path in upstream's package, why it is in the build.
    edits : dict of str to list of Edit
        Our changes, by the path of the file.
    """

    reasons: Mapping[str, str]
    edits: Mapping[str, list[Edit]]


def read_modules(path: Path = MODULES) -> UpstreamModules:
    """Read the list of upstream's modules.

    Raises
    ------
    RecipeError
        When an entry is incomplete, leaves the package or edits a file that is not listed.
    """
    with path.open("rb") as stream:
        table = tomllib.load(stream)
    reasons: dict[str, str] = table.get("modules", {})
    for name, reason in reasons.items():
        if not reason or ".." in PurePosixPath(name).parts or not name.endswith(".py"):
            raise RecipeError(f"{path}: the entry {name!r} is wrong", "correct it")
    try:
        edits = [Edit(source=_SOURCE, **entry) for entry in table.get("edit", [])]
    except TypeError as error:
        raise RecipeError(f"{path}: {error}", "correct the edit") from error
    for edit in edits:
        if edit.path not in reasons:
            raise RecipeError(
                f"{path}: there is an edit of {edit.path}, which is not among the modules",
                "add it or take the edit away",
            )
    return UpstreamModules(reasons=reasons, edits=by_path(edits, _SOURCE))


def upstream_version(source: Path) -> str:
    """Return the version of an unpacked PyTorch, such as ``2.6.0``.

    Its ``version.txt`` keeps the mark of a release to come, ``2.6.0a0``.
    """
    return (source / "version.txt").read_text().strip().removesuffix("a0")


def version_module(version: str) -> str:
    """Return the text of ``torch/version.py``.

    Upstream's build writes the same names; programs read the devices there, and ``torch.load``
    takes a build without ``git_version`` for an internal one of upstream's makers.

    Parameters
    ----------
    version : str
        Upstream's version.

    Examples
    --------
    >>> version_module("2.6.0").splitlines()[-6:-4]
    ["__version__ = '2.6.0+whisper.cpu'", 'debug = False']
    """
    return f'''"""Which build of PyTorch this is."""

from typing import Optional

__all__ = ["__version__", "cuda", "debug", "git_version", "hip", "xpu"]
__version__ = {f"{version}+{LOCAL_VERSION}"!r}
debug = False
git_version = {f"v{version}"!r}
cuda: Optional[str] = None
hip: Optional[str] = None
xpu: Optional[str] = None
'''


def python_files(source: Path, ours: Path, modules: UpstreamModules) -> dict[str, bytes]:
    """Return the content of every Python file of the package, by its path in it.

    Parameters
    ----------
    source : Path
        The unpacked source of PyTorch.
    ours : Path
        The folder of our own files of the package ``torch``.
    modules : UpstreamModules
        What to take from upstream.

    Raises
    ------
    RecipeError
        When upstream lacks a file, a file is both upstream's and ours, or an edit does not fit.
    """
    files = {"version.py": version_module(upstream_version(source)).encode()}
    for path in sorted(ours.rglob("*.py")):
        name = path.relative_to(ours).as_posix()
        if name in files or name in modules.reasons:
            raise RecipeError(f"{path} is in the package already", "take one of the two away")
        files[name] = path.read_bytes()
    for name in modules.reasons:
        path = source / "torch" / name
        if not path.is_file():
            raise RecipeError(f"PyTorch has no {path}", "correct python_modules.toml")
        text = path.read_text(encoding="utf-8")
        files[name] = apply(text, modules.edits.get(name, ())).encode()
    return dict(sorted(files.items()))


def make_python_side(source: Path, ours: Path, stage: Path) -> None:
    """Write the Python files of the package, and take away those that do not belong there.

    A file that is there already with the same content is not written again.

    Parameters
    ----------
    source : Path
        The unpacked source of PyTorch.
    ours : Path
        The folder of our own files of the package, ``python/torch``.
    stage : Path
        The folder of the package in the build, ``stage/torch``. Files of other kinds in it, such
        as the native module, stay.

    Raises
    ------
    RecipeError
        When a listed file is missing or an edit does not fit.
    """
    files = python_files(source, ours, read_modules())
    for path in stage.rglob("*.py"):
        if path.relative_to(stage).as_posix() not in files:
            path.unlink()
    # Made by trying the package out; the wheel holds none, for they name the time of their source.
    for path in stage.rglob("__pycache__/*.pyc"):
        path.unlink()
    for name, content in files.items():
        path = stage / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
