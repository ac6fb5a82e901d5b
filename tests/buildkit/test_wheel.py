"""The wheel, as pip and its specification read it."""

from __future__ import annotations

import base64
import csv
import email
import hashlib
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.errors import BuildError
from buildkit.wheel import make_wheel
from torch_build.metadata import torch_metadata

METADATA = replace(
    torch_metadata("2.6.0+whisper.cpu", "BSD-3-Clause AND MIT"),
    requires=("typing-extensions>=4.10.0",),
)
NAME = "torch-2.6.0+whisper.cpu-cp311-cp311-linux_x86_64.whl"
DESCRIPTION = "torch-2.6.0+whisper.cpu.dist-info"


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """A staged package with its licences and its bill of materials."""
    contents = {
        "stage/torch/__init__.py": "__version__ = '2.6.0+whisper.cpu'\n",
        "stage/torch/nn/__init__.py": "",
        "stage/torch/_C.cpython-311-x86_64-linux-gnu.so": "library",
        "stage/torch/lib/libomp.so.5": "runtime",
        "licences/pytorch/LICENSE": "terms",
        "licences/fmtlib/LICENSE.rst": "other terms",
        "torch.cdx.json": "{}",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def make(parts: Path, output: str = "dist") -> Path:
    return make_wheel(
        parts / "stage",
        parts / output,
        metadata=METADATA,
        licences=parts / "licences",
        sbom=parts / "torch.cdx.json",
    )


def test_two_wheels_of_the_same_files_are_the_same_bytes(parts: Path) -> None:
    first = make(parts)
    for path in parts.rglob("*"):
        os.utime(path, (10**9, 10**9))
    second = make(parts, "again")
    assert first.name == second.name == NAME
    assert first.read_bytes() == second.read_bytes()


def test_the_record_lists_every_member_with_its_digest_and_is_the_last(parts: Path) -> None:
    with zipfile.ZipFile(make(parts)) as archive:
        names = archive.namelist()
        contents = {name: archive.read(name) for name in names}
    rows = list(csv.reader(contents[f"{DESCRIPTION}/RECORD"].decode().splitlines()))
    assert [row[0] for row in rows] == names
    assert rows[-1] == [f"{DESCRIPTION}/RECORD", "", ""]
    for name, digest, size in rows[:-1]:
        expected = base64.urlsafe_b64encode(hashlib.sha256(contents[name]).digest())
        assert digest == "sha256=" + expected.decode().rstrip("=")
        assert int(size) == len(contents[name])
    package = [name for name in names if name.startswith("torch/")]
    assert names[: len(package)] == sorted(package)


def test_the_metadata_say_what_it_is_and_that_it_is_not_the_official_package(parts: Path) -> None:
    with zipfile.ZipFile(make(parts)) as archive:
        names = archive.namelist()
        fields = email.message_from_bytes(archive.read(f"{DESCRIPTION}/METADATA"))
        wheel = archive.read(f"{DESCRIPTION}/WHEEL").decode()
        top_level = archive.read(f"{DESCRIPTION}/top_level.txt").decode()
    assert (fields["Name"], fields["Version"]) == ("torch", "2.6.0+whisper.cpu")
    assert "not the official PyTorch" in fields["Summary"]
    assert "Not the official PyTorch" in str(fields.get_payload())
    assert fields["Requires-Python"] == "==3.11.*"
    assert fields.get_all("Requires-Dist") == ["typing-extensions>=4.10.0"]
    assert fields["License-Expression"] == "BSD-3-Clause AND MIT"
    assert fields.get_all("License-File") == ["fmtlib/LICENSE.rst", "pytorch/LICENSE"]
    for name in fields.get_all("License-File", []):
        assert f"{DESCRIPTION}/licenses/{name}" in names
    assert f"{DESCRIPTION}/sboms/torch.cdx.json" in names
    assert "Root-Is-Purelib: false\nTag: cp311-cp311-linux_x86_64\n" in wheel
    assert top_level == "torch\n"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the wheel is for Python 3.11")
def test_pip_installs_it_and_finds_nothing_to_complain_about(parts: Path) -> None:
    target = parts / "target"
    install = ["install", "--no-deps", "--no-index", "--no-compile", "--target", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *install, str(make(parts))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert (target / "torch/lib/libomp.so.5").read_text() == "runtime"
    assert (target / DESCRIPTION / "licenses/pytorch/LICENSE").read_text() == "terms"


def test_an_incomplete_wheel_is_not_made(parts: Path) -> None:
    (parts / "stage/torch/__init__.py").rename(parts / "kept")
    with pytest.raises(BuildError, match=r"has no torch/__init__\.py"):
        make(parts)
    (parts / "kept").rename(parts / "stage/torch/__init__.py")
    (parts / "stage/old.dist-info").mkdir()
    (parts / "stage/old.dist-info/METADATA").write_text("")
    with pytest.raises(BuildError, match=r"old\.dist-info"):
        make(parts)
    (parts / "stage/old.dist-info/METADATA").unlink()
    (parts / "torch.cdx.json").unlink()
    with pytest.raises(BuildError, match="no bill of materials"):
        make(parts)
    assert not (parts / "dist").exists()
