"""Lay the program out below a prefix, as packages install it: bin, lib and share."""

from __future__ import annotations

import shutil
from pathlib import Path

from native_build.app_dir import DESKTOP, NAME
from native_build.freeze import EXECUTABLE

LIBRARY = f"lib/{NAME}"
"""Where the program's folder is, below the prefix."""

COMMAND = "bin/transcriber"

_TERMINAL = {
    "transcriber.1": "share/man/man1/transcriber.1",
    "transcriber.bash": "share/bash-completion/completions/transcriber",
    "_transcriber": "share/zsh/site-functions/_transcriber",
    "transcriber.fish": "share/fish/vendor_completions.d/transcriber.fish",
}

_DESKTOP = {
    ".desktop": "share/applications",
    ".svg": "share/icons/hicolor/scalable/apps",
    ".metainfo.xml": "share/metainfo",
}


def lay_out(program: Path, prefix: Path) -> Path:
    """Copy the program below `prefix`, with its manual, completion and desktop entry.

    Parameters
    ----------
    program : Path
        The folder of the native program.
    prefix : Path
        What becomes ``/usr``, or any other folder with ``bin``; it must not have the program yet.

    Returns
    -------
    Path
        `prefix`. ``bin/transcriber`` is a relative link to the executable, which finds its files
        by where it is itself, so the whole can be moved.
    """
    shutil.copytree(program, prefix / LIBRARY)
    (prefix / COMMAND).parent.mkdir(parents=True, exist_ok=True)
    (prefix / COMMAND).symlink_to(f"../{LIBRARY}/{EXECUTABLE}")
    for name, place in _TERMINAL.items():
        _copy(program / "terminal" / name, prefix / place)
    for ending, folder in _DESKTOP.items():
        _copy(DESKTOP / f"{NAME}{ending}", prefix / folder / f"{NAME}{ending}")
    set_modes(prefix)
    return prefix


def set_modes(folder: Path) -> None:
    """Give all below `folder` the modes that packages want, whatever the mask of the user is."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.name in {EXECUTABLE, "ffmpeg"}
            path.chmod(0o755 if executable else 0o644)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
