from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.components import runtime_components, source_components
from buildkit.edits import read_edits
from buildkit.errors import RecipeError
from buildkit.places import CHECKOUT
from buildkit.sources import read_sources
from native_build.advisories import OPEN, read_advisories
from native_build.build_packages import SOURCE_EDITS
from native_build.cpython import SETUP
from native_build.program_packages import LEFT_OUT, required_names
from scripts.layout import NATIVE
from scripts.pins import read_pins
from torch_build.components import torch_components
from torch_build.cuda.description import SOURCES as CUDA_SOURCES
from torch_build.cuda.description import toolkit_components
from torch_build.recipe import SOURCES as TORCH_SOURCES

ENTRY = """\
[components]
a = "1"

[[advisory]]
id = "CVE-2026-0001"
component = "a"
severity = "high"
source = "notes"
date = 2026-06-09
state = "code_not_present"
answer = "It is left out."
symbols = ["a_*"]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "advisories.toml"
    path.write_text(text)
    return path


def test_an_entry_is_read(tmp_path: Path) -> None:
    found = read_advisories(write(tmp_path, ENTRY))
    (one,) = found.advisories
    assert found.components == {"a": "1"}
    assert (one.id, one.date.isoformat(), one.symbols) == ("CVE-2026-0001", "2026-06-09", ("a_*",))
    assert one.weighs
    assert not one.is_open


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("CVE-2026-0001", "CVE-26-1", "is no number"),
        ('component = "a"', 'component = "b"', "about b, which has no version"),
        ('"high"', '"grave"', "has the severity 'grave'"),
        ('"code_not_present"', '"fine"', "has the state 'fine'"),
        ("2026-06-09", '"June"', "has no date"),
        ('"It is left out."', '" "', "lacks its source or its answer"),
        ('symbols = ["a_*"]\n', "", "does not say what is absent"),
        ('"code_not_present"', '"resolved"', "by what alone it is mended"),
        ('"code_not_present"', '"exploitable"', "says what is absent for nothing"),
        ("symbols", 'release = "2"\nsymbols', "is mended, but not resolved"),
        ("symbols", "symbol", "unexpected keyword argument 'symbol'"),
        ('answer = "It is left out."\n', "", "missing 1 required"),
        ("[[advisory]]", "[[advisory", "advisories.toml"),
    ],
)
def test_an_entry_that_is_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ENTRY
    with pytest.raises(RecipeError, match=message) as caught:
        read_advisories(write(tmp_path, ENTRY.replace(old, new)))
    assert "\n" not in str(caught.value)


def test_an_entry_twice(tmp_path: Path) -> None:
    twice = ENTRY + ENTRY.partition("\n\n")[2]
    with pytest.raises(RecipeError, match="CVE-2026-0001 is there twice"):
        read_advisories(write(tmp_path, twice))


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No such file"):
        read_advisories(tmp_path / "none.toml")


def test_nothing_of_weight_is_open() -> None:
    found = read_advisories().advisories
    assert len(found) > 200
    assert [one.id for one in found if one.is_open and one.weighs] == []
    assert {one.state for one in found if not one.is_open}.isdisjoint(OPEN)


def test_every_part_was_looked_at_in_the_version_that_is_pinned() -> None:
    own = source_components(read_sources(NATIVE / "sources.toml").archives)
    torch = torch_components(read_sources(TORCH_SOURCES).all)
    expected = {one.name: one.version for one in (*own, *torch, *runtime_components())}
    addon = (*source_components(read_sources(CUDA_SOURCES).all), *toolkit_components())
    expected |= {one.name: one.version for one in addon}
    requirements = CHECKOUT / "requirements/program.txt"
    # Of the tools, what gets into the program: shtab's functions stand in the completion scripts.
    tools = (NATIVE / "requirements.txt").read_text()
    tools += (CHECKOUT / "requirements/tools.txt").read_text()
    lines = requirements.read_text().splitlines() + tools.splitlines()
    versions = dict(line.split(" ")[0].split("==") for line in lines if "==" in line)
    for name in ("nuitka", "certifi", "shtab", *required_names(requirements)):
        # ffmpeg is the recipe's own.
        if name not in {*LEFT_OUT, "imageio-ffmpeg"}:
            expected[name] = versions[name]
    expected["silero-vad"] = read_pins().detector.package.version
    assert dict(read_advisories().components) == expected


def test_every_edit_that_mends_an_advisory_is_told() -> None:
    told = {(one.component, one.id) for one in read_advisories().advisories if one.edit}
    for edit in read_edits(SOURCE_EDITS):
        number = edit.reason.partition(":")[0]
        if number.startswith("CVE"):
            assert (edit.source, number) in told


def test_what_is_told_of_patches_is_in_the_pins() -> None:
    patched = {
        one.name: set(one.patches.applied)
        for one in read_sources(NATIVE / "sources.toml").archives
        if one.patches
    }
    for one in read_advisories().advisories:
        assert set(one.patches) <= patched.get(one.component, set()), one.id


def test_modules_in_c_that_are_told_absent_are_left_out() -> None:
    linked = SETUP.read_text().partition("*shared*")[0].split()
    for one in read_advisories().advisories:
        assert not set(one.modules) & set(linked), one.id
