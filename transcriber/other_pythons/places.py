"""Where Pythons lie on a machine: the folders of the usual tools.

Every function takes the root of the file system as `root`, so that a test can build another.
Nothing is run here.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from transcriber.machine.system_files import read_text

_SYSTEM = ("usr/bin", "usr/local/bin")

_CONDA = ("anaconda3", "mambaforge", "micromamba", "miniconda3", "miniforge3", "conda", "mamba")
"""What the installers of conda's family call their folder, in the home folder or in /opt."""

_BESIDE = (".venv", "venv")
"""What a virtual environment in a project's folder is usually called."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What decides where Pythons are looked for.

    Attributes
    ----------
    root : Path
        The root of the file system.
    environment : mapping
        Environment variables.
    home : Path or None
        The user's folder.
    folder : Path
        The current folder.
    """

    root: Path
    environment: Mapping[str, str]
    home: Path | None
    folder: Path

    @classmethod
    def of_this_process(cls) -> Surroundings:
        """Return those of this process."""
        try:
            home: Path | None = Path.home()
        except RuntimeError:
            home = None
        try:
            folder = Path.cwd()
        except OSError:
            # It has been removed.
            folder = Path("/")
        return cls(root=Path("/"), environment=os.environ, home=home, folder=folder)

    def named(self, variable: str) -> Path | None:
        """Return the folder that an environment variable names, if it names one."""
        text = self.environment.get(variable, "")
        return self.root / text.lstrip("/") if text.startswith("/") else None

    def in_home(self, *parts: str) -> Path | None:
        """Return a folder below the user's."""
        return self.home.joinpath(*parts) if self.home else None


@dataclass(frozen=True, kw_only=True)
class Place:
    """A folder with executables.

    Attributes
    ----------
    folder : Path
        The folder ``bin``.
    origin : str
        Which tool's it is, for the user.
    shared : bool
        Whether other programs lie there, too, and several Pythons may.
    """

    folder: Path
    origin: str
    shared: bool = False


def places(around: Surroundings) -> Iterator[Place]:
    """Yield where to look, what the user has chosen now before what is installed somewhere."""
    environment = around.environment
    for variable, origin in (("VIRTUAL_ENV", "active environment"), ("CONDA_PREFIX", "conda")):
        active = around.named(variable)
        if active:
            yield Place(folder=active / "bin", origin=origin)
    for folder in (around.folder, *around.folder.parents):
        for name in _BESIDE:
            yield Place(folder=folder / name / "bin", origin="environment beside")
    for part in environment.get("PATH", "").split(":"):
        if part.startswith("/"):
            yield Place(folder=around.root / part.lstrip("/"), origin="PATH", shared=True)
    for path in _SYSTEM:
        yield Place(folder=around.root / path, origin="system", shared=True)
    for origin, folders in _versions(around):
        for folder in folders:
            yield from _each(folder, origin)
    for prefix in _conda_prefixes(around):
        yield Place(folder=prefix / "bin", origin="conda")
        yield from _each(prefix / "envs", "conda")
    for prefix in _listed_by_conda(around):
        yield Place(folder=prefix / "bin", origin="conda")
    for place in _each(around.root / "opt", "system"):
        yield Place(folder=place.folder, origin=place.origin, shared=True)


def _versions(around: Surroundings) -> Iterator[tuple[str, Iterable[Path]]]:
    """Yield folders that have a Python in each of their folders, with their tool."""
    data = around.named("XDG_DATA_HOME") or around.in_home(".local", "share")
    cache = around.named("XDG_CACHE_HOME") or around.in_home(".cache")

    def some(*folders: Path | None) -> list[Path]:
        return [folder for folder in folders if folder]

    def below(folder: Path | None, *parts: str) -> Path | None:
        return folder.joinpath(*parts) if folder else None

    pyenv = around.named("PYENV_ROOT") or around.in_home(".pyenv")
    yield "pyenv", some(below(pyenv, "versions"))
    yield (
        "uv",
        some(
            around.named("UV_PYTHON_INSTALL_DIR") or below(data, "uv", "python"),
            around.named("UV_TOOL_DIR") or below(data, "uv", "tools"),
        ),
    )
    pipx = around.named("PIPX_HOME")
    yield (
        "pipx",
        some(
            below(pipx, "venvs"),
            below(data, "pipx", "venvs"),
            around.in_home(".local", "pipx", "venvs"),
        ),
    )
    yield "asdf", some(around.in_home(".asdf", "installs", "python"))
    yield "mise", some(below(data, "mise", "installs", "python"))
    yield "poetry", some(below(cache, "pypoetry", "virtualenvs"))
    yield (
        "virtualenvwrapper",
        some(
            around.named("WORKON_HOME"), around.in_home(".virtualenvs"), below(data, "virtualenvs")
        ),
    )


def _conda_prefixes(around: Surroundings) -> Iterator[Path]:
    root = around.named("MAMBA_ROOT_PREFIX")
    if root:
        yield root
    executable = around.named("CONDA_EXE")
    if executable:
        yield executable.parent.parent
    for name in _CONDA:
        for folder in (around.in_home(), around.root / "opt"):
            if folder:
                yield folder / name
    hidden = around.in_home(".conda")
    if hidden:
        yield hidden


def _listed_by_conda(around: Surroundings) -> Iterator[Path]:
    """Yield the environments that conda has noted in ``~/.conda/environments.txt``."""
    listed = around.in_home(".conda", "environments.txt")
    for line in read_text(listed).splitlines() if listed else ():
        if line.startswith("/"):
            yield around.root / line.strip().lstrip("/")


def _each(folder: Path, origin: str) -> Iterator[Place]:
    try:
        inner = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return
    for path in inner:
        yield Place(folder=path / "bin", origin=origin)
