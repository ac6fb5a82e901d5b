"""Get binary packages through the machine's own apt: install them, or unpack them beside it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from buildkit.commands import Command, last_line, run_quietly, say
from buildkit.debian_source import apt_options
from buildkit.errors import LimitError, SourceError, ToolError
from buildkit.files import make_directory, storage_error

_MINUTES = 1200.0
"""Seconds for apt; the packages are some fifty megabytes."""


def install(packages: Sequence[str], *, sudo: bool = False) -> bool:
    """Install `packages` where this process may, and tell whether that succeeded.

    Parameters
    ----------
    packages : sequence of str
        Names of binary packages.
    sudo : bool
        Whether one that is not root's asks sudo, too, which must need no password.
    """
    administrator = []
    if os.geteuid() != 0:
        administrator = ["sudo", "-n"]
        if not sudo or not _succeeds([*administrator, "true"]):
            return False
    if shutil.which("apt-get") is None:
        return False
    say(f"installing the system packages {' '.join(packages)}")
    apt = [*administrator, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes", "--quiet"]
    command = [*apt, "install", "--no-install-recommends", *packages]
    # A fresh machine has no package lists yet, and an old one may have stale ones.
    return _succeeds(command) or (_succeeds([*apt, "update"]) and _succeeds(command))


def provide_program(name: str, cache: Path) -> Path:
    """Return the program `name`: the machine's, which is installed where that is allowed.

    Parameters
    ----------
    name : str
        The program, in Debian's package of the same name.
    cache : Path
        The build cache, where the package is unpacked when it cannot be installed.

    Raises
    ------
    BuildError
        When it cannot be had.
    """
    found = shutil.which(name) or (install([name]) and shutil.which(name))
    if found:
        return Path(found)
    program = cache / name / "usr/bin" / name
    if not program.is_file():
        unpack_packages([name], cache / name)
    return program


def unpack_packages(packages: Sequence[str], folder: Path, *, status: Path | None = None) -> None:
    """Unpack `packages`, and what they need and the machine lacks, into `folder`.

    apt downloads as it would for an installation, with all that it writes in a private folder,
    so that an ordinary user can do this. No script of a package runs.

    Parameters
    ----------
    packages : sequence of str
        Names of binary packages.
    folder : Path
        Becomes a root with ``usr`` and so on; what it held is removed.
    status : Path, optional
        dpkg's list of what is installed, the machine's when not given.

    Raises
    ------
    ToolError
        When the machine has no apt or dpkg, or a package cannot be unpacked.
    SourceError
        When apt cannot download the packages.
    StorageError
        When `folder` cannot be written.
    """
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise ToolError(f"this machine has no {program}")
    say(f"downloading the system packages {' '.join(packages)}, to unpack them in {folder}")
    make_directory(folder.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".packages-", dir=folder.parent) as temporary:
            archives = _download(packages, Path(temporary), status)
            root = Path(temporary) / "root"
            root.mkdir()
            for archive in archives:
                unpack_package(archive, root)
            if folder.exists():
                shutil.rmtree(folder)
            root.rename(folder)
    except OSError as error:
        raise storage_error("unpack packages to", folder, error) from error


def unpack_package(archive: Path, root: Path) -> None:
    """Unpack one package into the folder `root`.

    Raises
    ------
    ToolError
        When that fails.
    """
    code, output = run_quietly(["dpkg-deb", "--extract", archive, root])
    if code:
        raise ToolError(f"cannot unpack {archive.name}: {last_line(output)}")


def _download(packages: Sequence[str], folder: Path, status: Path | None) -> list[Path]:
    cache = folder / "cache"
    for path in (folder / "lists" / "partial", cache / "archives" / "partial"):
        path.mkdir(parents=True)
    # The lock lies in dpkg's folder, which only root may write to; nothing is installed.
    settings: dict[str, object] = {"Debug::NoLocking": "1"}
    if status:
        settings["Dir::State::Status"] = status
    options = apt_options(folder, settings)
    # One archive of several that does not answer must not keep the others from serving.
    run_quietly(["apt-get", *options, "update"], limit=_MINUTES)
    code, output = run_quietly(
        [
            *("apt-get", *options, "--yes", "--no-install-recommends", "--download-only"),
            # What is installed is wanted all the same, to lie beside the rest.
            *("install", "--reinstall", *packages),
        ],
        limit=_MINUTES,
    )
    archives = sorted((cache / "archives").glob("*.deb"))
    if code or not archives:
        raise SourceError(f"apt cannot download {' '.join(packages)}: {last_line(output)}")
    return archives


def _succeeds(command: Command) -> bool:
    try:
        code, _ = run_quietly(command, limit=_MINUTES)
    except (ToolError, LimitError):
        return False
    return code == 0
