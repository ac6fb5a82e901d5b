"""The parts of the program, each from the build cache when it was built of the same inputs."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from native_build import (
    compiler_wrapper,
    cpython,
    ffmpeg,
    freeze,
    libraries,
    module_list,
    numpy_package,
    program_packages,
)
from native_build.build_packages import EDITS, REQUIREMENTS
from native_build.compiler_wrapper import wrap_compiler
from native_build.module_list import MODULES, read_list
from native_build.parts import part_key, provide_part
from torch_build.sources import Sources
from torch_build.toolchain import Toolchain


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
    """

    work: Path
    cache: Path
    trees: Path
    packages: Path
    tools: Toolchain
    folders: Sequence[Path]
    sources: Sources

    def key(self, words: Sequence[str], files: Sequence[Path], *archives: str) -> str:
        """Return the key of a part of `archives`, made by the recipes `files`."""
        digests = [self.sources.named(name).sha256 for name in archives]
        return part_key([self.tools.toolchain_key(), *words, *digests], files)

    def wrapped(self, work: Path) -> dict[str, str]:
        """Return the environment of a recipe that works in `work`, emptied before."""
        shutil.rmtree(work, ignore_errors=True)
        settings = wrap_compiler(work / "bin", self.tools, self.cache, hidden=(self.trees, work))
        path = os.pathsep.join([settings["PATH"], *map(str, self.folders)])
        return {**settings, "PATH": path}


def python_part(shop: Workshop) -> Path:
    """Return a folder with ``python``, CPython's prefix, and ``libraries``."""

    def build() -> Path:
        work = shop.work / "python"
        plain = shop.wrapped(work)
        built = libraries.build_libraries(shop.trees, work / "libraries", environment=plain)
        prefix = cpython.build_python(
            shop.trees / "cpython", work / "cpython", built, environment=plain
        )
        whole = work / "whole"
        shutil.copytree(built, whole / "libraries")
        shutil.copytree(prefix, whole / "python", symlinks=True)
        return whole

    files = [*_code(compiler_wrapper, libraries, cpython), cpython.SETUP]
    key = shop.key([], files, "zlib", "libffi", "openssl", "cpython")
    return provide_part("python", key, shop.cache, build)


def numpy_part(shop: Workshop) -> Path:
    """Return a folder with the package ``numpy``."""

    def build() -> Path:
        work = shop.work / "numpy"
        plain = shop.wrapped(work)
        return numpy_package.build_numpy(
            shop.trees / "numpy",
            work / "built",
            shop.packages,
            tools=shop.tools,
            environment=plain,
        )

    # The Python that it is compiled for.
    words = [sys.version]
    files = [*_code(compiler_wrapper, numpy_package), REQUIREMENTS]
    files += numpy_package.REPLACED.values()
    return provide_part("numpy", shop.key(words, files, "numpy"), shop.cache, build)


def ffmpeg_part(shop: Workshop, selection: str) -> Path:
    """Return a folder with the program ``ffmpeg`` that reads the formats of a selection."""

    def build() -> Path:
        work = shop.work / "ffmpeg" / selection
        plain = shop.wrapped(work)
        return ffmpeg.build_ffmpeg(
            shop.trees / "ffmpeg",
            work / "built",
            selection,
            tools=shop.tools,
            environment=plain,
        )

    files = [*_code(compiler_wrapper, ffmpeg), ffmpeg.SELECTIONS, ffmpeg.WHITELIST]
    key = shop.key([selection], files, "ffmpeg")
    return provide_part(f"ffmpeg-{selection}", key, shop.cache, build)


def frozen_part(shop: Workshop, program: Path, site: Path, torch: Path, requirements: Path) -> Path:
    """Return the folder that Nuitka makes.

    Parameters
    ----------
    shop : Workshop
        What it is built with.
    program : Path
        The package ``transcriber``.
    site : Path
        The folder that `gather_packages` made.
    torch, requirements : Path
        The wheel of PyTorch and the pins, of which it made it.
    """
    python, numpy = python_part(shop), numpy_part(shop)

    def build() -> Path:
        return freeze.freeze(
            program,
            site,
            read_list(MODULES),
            shop.work / "frozen",
            settings=freeze.read_settings(),
            tools=freeze.FreezeTools(
                python=python / "python",
                libraries=python / "libraries",
                nuitka=shop.packages,
                toolchain=shop.tools,
                cache=shop.cache,
            ),
        )

    words = [python.name, numpy.name, hashlib.sha256(torch.read_bytes()).hexdigest()]
    files = [*_code(compiler_wrapper, freeze, module_list, program_packages), freeze.PLUGIN]
    files += [freeze.SETTINGS, MODULES, REQUIREMENTS, EDITS, requirements]
    own = [path for path in program.rglob("*") if path.suffix in {".py", ".toml"}]
    words += sorted(path.relative_to(program).as_posix() for path in own)
    return provide_part("frozen", shop.key(words, [*files, *own]), shop.cache, build)


def _code(*modules: object) -> list[Path]:
    return [Path(str(getattr(module, "__file__", ""))) for module in modules]
