from __future__ import annotations

import json
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

import pytest

from addon_samples import make_core, make_parts
from buildkit.components import source_components
from buildkit.errors import RecipeError
from buildkit.licences import collect_licences
from buildkit.sources import Archive
from native_build.addon_parts import AddonParts, read_parts
from native_build.contents import (
    BILL,
    PLACES,
    TextFolders,
    detector_source,
    python_component,
    write_contents,
)
from scripts.detector import LICENCE
from scripts.pins import read_pins

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of it."


def distribution(site: Path, *fields: str, text: str = MIT) -> Distribution:
    """Install a package that states `fields` and has a licence `text`."""
    folder = site / "so_so-1.2.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("\n".join(["Name: So_So", "Version: 1.2", *fields]) + "\n")
    (folder / "LICENSE").write_text(text)
    (folder / "RECORD").write_text(f"{folder.name}/LICENSE,,\n{folder.name}/METADATA,,\n")
    return PathDistribution(folder)


def archive(name: str, *, ships: bool) -> Archive:
    return Archive(
        name=name,
        version="3.1",
        supplier="People",
        licence="MIT",
        purpose="does things",
        ships=ships,
        file=f"{name}.tar.gz",
        size=1,
        sha256="ab" * 32,
        upstream="https://example.org/archive.tar.gz",
        content_sha256="",
    )


def test_a_package_says_what_it_is(tmp_path: Path) -> None:
    fields = ("License-Expression: MIT", "Summary: Does it.", "Author-email: A B <a@b.example>")
    component = python_component(distribution(tmp_path, *fields))
    assert (component.name, component.version, component.licence) == ("so-so", "1.2", "MIT")
    assert (component.purpose, component.supplier) == ("Does it.", "A B")
    assert component.purl == "pkg:pypi/so-so@1.2"


@pytest.mark.parametrize("fields", [(), ("License: UNKNOWN",), ("License: MIT and friends",)])
def test_a_licence_that_is_not_known(tmp_path: Path, fields: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError, match=r"so-so states the licence .*LICENCES in"):
        python_component(distribution(tmp_path, *fields))


def write(tmp_path: Path, text: str = MIT, addon: AddonParts | None = None) -> Path:
    """Write the contents of a program of one archive, one package and PyTorch."""
    site, trees, program = (tmp_path / name for name in ("site", "trees", "program"))
    distribution(site, "License-Expression: MIT", text=text)
    for name in ("library", "tool"):
        (trees / name).mkdir(parents=True)
        (trees / name / "COPYING").write_text(MIT)
    torch = site / "torch-2.6.0.dist-info/licenses/pytorch"
    torch.mkdir(parents=True)
    (torch / "LICENSE").write_text("BSD")
    (torch.parents[1] / "METADATA").write_text("Name: torch\nVersion: 2.6.0\n")
    program.mkdir()
    (program / "fast.so").write_text("library")
    write_contents(
        program,
        archives=[archive("library", ships=True), archive("tool", ships=False)],
        torch_sources=[archive("pytorch-like", ships=True)],
        packages=site,
        others=[],
        texts=TextFolders(trees=trees, sysroot=tmp_path),
        addon=addon,
    )
    return program


def test_every_component_has_its_texts_and_is_in_the_bill(tmp_path: Path) -> None:
    program = write(tmp_path)
    licences = program / "licences"
    texts = sorted(path.relative_to(licences).as_posix() for path in licences.glob("*/*"))
    assert texts == ["library/COPYING", "pytorch/LICENSE", "so-so/LICENSE"]
    bill = json.loads((program / BILL).read_text())
    assert bill["metadata"]["component"]["type"] == "application"
    assert [one["name"] for one in bill["metadata"]["component"]["components"]] == ["fast.so"]
    names = {one["name"] for one in bill["components"]}
    assert names == {"library", "so-so", "pytorch-like", "libomp", "gcc-runtime"}


def test_the_detector_has_its_licence(tmp_path: Path) -> None:
    package = read_pins().detector.package
    (component,) = source_components([detector_source(package)])
    assert component.purl == f"pkg:pypi/silero-vad@{package.version}"
    texts = collect_licences(
        (component,), tmp_path, sources=tmp_path, system=tmp_path, places=PLACES
    )
    assert [path.relative_to(tmp_path).as_posix() for path in texts] == [f"silero-vad/{LICENCE}"]


def test_the_bill_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = write(tmp_path / "one"), write(tmp_path / "two")
    assert (first / BILL).read_bytes() == (second / BILL).read_bytes()


def test_the_addon_is_in_the_bill_where_it_is_in_the_program(tmp_path: Path) -> None:
    core = make_core(tmp_path / "core", "WHISPER_1")
    program = write(tmp_path, addon=read_parts(make_parts(tmp_path / "parts", core)))
    # PyTorch has its texts from the wheel, and those of the add-on beside them.
    assert (program / "licences/cutlass/LICENSE").is_file()
    assert (program / "licences/pytorch/LICENSE").is_file()
    names = {one["name"] for one in json.loads((program / BILL).read_text())["components"]}
    assert {"cutlass", "pytorch", "library"} <= names


def test_a_text_of_another_licence(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="is not the text of MIT"):
        write(tmp_path, text="All rights reserved.")
