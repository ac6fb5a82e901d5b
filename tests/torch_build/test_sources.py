"""The list of pinned sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from buildkit.sources import Archive, read_sources
from torch_build.recipe import SOURCES


def test_every_pin_is_complete() -> None:
    sources = read_sources(SOURCES)
    assert {"pytorch", "openblas", "sleef", "pybind11"} <= {s.name for s in sources.all}
    for source in sources.all:
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256), source.name
        assert source.size > 0
        assert source.version and source.licence and source.purpose and source.supplier
    for archive in sources.archives:
        assert re.fullmatch(r"[0-9a-f]{64}", archive.content_sha256), archive.name
        assert archive.upstream.startswith("https://github.com/")
        assert bool(archive.package) != bool(archive.requirement), archive.name
        assert bool(archive.package) == bool(archive.suites)


def test_a_digest_belongs_to_one_source_only() -> None:
    digests = [s.sha256 for s in read_sources(SOURCES).all]
    digests += [a.content_sha256 for a in read_sources(SOURCES).archives]
    assert len(set(digests)) == len(digests)


def test_no_package_registry_is_named() -> None:
    assert not re.search(r"pypi|pythonhosted|debian\.(org|net)|ubuntu\.com", SOURCES.read_text())


def test_a_source_is_found_by_its_name() -> None:
    assert read_sources(SOURCES).named("sleef").version == "3.9.0"
    with pytest.raises(RecipeError, match="has no absent"):
        read_sources(SOURCES).named("absent")


@pytest.mark.parametrize("line", ["surplus = 1", "purpose = 'no more'"])
def test_a_pin_with_a_wrong_field_is_refused(tmp_path: Path, line: str) -> None:
    pins = tmp_path / "sources.toml"
    pins.write_text(f"[wheels.one]\n{line}\n")
    with pytest.raises(RecipeError, match="correct the pin"):
        read_sources(pins)


def test_selection_is_by_whole_path_components() -> None:
    archive = read_sources(SOURCES).named("pytorch")
    assert isinstance(archive, Archive)
    assert archive.selects("c10/core/Device.h")
    assert archive.selects("LICENSE")
    assert not archive.selects("c100/file")
    assert not archive.selects("third_party/fmt/format.h")
    blas = read_sources(SOURCES).named("openblas")
    assert isinstance(blas, Archive)
    assert blas.selects("kernel/x86_64/KERNEL")
    assert not blas.selects("lapack-netlib/SRC/a.f")
