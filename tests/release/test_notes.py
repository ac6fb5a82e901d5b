"""The notes of a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import Results, Series
from buildkit.errors import RecipeError
from buildkit.places import CHECKOUT
from release.common.artefacts import Artefact
from release.common.description import read_description
from release.publishing.notes import make_notes, read_changes, section

LOG = (
    "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-12-01\n\n### Added\n\n- More.\n\n"
    "## 1.2.0-rc.1\n\nLess.\n"
)


def test_finds_what_is_said_of_one_version() -> None:
    assert section(LOG, "1.2.0") == "### Added\n\n- More."
    assert section(LOG, "1.2.0-rc.1") == "Less."


@pytest.mark.parametrize("version", ["Unreleased", "1.2", "1x2.0"])
def test_refuses_a_version_of_which_nothing_is_said(version: str) -> None:
    with pytest.raises(RecipeError, match=version):
        section(LOG, version)


def test_our_own_change_log_can_be_read() -> None:
    assert "transcriber" in read_changes(CHECKOUT, "Unreleased")


def test_has_each_file_with_its_size_and_digest_and_the_times_of_the_run() -> None:
    artefacts = [Artefact(path=Path("dist/x.deb"), size=9_940_000, sha256="a" * 64)]
    series = (
        Series(
            measurement="speed/long/default options/all threads",
            subject="native",
            unit="s",
            samples=(10.0, 12.0, 30.0),
        ),
    )
    machine = {"processor": "a CPU", "cores": "2 cores", "instructions": "avx2"}
    measured = Results(
        revision="b" * 40,
        date="",
        machine=machine,
        figures=(),
        series=series,
        sizes={},
        unmeasured={},
    )
    notes = make_notes(read_description(version="1.2.0"), "Changes.", artefacts, measured)
    assert f"| `x.deb` | 9.9 MB | `{'a' * 64}` |" in notes
    assert "| transcriber | 12.0 s |" in notes
    assert "a CPU, 2 cores, avx2, measured at bbbbbbbbb" in notes
    assert "Speed" not in make_notes(read_description(), "Changes.", artefacts, None)
