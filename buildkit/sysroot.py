"""The root of an older Debian that everything is compiled for, unpacked in the build cache.

A program runs with any C library as new as the one that it was linked with, and with none that is
older. ``sysroot.toml`` says which it is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from scripts.commands import last_line, run_quietly
from scripts.content import provide
from scripts.debian_source import MINUTES, SOURCES, complaint
from scripts.debian_suites import open_suites
from transcriber.errors import DependencyError, NetworkError
from transcriber.files import make_directory, storage_error

PINS = Path(__file__).resolve().parent.parent / "sysroot.toml"

OPENMP = Path("usr/lib/llvm-16")
"""Where the OpenMP library's packages have it."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A binary package of the sysroot.

    Attributes
    ----------
    name, version : str
        As Debian has them.
    size : int
        Bytes of the file.
    sha256 : str
        Its digest, in hexadecimal.
    purpose : str
        Why it is needed.
    architecture : str
        That of Debian; ``all`` for a package without machine code.
    """

    name: str
    version: str
    size: int
    sha256: str
    purpose: str
    architecture: str = "amd64"

    @property
    def file(self) -> str:
        """Name of the file, as apt writes it."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


@dataclass(frozen=True, kw_only=True)
class SysrootPins:
    """The content of ``sysroot.toml``.

    Attributes
    ----------
    suite : str
        Code name of Debian's release.
    packages : tuple of Package
        What is unpacked.
    components : str
        Parts of Debian's archive that have the packages, separated by spaces.
    """

    suite: str
    packages: tuple[Package, ...]
    components: str = "main"

    def key(self) -> str:
        """Return a digest of the packages' digests."""
        text = "".join(f"{package.name} {package.sha256}\n" for package in self.packages)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Sysroot:
    """An unpacked sysroot.

    Attributes
    ----------
    root : Path
        It has ``usr/include`` and so on.
    """

    root: Path

    @property
    def flags(self) -> tuple[str, ...]:
        """Options of clang, for compiling and for linking."""
        return (f"--sysroot={self.root}", f"--gcc-toolchain={self.root}/usr")

    @property
    def openmp_library(self) -> Path:
        """The shared OpenMP library."""
        return self.root / OPENMP / "lib/libomp.so.5"

    @property
    def openmp_include(self) -> Path:
        """The folder with ``omp.h``."""
        return self.root / OPENMP / "lib/clang/16/include"


def read_pins(path: Path = PINS) -> SysrootPins:
    """Read the pins in the file at `path`.

    Raises
    ------
    DependencyError
        When a pin lacks a field or has one that is unknown.
    """
    try:
        table = tomllib.loads(path.read_text())
        packages = tuple(Package(name=name, **pin) for name, pin in table["packages"].items())
        return SysrootPins(
            suite=table["suite"],
            packages=packages,
            components=table.get("components", SysrootPins.components),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DependencyError(f"{path}: {error}", "correct the pin") from error


def sysroot_in(cache: Path, pins: SysrootPins) -> Sysroot:
    """Return the sysroot that belongs in the build cache, whether it is there yet or not."""
    return Sysroot(root=cache / "sysroot" / pins.key()[:16])


def provide_sysroot(
    cache: Path, *, pins: SysrootPins | None = None, apt_sources: Path = SOURCES
) -> Sysroot:
    """Return the sysroot in the build cache, and put it there where it is not yet.

    Parameters
    ----------
    cache : Path
        The build cache.
    pins : SysrootPins, optional
        What it is made of; ``sysroot.toml`` when not given.
    apt_sources : Path
        The folder with apt's own list of archives.

    Raises
    ------
    NetworkError
        When the packages cannot be got from the archives that the machine uses.
    DependencyError
        When one cannot be unpacked.
    StorageError
        When the cache cannot be written.
    """
    pins = pins or read_pins()
    sysroot = sysroot_in(cache, pins)
    root = sysroot.root
    if root.is_dir():
        return sysroot
    make_directory(root.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=root.parent) as temporary:
            incoming = unpack_pinned(pins, Path(temporary), cache, apt_sources=apt_sources)
            make_links_relative(incoming)
            try:
                incoming.rename(root)
            except OSError:
                # Another checkout, which unpacked the same, was quicker.
                if not root.is_dir():
                    raise
    except OSError as error:
        raise storage_error("unpack packages to", root, error) from error
    return sysroot


def unpack_pinned(
    pins: SysrootPins, folder: Path, cache: Path, *, apt_sources: Path = SOURCES
) -> Path:
    """Download pinned packages and unpack them; return the folder that has ``usr`` and so on.

    Parameters
    ----------
    pins : SysrootPins
        The packages.
    folder : Path
        An empty folder for everything that is written.
    cache : Path
        The build cache, which keeps the files.
    apt_sources : Path
        The folder with apt's own list of archives.

    Raises
    ------
    NetworkError
        When a package cannot be downloaded.
    DependencyError
        When one cannot be unpacked.
    """
    root, archives = folder / "root", folder / "archives"
    root.mkdir()
    archives.mkdir()
    _download(pins, archives, cache, apt_sources)
    for package in pins.packages:
        _unpack(archives / package.file, root)
    return root


def make_links_relative(root: Path) -> None:
    """Let absolute symbolic links in `root`, which mean the machine's own root, stay inside it."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            if path.is_symlink() and (target := path.readlink()).is_absolute():
                inside = root / target.relative_to("/")
                path.unlink()
                path.symlink_to(os.path.relpath(inside, path.parent))


def _download(pins: SysrootPins, folder: Path, cache: Path, apt_sources: Path) -> None:
    versions = {package.file: f"{package.name}={package.version}" for package in pins.packages}

    def from_archive(missing: Iterable[str], incoming: Path) -> None:
        with tempfile.TemporaryDirectory(prefix=".apt-", dir=folder.parent) as private:
            options = open_suites(
                Path(private),
                (pins.suite,),
                sources=apt_sources,
                kind="deb",
                components=pins.components,
            )
            wanted = [versions[file] for file in missing]
            command = ["apt-get", *options, "download", *wanted]
            code, output = run_quietly(command, limit=MINUTES, directory=incoming)
        if code:
            raise NetworkError(f"apt cannot download {' '.join(wanted)}: {complaint(output)}")

    digests = {package.file: package.sha256 for package in pins.packages}
    words = f"downloading packages of Debian's release {pins.suite}"
    provide(folder, digests, cache=cache, routes={words: from_archive})


def _unpack(archive: Path, root: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        raise DependencyError("this machine has no dpkg-deb", "build on Debian or Ubuntu")
    code, output = run_quietly(["dpkg-deb", "--extract", archive, root])
    if code:
        raise DependencyError(f"cannot unpack {archive.name}: {last_line(output)}")
