from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from recipe_samples import (
    CANDIDATE,
    DESCRIPTION,
    check_that_it_needs_an_address,
    check_that_it_pins,
    small_tarball,
)
from release.recipes.homebrew import make_formula

MOST_CHARACTERS = 80
"""Homebrew's own check refuses a longer description."""


def test_pins_the_very_tarball(tmp_path: Path) -> None:
    check_that_it_pins(make_formula, tmp_path, lambda tarball: tarball.sha256)


def test_needs_an_address(tmp_path: Path) -> None:
    check_that_it_needs_an_address(make_formula, tmp_path)


def test_says_what_homebrew_wants(tmp_path: Path) -> None:
    made = make_formula(small_tarball(tmp_path), tmp_path, description=CANDIDATE)
    text = made.read_text()
    # Homebrew makes the class of the name of the file.
    assert made.name == "whisper-transcriber.rb"
    assert text.startswith("class WhisperTranscriber < Formula\n")
    assert '  version "1.2.3-rc.1"\n' in text
    assert "depends_on :linux" in text and "depends_on arch: :x86_64" in text
    (said,) = re.findall(r'^  desc "(.*)"$', text, re.MULTILINE)
    assert len(said) <= MOST_CHARACTERS
    assert not said.endswith(".") and not said.startswith(("A ", "An ", "The "))


def test_runs_nothing_that_a_text_says(tmp_path: Path) -> None:
    strange = replace(DESCRIPTION, summary='say "#{`id`}" \\')
    made = make_formula(small_tarball(tmp_path), tmp_path, description=strange)
    assert r'desc "say \"\#{`id`}\" \\"' in made.read_text()


@pytest.mark.skipif(not shutil.which("ruby"), reason="this machine has no Ruby")
def test_is_ruby(tmp_path: Path) -> None:
    made = make_formula(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    subprocess.run(["ruby", "-wc", made], check=True)
