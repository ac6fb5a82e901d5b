"""Build the program at the head of an AppImage, which makes the files behind it accessible.

Its source is ours, in ``appimage-runtime/``; with it are linked musl and the decoders of zstd and
xz, so that it needs nothing of the machine that it runs on.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from buildkit.capture import capture
from buildkit.cmake_target import compile_target
from buildkit.compiler_wrapper import without_own_flags
from buildkit.errors import ToolError
from buildkit.files import make_directory
from buildkit.toolchain import Toolchain
from buildkit.unpack import read_stamp, stamp_of

RECIPE = Path(__file__).resolve().parents[1] / "appimage-runtime"
"""The folder with the source and the recipe for CMake."""

VERSION = "1"
"""Counts what changes for those who use the runtime's options and variables."""

MAGIC_OFFSET = 8
MAGIC = b"AI\x02"
"""What says that a file is an AppImage of type 2, in bytes that ELF leaves unused."""

_MUSL_FLAGS = "-Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"


def build_runtime(trees: Path, work: Path, *, tools: Toolchain) -> Path:
    """Compile and link the runtime.

    Parameters
    ----------
    trees : Path
        The folder with the unpacked sources ``musl``, ``zstd`` and ``xz``.
    work : Path
        Folder for what is compiled.
    tools : Toolchain
        The compiler and what belongs to it; its sysroot has the kernel's headers.

    Returns
    -------
    Path
        The program, to which an image is appended.

    Raises
    ------
    ToolError
        When a tool is missing or fails.
    """
    trees, work = trees.resolve(), work.resolve()
    make_directory(work)
    built = compile_target(
        RECIPE,
        "runtime",
        work / "objects",
        tools=tools,
        definitions={
            "MUSL": _build_musl(trees / "musl", work, tools),
            "ZSTD": trees / "zstd",
            "XZ": trees / "xz",
            "KERNEL": _kernel_headers(tools.sysroot.root / "usr/include", work / "kernel"),
            "RUNTIME_VERSION": VERSION,
        },
    )
    runtime = work / "runtime"
    capture([tools.strip, "--strip-all", "-o", runtime, built], environment=tools.environment)
    # After strip, which would put back what ELF wants to have there.
    with runtime.open("r+b") as stream:
        stream.seek(MAGIC_OFFSET)
        stream.write(MAGIC)
    return runtime


def _build_musl(source: Path, work: Path, tools: Toolchain) -> Path:
    """Build musl with its own recipe, once for each compiler; return where it was installed."""
    if shutil.which("make") is None:
        raise ToolError("this machine has no make", "install the system package make")
    installed, build = work / "musl", work / "musl-objects"
    stamp = installed / "made-by.txt"
    tree = "\n".join(map(str, read_stamp(stamp_of(source))))
    made_by = f"{tools.toolchain_key()}\n{_MUSL_FLAGS}\n{tree}"
    if stamp.is_file() and stamp.read_text() == made_by:
        return installed
    for folder in (installed, build):
        shutil.rmtree(folder, ignore_errors=True)
        make_directory(folder)
    make = f"make -C '{build}' --silent --jobs={os.cpu_count() or 1}"
    capture(
        [
            *("sh", "-ec", f'cd "$1" && shift && "$@" && {make} && {make} install', "sh", build),
            *(source / "configure", f"--prefix={installed}", "--disable-shared"),
            *("--enable-wrapper=no", f"CC={tools.ccache} {tools.cc}", f"CFLAGS={_MUSL_FLAGS}"),
        ],
        environment={**tools.environment, **without_own_flags()},
    )
    stamp.write_text(made_by)
    return installed


def _kernel_headers(include: Path, folder: Path) -> Path:
    """Make a folder with the kernel's headers alone: the rest of `include` is another C library's.

    Raises
    ------
    ToolError
        When `include` lacks them.
    """
    shutil.rmtree(folder, ignore_errors=True)
    make_directory(folder)
    for name in ("linux", "asm", "asm-generic"):
        places = [include / name, *sorted(include.glob(f"*-linux-gnu/{name}"))]
        found = next((place for place in places if place.is_dir()), None)
        if found is None:
            raise ToolError(
                f"{include} has no headers of the kernel ({name})",
                "install the system package linux-libc-dev",
            )
        (folder / name).symlink_to(found)
    return folder
