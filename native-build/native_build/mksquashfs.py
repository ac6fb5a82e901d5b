"""Build mksquashfs, which makes the file system of an AppImage, from its pinned source."""

from __future__ import annotations

from pathlib import Path

from buildkit.cmake_target import compile_target
from buildkit.toolchain import Toolchain

RECIPE = Path(__file__).resolve().parents[1] / "mksquashfs"
"""The folder with the recipe for CMake."""


def build_mksquashfs(trees: Path, work: Path, *, tools: Toolchain) -> Path:
    """Compile mksquashfs for this machine.

    Parameters
    ----------
    trees : Path
        The folder with the unpacked sources ``squashfs_tools``, ``zstd`` and ``xz``.
    work : Path
        Folder for what is compiled.
    tools : Toolchain
        The compiler and what belongs to it.

    Returns
    -------
    Path
        The program.

    Raises
    ------
    ToolError
        When a tool fails.
    """
    trees = trees.resolve()
    definitions = {
        "SQUASHFS_TOOLS": trees / "squashfs_tools",
        "ZSTD": trees / "zstd",
        "XZ": trees / "xz",
    }
    return compile_target(RECIPE, "mksquashfs", work, tools=tools, definitions=definitions)
