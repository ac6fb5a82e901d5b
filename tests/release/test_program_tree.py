from __future__ import annotations

import os
import stat
from pathlib import Path

from native_build.app_dir import NAME
from native_build.freeze import EXECUTABLE
from release.common.program_tree import COMMAND, LIBRARY, lay_out


def make_program(folder: Path) -> Path:
    for name in (EXECUTABLE, "ffmpeg", "certificates.der"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        (folder / name).chmod(0o600)
    (folder / "terminal").mkdir()
    for name in ("transcriber.1", "transcriber.bash", "_transcriber", "transcriber.fish"):
        (folder / "terminal" / name).write_text(name)
    return folder


def test_lays_out_below_a_prefix_that_can_be_moved(tmp_path: Path) -> None:
    prefix = lay_out(make_program(tmp_path / "program"), tmp_path / "prefix")
    moved = prefix.rename(tmp_path / "elsewhere")
    assert (moved / COMMAND).resolve() == moved / LIBRARY / EXECUTABLE
    assert not (moved / COMMAND).readlink().is_absolute()
    assert (moved / "share/man/man1/transcriber.1").read_text() == "transcriber.1"
    assert (moved / f"share/applications/{NAME}.desktop").is_file()


def test_gives_modes_whatever_the_mask_is(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        prefix = lay_out(make_program(tmp_path / "program"), tmp_path / "prefix")
    finally:
        os.umask(mask)
    modes = {
        path.relative_to(prefix / LIBRARY).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in (prefix / LIBRARY).rglob("*")
    }
    assert modes[EXECUTABLE] == modes["ffmpeg"] == modes["terminal"] == 0o755
    assert modes["certificates.der"] == 0o644
