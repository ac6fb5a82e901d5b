"""The parts of the program, each from the build cache when it was built of the same inputs."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from buildkit import cmake_target, compiler_wrapper
from buildkit.kept_parts import provide_part
from native_build import (
    appimage_runtime,
    cpython,
    ffmpeg,
    freeze,
    libraries,
    mksquashfs,
    module_list,
    numpy_package,
    program_packages,
    vocabularies,
)
from native_build.appimages import PackTools
from native_build.build_packages import EDITS, REQUIREMENTS
from native_build.build_programs import nasm_version
from native_build.module_list import MODULES, read_list
from native_build.workshop import Workshop


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
    key = shop.key([], files, "zlib", "libffi", "openssl", "sqlite", "cpython")
    return provide_part("python", key, shop.parts, build)


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
    files += {*numpy_package.REPLACED.values(), *numpy_package.SILENCED.values()}
    return provide_part("numpy", shop.key(words, files, "numpy"), shop.parts, build)


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

    files = [*_code(compiler_wrapper, libraries, ffmpeg), ffmpeg.SELECTIONS, ffmpeg.WHITELIST]
    # It assembles what is fastest.
    words = [selection, nasm_version(shop.folders)]
    key = shop.key(words, files, "ffmpeg")
    return provide_part(f"ffmpeg-{selection}", key, shop.parts, build)


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
    files = [*_code(compiler_wrapper, freeze, module_list, program_packages, vocabularies)]
    files += [freeze.PLUGIN, program_packages.EDITS]
    files += [freeze.SETTINGS, MODULES, REQUIREMENTS, EDITS, requirements]
    files += program_packages.STAND_INS.values()
    # Also what is no code: it is copied from here, and not from the program.
    own = [path for path in program.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    words += sorted(path.relative_to(program).as_posix() for path in own)
    return provide_part("frozen", shop.key(words, [*files, *own]), shop.parts, build)


def pack_tools(shop: Workshop, packages: Path) -> PackTools:
    """Return what AppImages are made with.

    Parameters
    ----------
    shop : Workshop
        What it is built with.
    packages : Path
        The folder like site-packages with appimage-builder.
    """

    def runtime() -> Path:
        work = shop.work / "appimage-runtime"
        made = appimage_runtime.build_runtime(shop.trees, work, tools=shop.tools)
        return _alone(made, work / "whole")

    def maker() -> Path:
        work = shop.work / "mksquashfs"
        made = mksquashfs.build_mksquashfs(shop.trees, work, tools=shop.tools)
        return _alone(made, work / "whole")

    files = [
        *_code(cmake_target, compiler_wrapper, appimage_runtime),
        *_files(appimage_runtime.RECIPE),
    ]
    key = shop.key([], files, "musl", "zstd", "xz")
    head = provide_part("appimage-runtime", key, shop.parts, runtime)
    files = [*_code(cmake_target, compiler_wrapper, mksquashfs), *_files(mksquashfs.RECIPE)]
    key = shop.key([], files, "squashfs_tools", "zstd", "xz")
    program = provide_part("mksquashfs", key, shop.parts, maker)
    return PackTools(runtime=head / "runtime", mksquashfs=program / "mksquashfs", packages=packages)


def _alone(file: Path, folder: Path) -> Path:
    """Copy `file` into `folder`, emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(file, folder)
    return folder


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _code(*modules: object) -> list[Path]:
    return [Path(str(getattr(module, "__file__", ""))) for module in modules]
