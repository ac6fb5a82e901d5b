"""Stage app_dir: lay the program out as the folder that becomes an AppImage."""

from __future__ import annotations

import shutil
from pathlib import Path

from native_build.freeze import EXECUTABLE

DESKTOP = Path(__file__).resolve().parents[1] / "desktop"
"""The desktop entry, the icon and the description for software centres."""

NAME = "whisper-transcriber"
"""What these three are called. The project has no address of its own that could be in it."""

INSIDE = "usr/lib/whisper-transcriber"
"""Where the program is in the folder."""


def make_app_dir(program: Path, output: Path) -> Path:
    """Make the folder of an AppImage.

    Parameters
    ----------
    program : Path
        The folder of the native program.
    output : Path
        What it held is replaced.

    Returns
    -------
    Path
        `output`, in which ``AppRun`` leads to the executable: it needs no script, since it finds
        its files by where it is.
    """
    shutil.rmtree(output, ignore_errors=True)
    shutil.copytree(program, output / INSIDE)
    (output / "AppRun").symlink_to(f"{INSIDE}/{EXECUTABLE}")
    (output / "usr/bin").mkdir()
    (output / "usr/bin/transcriber").symlink_to(f"../../{INSIDE}/{EXECUTABLE}")
    for ending, folder in (
        (".desktop", "usr/share/applications"),
        (".svg", "usr/share/icons/hicolor/scalable/apps"),
        (".metainfo.xml", "usr/share/metainfo"),
    ):
        target = output / folder / f"{NAME}{ending}"
        target.parent.mkdir(parents=True)
        shutil.copyfile(DESKTOP / target.name, target)
    # The specification wants the entry and the icon at the top, too.
    (output / f"{NAME}.desktop").symlink_to(f"usr/share/applications/{NAME}.desktop")
    for name in (f"{NAME}.svg", ".DirIcon"):
        (output / name).symlink_to(f"usr/share/icons/hicolor/scalable/apps/{NAME}.svg")
    for path in (output, *output.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.name in {EXECUTABLE, "ffmpeg"}
            path.chmod(0o755 if executable else 0o644)
    return output
