"""The components of the wheel, from the pinned sources and from the tool chain."""

from __future__ import annotations

from dataclasses import replace

import pytest

from buildkit.components import (
    RUNTIME_LIBRARIES,
    Component,
    RuntimeLibrary,
    licence_expression,
    runtime_components,
    source_components,
)
from buildkit.errors import RecipeError
from buildkit.package_pins import Package, PackagePins, read_pins
from buildkit.sources import Archive, Patches, PythonWheel, read_sources
from buildkit.sysroot import PINS
from torch_build.components import PLACES, torch_components
from torch_build.recipe import SOURCES


def component(licence: str) -> Component:
    return Component(name="x", version="1", licence=licence, purpose="", supplier="")


def archive(name: str, upstream: str) -> Archive:
    return Archive(
        name=name,
        version="1.0",
        licence="MIT",
        purpose="for tests",
        ships=True,
        supplier="somebody",
        file="x.tar.xz",
        size=1,
        sha256="ab" * 32,
        package=name,
        suites=(),
        upstream=upstream,
        content_sha256="",
    )


def library(package: str) -> RuntimeLibrary:
    return RuntimeLibrary(
        name="x", licence="MIT", purpose="", supplier="", package=package, source="some-source"
    )


def test_the_patches_of_a_source_are_those_of_its_component() -> None:
    pins = Patches(
        version="1.0-1",
        file="x.debian.tar.xz",
        size=1,
        sha256="cd" * 32,
        content_sha256="ef" * 32,
        applied=("one.patch", "two.patch"),
        left_out={"a test": ("three.patch",)},
    )
    plain = archive("x", "https://example.org/x.tar.gz")
    assert [one.patches for one in source_components([plain, replace(plain, patches=pins)])] == [
        (),
        ("one.patch", "two.patch"),
    ]


def test_every_licence_is_named_once() -> None:
    parts = ("BSD-3-Clause AND BSL-1.0", "MIT", "BSD-3-Clause", "Apache-2.0 OR MIT")
    assert (
        licence_expression(map(component, parts))
        == "BSD-3-Clause AND BSL-1.0 AND MIT AND (Apache-2.0 OR MIT)"
    )


def test_an_exception_stays_with_its_licence() -> None:
    expression = "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert licence_expression((component(expression), component("MIT"))) == f"{expression} AND MIT"


@pytest.mark.parametrize(
    ("upstream", "purl"),
    [
        ("https://github.com/A/B/releases/download/v1.0/b-1.tar.gz", "pkg:github/a/b@v1.0"),
        ("https://github.com/A/B/archive/refs/tags/1.0.tar.gz", "pkg:github/a/b@1.0"),
        ("https://github.com/A/B/archive/0123abc.tar.gz", "pkg:github/a/b@0123abc"),
        ("https://example.org/b.tar.gz", ""),
    ],
)
def test_the_package_address_comes_from_the_address_of_the_makers(upstream: str, purl: str) -> None:
    (found,) = source_components([archive("b", upstream)])
    assert (found.purl, found.sha256, found.version) == (purl, "ab" * 32, "1.0")


def test_the_pinned_sources_have_their_components() -> None:
    sources = read_sources(SOURCES)
    names = [found.name for found in torch_components(sources.all)]
    assert {"pytorch", "miniz", "pybind11"} <= set(names)
    helping = {source.name for source in sources.all if not source.ships}
    assert not helping & set(names)
    (pybind11,) = (found for found in torch_components(sources.all) if found.name == "pybind11")
    assert isinstance(sources.named("pybind11"), PythonWheel)
    assert pybind11.purl == f"pkg:pypi/pybind11@{pybind11.version}"


def test_the_runtime_libraries_have_the_versions_of_the_sysroot() -> None:
    package = Package(name="liby", version="1:16.0~deb+1", size=1, sha256="ab" * 32, purpose="")
    pins = PackagePins(suite="suite", packages=(package,))
    (found,) = runtime_components([library("liby")], pins)
    assert (found.name, found.version, found.sha256) == ("x", "1:16.0~deb+1", "ab" * 32)
    assert found.purl == "pkg:deb/debian/some-source@1:16.0~deb%2B1?arch=source"
    with pytest.raises(RecipeError, match=r"no package no-such-package: .*sysroot\.toml"):
        runtime_components([library("no-such-package")], pins)


def test_each_runtime_library_is_of_the_pinned_sysroot() -> None:
    packages = {package.name: package for package in read_pins(PINS).packages}
    components = {found.name: found for found in runtime_components()}
    for library in RUNTIME_LIBRARIES:
        assert components[library.name].sha256 == packages[library.package].sha256
        # The licence comes with the same package, not with another version's.
        assert f"/{library.package}/" in PLACES[library.name].patterns[0]
