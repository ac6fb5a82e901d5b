from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from debian_programs import debian_command
from native_build.app_dir import DESKTOP, INSIDE, NAME, make_app_dir


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    (folder / "torch").mkdir(parents=True)
    for name in ("transcriber.bin", "ffmpeg"):
        (folder / name).write_text('#!/bin/sh\necho "$(dirname "$(readlink -f "$0")")" "$@"\n')
        (folder / name).chmod(0o700)
    (folder / "torch/_C.so").write_text("library")
    (folder / "torch/_C.so").chmod(0o777)
    return folder


def test_the_program_is_started_where_its_files_are(program: Path, tmp_path: Path) -> None:
    app_dir = make_app_dir(program, tmp_path / "app")
    for start in ("AppRun", "usr/bin/transcriber"):
        done = subprocess.run(
            [app_dir / start, "a b"], capture_output=True, text=True, timeout=20, check=True
        )
        assert done.stdout == f"{app_dir / INSIDE} a b\n"


def test_links_stay_inside_and_lead_somewhere(program: Path, tmp_path: Path) -> None:
    app_dir = make_app_dir(program, tmp_path / "app")
    links = [path for path in app_dir.rglob("*") if path.is_symlink()]
    assert {path.name for path in links} >= {"AppRun", ".DirIcon", f"{NAME}.desktop", f"{NAME}.svg"}
    for link in links:
        assert not link.readlink().is_absolute()
        assert link.resolve(strict=True).is_relative_to(app_dir)


def test_modes_are_the_same_everywhere(program: Path, tmp_path: Path) -> None:
    app_dir = make_app_dir(program, tmp_path / "app")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (app_dir / INSIDE).rglob("*")}
    assert modes == {"transcriber.bin": 0o755, "ffmpeg": 0o755, "torch": 0o755, "_C.so": 0o644}


def test_what_was_there_is_replaced(program: Path, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/old").touch()
    assert not (make_app_dir(program, tmp_path / "app") / "old").exists()


@pytest.mark.slow
def test_the_desktop_entry_is_valid() -> None:
    command = debian_command("desktop-file-validate", "desktop-file-utils")
    path = DESKTOP / f"{NAME}.desktop"
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.slow
def test_the_description_is_valid() -> None:
    command = debian_command("appstreamcli", "appstream")
    path = DESKTOP / f"{NAME}.metainfo.xml"
    # The name is no address turned around, which the validator wants: the project has none.
    words: list[str | Path] = [
        "validate",
        "--no-net",
        "--override=cid-desktopapp-is-not-rdns=info",
        path,
    ]
    done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
