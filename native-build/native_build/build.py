"""Build the native program: all stages, one after the other."""

from __future__ import annotations

import shutil
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from native_build.build_packages import install_build_packages
from native_build.build_programs import provide_programs
from native_build.contents import write_contents
from native_build.module_list import FILES, MODULES, own_modules, read_list, with_parents
from native_build.program_packages import gather_packages
from native_build.program_parts import (
    Workshop,
    ffmpeg_part,
    frozen_part,
    numpy_part,
    python_part,
)
from native_build.prune import prune, write_report
from scripts.commands import say
from scripts.layout import CHECKOUT, NATIVE
from torch_build import unpack
from torch_build.fetch import archive_path, fetch
from torch_build.sources import read_sources
from torch_build.toolchain import provide_toolchain
from transcriber.models.certificates import BUNDLED

PROGRAM = CHECKOUT / "transcriber"
PROGRAM_REQUIREMENTS = CHECKOUT / "requirements/program.txt"

_OF_TOOLS = frozenset({"Nuitka", "certifi"})
"""What the build runs and of which something gets into the program."""


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a build works."""

    work: Path
    """Everything in between, hundreds of megabytes, and the program."""
    cache: Path
    """Downloads and finished parts; it outlives the checkout."""


def build_program(folders: Folders, torch: Path, *, selection: str) -> Path:
    """Build the native program.

    Parameters
    ----------
    folders : Folders
        Where.
    torch : Path
        The wheel of the stripped PyTorch.
    selection : str
        Which formats ffmpeg reads, ``slim`` or ``wide``.

    Returns
    -------
    Path
        The folder of the program, ready to be run or packed.

    Raises
    ------
    TranscriberError
        When a stage fails.
    """
    shop = _prepare(folders)
    with _told("python"):
        python_part(shop)
    with _told("numpy"):
        numpy = numpy_part(shop)
    with _told(f"ffmpeg, {selection}"):
        decoder = ffmpeg_part(shop, selection)
    with _told("freeze"):
        site = gather_packages(
            PROGRAM_REQUIREMENTS,
            Path(sysconfig.get_paths()["purelib"]),
            torch,
            numpy,
            folders.work / "packages",
            strip=shop.tools.strip,
        )
        frozen = frozen_part(shop, PROGRAM, site, torch, PROGRAM_REQUIREMENTS)
    program = folders.work / "program" / selection
    with _told("prune"):
        decisions = prune(
            frozen,
            program,
            modules=with_parents([*read_list(MODULES), *own_modules(PROGRAM)]),
            files=read_list(FILES),
            # A part of the same package, GNU's binutils.
            readelf=shop.tools.strip.with_name("readelf"),
        )
        write_report(program.with_suffix(".prune.json"), decisions)
        shutil.copy(decoder / "ffmpeg", program / "ffmpeg")
        shutil.copy(shop.packages / "certifi/cacert.pem", program / BUNDLED)
        write_contents(
            program,
            archives=shop.sources.archives,
            torch_sources=read_sources().all,
            packages=site,
            others=_of_tools(shop.packages),
            trees=shop.trees,
            sysroot=shop.tools.sysroot.root,
        )
    size = sum(path.stat().st_size for path in program.rglob("*") if path.is_file())
    say(f"native: {program.relative_to(folders.work)} has {size:,} bytes")
    return program


def _prepare(folders: Folders) -> Workshop:
    """Get the sources and the tools."""
    sources = read_sources(NATIVE / "sources.toml")
    archives, trees = folders.work / "archives", folders.work / "source"
    with _told("sources"):
        fetch(sources, archives, folders.cache)
        for archive in sources.archives:
            unpack.unpack(archive, archive_path(archive, archives), trees)
    with _told("build tools"):
        tools = provide_toolchain(folders.cache)
        packages = install_build_packages(folders.work / "build-packages")
    return Workshop(
        work=folders.work,
        cache=folders.cache,
        trees=trees,
        packages=packages,
        tools=tools,
        folders=provide_programs(folders.cache),
        sources=sources,
    )


def _of_tools(packages: Path) -> list[Distribution]:
    return [one for one in distributions(path=[str(packages)]) if one.name in _OF_TOOLS]


@contextmanager
def _told(stage: str) -> Iterator[None]:
    """Say how long a stage took."""
    start = time.monotonic()
    yield
    say(f"native: {stage}: {time.monotonic() - start:.1f} s")
