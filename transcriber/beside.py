"""The executable of the native program, and the files that it has beside it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def native_executable() -> Path | None:
    """Return the program's own executable, or None where Python runs it."""
    # Nuitka defines __compiled__ in every module that became C, and leaves in sys.executable the
    # name of a Python that need not exist.
    if "__compiled__" in globals():
        return Path(os.path.realpath("/proc/self/exe"))
    # PyInstaller and its kin.
    return Path(sys.executable) if getattr(sys, "frozen", False) else None


def own_command() -> list[str]:
    """Return the command that starts this program once more, without its words."""
    program = native_executable()
    return [str(program)] if program else [sys.executable, "-P", "-m", "transcriber"]


def file_beside(name: str) -> Path | None:
    """Return the file `name` beside the executable or below, or None where there is none."""
    executable = native_executable()
    path = executable.parent / name if executable else None
    return path if path and path.is_file() else None


def appimage_file() -> Path | None:
    """Return the AppImage that the program was started from, or None where it was from none."""
    path, folder = os.environ.get("APPIMAGE"), os.environ.get("APPDIR")
    executable = native_executable()
    # Whatever was started from another AppImage has that one's variables.
    if not (path and folder and executable and executable.is_relative_to(os.path.realpath(folder))):
        return None
    return Path(path)
