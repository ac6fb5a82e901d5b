from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from buildkit.places import CHECKOUT
from recipe_samples import DESCRIPTION
from release.archives.tarball import make_tarball
from test_program_tree import make_program

PROGRAM = CHECKOUT / "build/native/program/ultra-lean"


def test_has_one_folder_with_what_a_prefix_has(tmp_path: Path) -> None:
    made = make_tarball(make_program(tmp_path / "p"), tmp_path, description=DESCRIPTION)
    assert made.name == "transcriber-1.2.3-linux-x86_64.tar.xz"
    with tarfile.open(made) as archive:
        members = {member.name: member for member in archive.getmembers()}
    assert {name.split("/")[0] for name in members} == {"transcriber-1.2.3"}
    inside = {name.removeprefix("transcriber-1.2.3/") for name in members}
    assert {"LICENSE", "bin/transcriber", "share/man/man1/transcriber.1"} <= inside
    assert all(member.mtime == member.uid == member.gid == 0 for member in members.values())
    assert members["transcriber-1.2.3/LICENSE"].mode == 0o644


@pytest.mark.skipif(not shutil.which("xz"), reason="this machine has no xz")
def test_the_tools_of_every_linux_unpack_it(tmp_path: Path) -> None:
    program = make_program(tmp_path / "p")
    made = make_tarball(program, tmp_path, description=DESCRIPTION)
    subprocess.run(["tar", "-xJf", made, "-C", tmp_path], check=True)
    command = tmp_path / "transcriber-1.2.3/bin/transcriber"
    assert command.read_text() == (program / "transcriber.bin").read_text()
    assert os.access(command, os.X_OK)


def test_is_the_same_whoever_makes_it_and_when(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_tarball(make_program(tmp_path / "a"), tmp_path / "1", description=DESCRIPTION)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    mask = os.umask(0o077)
    try:
        program = make_program(tmp_path / "elsewhere/b")
        os.utime(program / "ffmpeg", (1, 1))
        two = make_tarball(program, tmp_path / "2", description=DESCRIPTION)
    finally:
        os.umask(mask)
        monkeypatch.undo()
        time.tzset()
    assert one.read_bytes() == two.read_bytes()
    assert two.stat().st_mode & 0o777 == 0o644


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM.is_dir(), reason="`make appimages` makes the program")
def test_the_real_one_runs_where_it_is_unpacked(tmp_path: Path) -> None:
    made = make_tarball(PROGRAM, tmp_path, description=DESCRIPTION)
    assert made.stat().st_size < 10.5e6
    subprocess.run(["tar", "-xJf", made, "-C", tmp_path], check=True)
    command = tmp_path / "transcriber-1.2.3/bin/transcriber"
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("transcriber ")
