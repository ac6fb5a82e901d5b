from __future__ import annotations

import base64
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from recipe_samples import (
    DESCRIPTION,
    check_that_it_needs_an_address,
    check_that_it_pins,
    small_tarball,
)
from release.common.artefacts import Artefact
from release.recipes.nix import make_nix


def integrity(tarball: Artefact) -> str:
    return f'"sha256-{base64.b64encode(bytes.fromhex(tarball.sha256)).decode()}"'


def test_pins_the_very_tarball(tmp_path: Path) -> None:
    check_that_it_pins(make_nix, tmp_path, integrity)


def test_needs_an_address(tmp_path: Path) -> None:
    check_that_it_needs_an_address(make_nix, tmp_path)


def test_runs_nothing_that_a_text_says(tmp_path: Path) -> None:
    strange = replace(DESCRIPTION, summary='say "${builtins.currentTime}"')
    made = make_nix(small_tarball(tmp_path), tmp_path, description=strange)
    assert r'description = "say \"\${builtins.currentTime}\"";' in made.read_text()


def test_takes_what_it_is_called_with_and_no_more(tmp_path: Path) -> None:
    text = make_nix(small_tarball(tmp_path), tmp_path, description=DESCRIPTION).read_text()
    arguments = re.findall(r"^  (\w+),$", text.partition("}:")[0], re.MULTILINE)
    for name in arguments:
        assert re.search(rf"\b{name}\b", text.partition("}:")[2]), name
    for opening, closing in ("{}", "[]", "()"):
        assert text.count(opening) == text.count(closing)
    assert text.count("''") % 2 == 0


@pytest.mark.skipif(not shutil.which("nix-instantiate"), reason="this machine has no Nix")
def test_is_nix(tmp_path: Path) -> None:
    made = make_nix(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    subprocess.run(["nix-instantiate", "--parse", made], check=True)
