from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from packagers import command, lacking
from utterance import Utterance

from buildkit.errors import ToolError
from buildkit.places import CHECKOUT
from recipe_samples import (
    CANDIDATE,
    DESCRIPTION,
    check_that_it_needs_an_address,
    check_that_it_pins,
    small_tarball,
)
from release.archives.snap import make_snap, make_snapcraft
from scripts.layout import DISTRIBUTION
from test_program_tree import make_program

PROGRAM = CHECKOUT / "build/native/program/ultra-lean"

MKSQUASHFS = CHECKOUT / "build/native/appimage/mksquashfs/mksquashfs"

needs_mksquashfs = pytest.mark.skipif(
    not MKSQUASHFS.is_file(), reason="`make appimages` builds mksquashfs"
)

needs_unsquashfs = pytest.mark.skipif(bool(lacking("unsquashfs")), reason=lacking("unsquashfs"))

VERSION = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9:.+~-]{0,30}[a-zA-Z0-9+~])?")
COMMAND = re.compile(r"[A-Za-z0-9/. _#:$-]+")
"""What snapd lets a version and a command be."""

TOP = {
    *("name", "title", "version", "summary", "description", "license", "type", "architectures"),
    *("base", "confinement", "grade", "environment", "apps"),
}
"""The keys that we use of those that snapd knows."""


def unpack(snap: Path, folder: Path) -> Path:
    words = ("-quiet", "-no-progress", "-no-xattrs", "-dest", folder, snap)
    subprocess.run([*command("unsquashfs"), *map(str, words)], check=True)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    program = make_program(tmp_path / "program")
    return make_snap(program, tmp_path / "made", description=CANDIDATE, mksquashfs=MKSQUASHFS)


@needs_mksquashfs
@needs_unsquashfs
def test_has_what_snapd_wants(small: Path, tmp_path: Path) -> None:
    assert small.name == "whisper-transcriber_1.2.3-rc.1_amd64.snap"
    root = unpack(small, tmp_path / "root")
    said = yaml.safe_load((root / "meta/snap.yaml").read_text())
    assert set(said) == TOP
    assert VERSION.fullmatch(said["version"])
    assert len(said["title"]) <= 40 and len(said["summary"]) <= 78
    assert (said["base"], said["confinement"]) == ("core22", "strict")
    for app in said["apps"].values():
        assert COMMAND.fullmatch(app["command"])
        assert os.access(root / app["command"].split()[0], os.X_OK)
    # It is installed everywhere that the program is, and listens to others only where it is wanted.
    assert said["apps"]["service"]["install-mode"] == "disable"
    # snapd needs to look into every folder as another user.
    assert {path.stat().st_mode & 0o555 for path in root.rglob("*") if path.is_dir()} == {0o555}


@needs_mksquashfs
@needs_unsquashfs
def test_its_desktop_entry_starts_what_snapd_made(small: Path, tmp_path: Path) -> None:
    gui = unpack(small, tmp_path / "root") / "meta/gui"
    lines = (gui / "whisper-transcriber.desktop").read_text().splitlines()
    assert "Exec=whisper-transcriber.transcriber desktop %F" in lines
    assert "Icon=${SNAP}/meta/gui/icon.svg" in lines
    assert (gui / "icon.svg").is_file()
    if not lacking("desktop-file-validate"):
        # What snapd makes of it.
        entry = tmp_path / "entry.desktop"
        entry.write_text("\n".join(lines).replace("${SNAP}", "/snap/whisper-transcriber/x1"))
        subprocess.run([*command("desktop-file-validate"), entry], check=True)


@needs_mksquashfs
def test_is_the_same_whoever_makes_it(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    mask = os.umask(0o077)
    try:
        program = make_program(tmp_path / "elsewhere/b")
        made = make_snap(program, tmp_path, description=CANDIDATE, mksquashfs=MKSQUASHFS)
    finally:
        os.umask(mask)
    assert made.read_bytes() == small.read_bytes()
    assert made.stat().st_mode & 0o777 == 0o644


@needs_mksquashfs
@needs_unsquashfs
def test_the_store_gets_the_same_bytes_when_it_packs_again(tmp_path: Path) -> None:
    program = make_program(tmp_path / "program")
    # More than a block of it.
    (program / "ffmpeg").write_bytes(random.Random(1).randbytes(100_000) * 4)
    snap = make_snap(program, tmp_path, description=DESCRIPTION, mksquashfs=MKSQUASHFS)
    root, again = unpack(snap, tmp_path / "root"), tmp_path / "again"
    # snap pack's own words, and the store's for the time of the image.
    words = ("-noappend", "-comp", "xz", "-no-fragments", "-no-progress", "-all-root", "-no-xattrs")
    clean = ("env", "-u", "SOURCE_DATE_EPOCH")
    subprocess.run(
        [*clean, MKSQUASHFS, root, again, *words, "-mkfs-time", "0", "-quiet"], check=True
    )
    assert again.read_bytes() == snap.read_bytes()


def test_says_what_mksquashfs_said(tmp_path: Path) -> None:
    program = make_program(tmp_path / "program")
    failing = tmp_path / "mksquashfs"
    failing.write_text("#!/bin/sh\necho no room\nexit 1\n")
    failing.chmod(0o755)
    with pytest.raises(ToolError, match="no room"):
        make_snap(program, tmp_path / "made", description=DESCRIPTION, mksquashfs=failing)
    assert not list((tmp_path / "made").iterdir())


def test_the_recipe_pins_the_very_tarball(tmp_path: Path) -> None:
    check_that_it_pins(make_snapcraft, tmp_path, lambda tarball: f"sha256/{tarball.sha256}")


def test_the_recipe_needs_an_address(tmp_path: Path) -> None:
    check_that_it_needs_an_address(make_snapcraft, tmp_path)


@needs_mksquashfs
@needs_unsquashfs
def test_the_recipe_makes_the_same_snap(tmp_path: Path) -> None:
    made = make_snapcraft(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    recipe = yaml.safe_load(made.read_text())
    snap = make_snap(tmp_path / "program", tmp_path, description=DESCRIPTION, mksquashfs=MKSQUASHFS)
    meta = yaml.safe_load((unpack(snap, tmp_path / "root") / "meta/snap.yaml").read_text())
    assert recipe["apps"]["transcriber"].pop("desktop").endswith(".desktop")
    (part,) = recipe.pop("parts").values()
    assert part["plugin"] == "dump"
    for one in (recipe, meta):
        del one["architectures"]
    assert recipe == meta


@pytest.mark.slow
@needs_mksquashfs
@needs_unsquashfs
@pytest.mark.skipif(not PROGRAM.is_dir(), reason="`make appimages` makes the program")
def test_the_real_one_transcribes_as_the_appimage_does(
    utterances: list[Utterance], models: Path, tmp_path: Path
) -> None:
    snap = make_snap(PROGRAM, tmp_path, description=DESCRIPTION, mksquashfs=MKSQUASHFS)
    assert snap.stat().st_size <= 12.5e6
    root = unpack(snap, tmp_path / "root")
    words = ["--model", "tiny.en", "--model_dir", models, "--offline", "--output_dir"]
    written = {}
    for name, program in (
        ("snap", root / "lib/whisper-transcriber/transcriber.bin"),
        ("appimage", DISTRIBUTION / "transcriber-ultra-lean-x86_64.AppImage"),
    ):
        command_line = [
            str(word) for word in (program, utterances[0].path, *words, tmp_path / name)
        ]
        subprocess.run(command_line, check=True, capture_output=True)
        written[name] = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    assert written["snap"] == written["appimage"] != {}
