"""The bill of materials: its structure, and that it is the same every time."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildkit.components import Component, Subject
from buildkit.errors import BuildError
from buildkit.sbom import make_sbom, package_url, write_sbom
from torch_build.metadata import SUMMARY

SUBJECT = Subject(
    name="torch", version="2.6.0+whisper.cpu", licence="BSD-3-Clause AND MIT", summary=SUMMARY
)
PYTORCH = Component(
    name="pytorch",
    version="2.6.0",
    licence="BSD-3-Clause",
    purpose="operators and bindings",
    supplier="PyTorch project",
    sha256="ab" * 32,
    purl="pkg:github/pytorch/pytorch@v2.6.0",
    cpe="cpe:2.3:a:linuxfoundation:pytorch:2.6.0:*:*:*:*:python:*:*",
)
FMT = Component(
    name="fmtlib", version="10.1.1+ds1", licence="MIT", purpose="formatting", supplier="fmt"
)
PACKAGE = {"torch/__init__.py": b"", "torch/_C.so": b"library"}


def bill(*components: Component) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(make_sbom(components, SUBJECT, PACKAGE))
    return content


def test_components_have_digest_licence_and_address() -> None:
    fmt, pytorch = bill(PYTORCH, FMT)["components"]
    assert fmt["purl"] == "pkg:generic/fmtlib@10.1.1%2Bds1"
    assert "hashes" not in fmt
    assert pytorch["purl"] == PYTORCH.purl
    assert pytorch["cpe"] == PYTORCH.cpe
    assert pytorch["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert pytorch["licenses"] == [{"expression": "BSD-3-Clause"}]
    assert pytorch["supplier"] == {"name": "PyTorch project"}


def test_the_patches_of_a_component_are_its_pedigree() -> None:
    names = ("plain.patch", "CVE-2025-1-2.diff", "CVE-2024-0450-and-CVE-2023-6597.patch", "a b")
    (fmt,) = bill(replace(FMT, patches=names))["components"]
    plain, short, both, spaced = fmt["pedigree"]["patches"]
    assert plain == {"type": "unofficial", "diff": {"url": "debian/patches/plain.patch"}}
    assert short["type"] == "unofficial"
    assert both["type"] == "backport"
    assert both["resolves"] == [
        {"type": "security", "id": "CVE-2023-6597"},
        {"type": "security", "id": "CVE-2024-0450"},
    ]
    assert spaced["diff"]["url"] == "debian/patches/a%20b"
    (fmt,) = bill(FMT)["components"]
    assert "pedigree" not in fmt


def test_a_program_is_no_library() -> None:
    content = json.loads(make_sbom((FMT,), SUBJECT, PACKAGE, kind="application"))
    assert content["metadata"]["component"]["type"] == "application"
    assert bill(FMT)["metadata"]["component"]["type"] == "library"


def test_the_wheel_is_described_with_its_libraries() -> None:
    content = bill(FMT)
    assert (content["bomFormat"], content["specVersion"]) == ("CycloneDX", "1.6")
    wheel = content["metadata"]["component"]
    # The package of this name in the ecosystem pypi is the official one.
    assert wheel["purl"] == "pkg:generic/torch@2.6.0%2Bwhisper.cpu"
    (library,) = wheel["components"]
    assert library["name"] == "torch/_C.so"
    assert library["hashes"][0]["content"] == hashlib.sha256(b"library").hexdigest()


def test_every_reference_is_defined_once() -> None:
    content = bill(PYTORCH, FMT)
    wheel = content["metadata"]["component"]
    defined = [wheel["bom-ref"], *(entry["bom-ref"] for entry in content["components"])]
    assert len(set(defined)) == len(defined)
    assert [entry["ref"] for entry in content["dependencies"]] == defined
    assert content["dependencies"][0]["dependsOn"] == defined[1:]


def test_the_same_components_give_the_same_bytes_and_others_another_number() -> None:
    first = make_sbom((PYTORCH, FMT), SUBJECT, PACKAGE)
    assert first == make_sbom((FMT, PYTORCH), SUBJECT, PACKAGE)
    number = json.loads(first)["serialNumber"]
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", number)
    assert number != bill(PYTORCH)["serialNumber"]
    assert b"timestamp" not in first


def test_a_digest_stands_in_a_derived_address() -> None:
    other = Component(
        name="x", version="1:2", licence="MIT", purpose="", supplier="", sha256="0" * 64
    )
    assert package_url(other) == f"pkg:generic/x@1:2?checksum=sha256:{'0' * 64}"


def test_an_empty_or_ambiguous_list_is_refused() -> None:
    with pytest.raises(BuildError, match="no components"):
        bill()
    with pytest.raises(BuildError, match="twice"):
        bill(FMT, FMT)


def test_it_is_written_from_the_staged_package(tmp_path: Path) -> None:
    for name, content in PACKAGE.items():
        (tmp_path / "stage" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "stage" / name).write_bytes(content)
    write_sbom(tmp_path / "out.json", (FMT,), subject=SUBJECT, stage=tmp_path / "stage")
    assert (tmp_path / "out.json").read_bytes() == make_sbom((FMT,), SUBJECT, PACKAGE)
