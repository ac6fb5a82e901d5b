"""What the parts of the program are built with: sources, compiler, tools, folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.compiler_wrapper import wrap_compiler
from buildkit.edits import Edit, by_path, read_edits
from buildkit.edits import digests as edit_digests
from buildkit.fetch import fetch
from buildkit.kept_parts import part_key
from buildkit.source_trees import provide_trees
from buildkit.sources import Archive, Sources, read_sources
from buildkit.stages import stage
from buildkit.toolchain import Toolchain, provide_toolchain
from native_build.build_packages import EDITS, SOURCE_EDITS, install_packages
from native_build.build_programs import provide_programs
from scripts.layout import NATIVE


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What the parts are built with.

    Attributes
    ----------
    work : Path
        Folder for everything in between, hundreds of megabytes.
    cache : Path
        The build cache, which outlives the checkout.
    trees : Path
        The unpacked sources.
    packages : Path
        A folder like site-packages with what the build runs.
    tools : Toolchain
        The compiler.
    folders : sequence of Path
        Where further programs lie that recipes call.
    sources : Sources
        The pins.
    edits : tuple of Edit
        Our changes in the sources.
    """

    work: Path
    cache: Path
    trees: Path
    packages: Path
    tools: Toolchain
    folders: Sequence[Path]
    sources: Sources
    edits: tuple[Edit, ...] = ()

    @property
    def parts(self) -> Path:
        """Where in the build cache the finished parts are."""
        return self.cache / "native"

    def key(self, words: Sequence[str], files: Sequence[Path], *archives: str) -> str:
        """Return the key of a part of `archives`, made by the recipes `files`."""
        digests = []
        for source in map(self.sources.named, archives):
            if not isinstance(source, Archive):
                raise TypeError(f"{source.name} is no archive")
            digests += [source.sha256, *source.digests]
            changes = edit_digests(by_path(self.edits, source.name))
            digests += [f"{path} {digest}" for path, digest in sorted(changes.items())]
        return part_key([self.tools.toolchain_key(), *words, *digests], files)

    def wrapped(self, work: Path) -> dict[str, str]:
        """Return the environment of a recipe that works in `work`, emptied before."""
        shutil.rmtree(work, ignore_errors=True)
        settings = wrap_compiler(work / "bin", self.tools, self.cache, hidden=(self.trees, work))
        path = os.pathsep.join([settings["PATH"], *map(str, self.folders)])
        return {**settings, "PATH": path}


def prepare_workshop(work: Path, cache: Path) -> Workshop:
    """Get the sources and the tools.

    Raises
    ------
    BuildError
        When one cannot be had.
    """
    sources = read_sources(NATIVE / "sources.toml")
    archives, trees = work / "archives", work / "source"
    with stage("native: sources"):
        fetch(sources, archives, cache)
        edits = read_edits(SOURCE_EDITS)
        provide_trees(sources.archives, archives, trees, edits)
    with stage("native: build tools"):
        tools = provide_toolchain(cache)
        packages = install_packages(work / "build-packages", edits=EDITS)
    return Workshop(
        work=work,
        cache=cache,
        trees=trees,
        packages=packages,
        tools=tools,
        folders=provide_programs(cache),
        sources=sources,
        edits=edits,
    )
