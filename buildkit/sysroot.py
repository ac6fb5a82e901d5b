"""The root of an older Debian that everything is compiled for, unpacked in the build cache.

A program runs with any C library as new as the one that it was linked with, and with none that is
older. ``sysroot.toml`` says which it is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import run_quietly
from buildkit.debian_source import MINUTES, SOURCES, complaint
from buildkit.debian_suites import open_suites
from buildkit.errors import SourceError
from buildkit.files import make_directory, storage_error
from buildkit.package_pins import PackagePins, read_pins
from buildkit.pinned_files import provide
from buildkit.system_packages import unpack_package

PINS = Path(__file__).resolve().parent / "sysroot.toml"

OPENMP = Path("usr/lib/llvm-16")
"""Where the OpenMP library's packages have it."""


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


def sysroot_in(cache: Path, pins: PackagePins) -> Sysroot:
    """Return the sysroot that belongs in the build cache, whether it is there yet or not."""
    return Sysroot(root=cache / "sysroot" / pins.key()[:16])


def provide_sysroot(
    cache: Path, *, pins: PackagePins | None = None, apt_sources: Path = SOURCES
) -> Sysroot:
    """Return the sysroot in the build cache, and put it there where it is not yet.

    Parameters
    ----------
    cache : Path
        The build cache.
    pins : PackagePins, optional
        What it is made of; ``sysroot.toml`` when not given.
    apt_sources : Path
        The folder with apt's own list of archives.

    Raises
    ------
    SourceError
        When the packages cannot be got from the archives that the machine uses.
    ToolError
        When one cannot be unpacked.
    StorageError
        When the cache cannot be written.
    """
    pins = pins or read_pins(PINS)
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
    pins: PackagePins, folder: Path, cache: Path, *, apt_sources: Path = SOURCES
) -> Path:
    """Download pinned packages and unpack them; return the folder that has ``usr`` and so on.

    Parameters
    ----------
    pins : PackagePins
        The packages.
    folder : Path
        An empty folder for everything that is written.
    cache : Path
        The build cache, which keeps the files.
    apt_sources : Path
        The folder with apt's own list of archives.

    Raises
    ------
    SourceError
        When a package cannot be downloaded.
    ToolError
        When one cannot be unpacked.
    """
    root, archives = folder / "root", folder / "archives"
    root.mkdir()
    archives.mkdir()
    _download(pins, archives, cache, apt_sources)
    for package in pins.packages:
        unpack_package(archives / package.file, root)
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


def _download(pins: PackagePins, folder: Path, cache: Path, apt_sources: Path) -> None:
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
            raise SourceError(f"apt cannot download {' '.join(wanted)}: {complaint(output)}")

    digests = {package.file: package.sha256 for package in pins.packages}
    words = f"downloading packages of Debian's release {pins.suite}"
    provide(folder, digests, cache=cache, routes={words: from_archive})
