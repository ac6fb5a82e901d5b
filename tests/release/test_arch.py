from __future__ import annotations

import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from packagers import command, lacking

from recipe_samples import (
    CANDIDATE,
    DESCRIPTION,
    check_that_it_needs_an_address,
    check_that_it_pins,
    small_tarball,
)
from release.recipes.arch import make_pkgbuild

PRINT = r"""
. "$1"
for key in pkgdesc pkgver pkgrel url arch license depends optdepends provides conflicts options \
    source sha256sums; do
  declare -n values=$key
  for value in "${values[@]}"; do printf '\t%s = %s\n' "$key" "$value"; done
done
"""


def test_pins_the_very_tarball(tmp_path: Path) -> None:
    check_that_it_pins(make_pkgbuild, tmp_path, lambda tarball: tarball.sha256)


def test_needs_an_address(tmp_path: Path) -> None:
    check_that_it_needs_an_address(make_pkgbuild, tmp_path)


@pytest.mark.parametrize("summary", ["Plain", 'It\'s "$(id)" `id`\\'])
def test_the_sites_file_says_what_the_recipe_says(summary: str, tmp_path: Path) -> None:
    description = replace(CANDIDATE, summary=summary)
    made = make_pkgbuild(small_tarball(tmp_path), tmp_path, description=description)
    said = subprocess.run(
        ["bash", "-ec", PRINT, "bash", made], capture_output=True, text=True, check=True
    )
    head, body, foot = "pkgbase = ", said.stdout, "pkgname = "
    name = "whisper-transcriber-bin\n"
    assert made.with_name("SRCINFO").read_text() == f"{head}{name}{body}\n{foot}{name}"
    # What is before a hyphen would be the version, and what is behind it the release.
    assert "\tpkgver = 1.2.3rc.1\n" in body


def test_lays_out_below_usr(tmp_path: Path) -> None:
    tarball = small_tarball(tmp_path)
    made = make_pkgbuild(tarball, tmp_path, description=DESCRIPTION)
    with tarfile.open(tarball.path) as archive:
        archive.extractall(tmp_path, filter="tar")
    subprocess.run(
        ["bash", "-euc", f'cd "$2"; pkgdir=$2/out; . "{made}"; package', "bash", made, tmp_path],
        check=True,
    )
    assert (tmp_path / "out/usr/bin/transcriber").read_text() == "transcriber.bin"
    assert (tmp_path / "out/usr/share/licenses/whisper-transcriber-bin/LICENSE").is_file()


@pytest.mark.skipif(bool(lacking("shellcheck")), reason=lacking("shellcheck"))
def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    made = make_pkgbuild(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    # What makepkg reads and sets.
    excluded = "--exclude=SC2034,SC2154"
    subprocess.run([*command("shellcheck"), "--shell=bash", excluded, made], check=True)


@pytest.mark.skipif(not shutil.which("makepkg"), reason="this machine has no makepkg")
def test_makepkg_says_the_same(tmp_path: Path) -> None:
    made = make_pkgbuild(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    words = ["makepkg", "--printsrcinfo"]
    said = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == made.with_name("SRCINFO").read_text().strip()
