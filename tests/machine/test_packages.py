from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from transcriber.machine.packages import (
    REQUIRED_PACKAGES,
    module_file,
    package_version,
    torch_cuda_version,
    torch_identity,
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an empty folder first in the search path of modules."""
    # A module that another test has loaded would be found before any folder.
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def install(site: Path, name: str, version: str, version_file: str = "") -> None:
    (site / name).mkdir()
    (site / name / "__init__.py").write_text("raise SystemExit('imported')")
    (site / name / "version.py").write_text(version_file)
    (site / f"{name}-{version}.dist-info").mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (site / f"{name}-{version}.dist-info" / "METADATA").write_text(metadata)


def test_version_without_importing(site: Path) -> None:
    install(site, "torch", "9.9.9")
    assert package_version("torch", "torch") == "9.9.9"
    assert module_file("torch") == site / "torch/__init__.py"


def test_missing_package() -> None:
    assert package_version("no-such-thing", "no_such_thing") is None
    assert module_file("no_such_thing") is None


def test_folder_left_behind_is_no_package(site: Path) -> None:
    (site / "left_behind/data").mkdir(parents=True)
    assert package_version("left-behind", "left_behind") is None


def test_module_without_metadata(site: Path) -> None:
    (site / "copied.py").touch()
    assert package_version("copied", "copied") == "version unknown"


def test_every_required_package_is_here() -> None:
    # The environment of the tests is that of the program.
    for distribution, module in REQUIRED_PACKAGES.items():
        assert package_version(distribution, module) not in {None, "version unknown"}


@pytest.mark.parametrize(
    ("line", "cuda"),
    [
        ("cuda: Optional[str] = '12.4'", "12.4"),
        ("cuda: Optional[str] = None", None),
        ("cuda = '11.8'", "11.8"),
    ],
)
def test_cuda_of_torch(site: Path, line: str, cuda: str | None) -> None:
    install(site, "torch", "9.9.9", f"__version__ = '9.9.9'\ndebug = False\n{line}\nhip = None\n")
    assert torch_cuda_version() == cuda


def test_cuda_of_torch_unknown(site: Path) -> None:
    install(site, "torch", "9.9.9", "__version__ = '9.9.9'\n")
    with pytest.raises(LookupError, match=r"version\.py"):
        torch_cuda_version()


@pytest.mark.parametrize("version", ["9.9+cpu", "9.9+whisper.cpu"])
def test_a_build_for_the_processor_says_so_in_its_version(site: Path, version: str) -> None:
    install(site, "torch", version, "")
    assert torch_cuda_version() is None


def test_identity_changes_with_the_file(site: Path) -> None:
    install(site, "torch", "9.9.9")
    first = torch_identity()
    assert torch_identity() == first
    os.utime(site / "torch/__init__.py", ns=(1, 1))
    assert torch_identity() != first


def test_nothing_is_imported() -> None:
    code = (
        "import sys\nfrom transcriber.machine.packages import *\n"
        "[package_version(d, m) for d, m in REQUIRED_PACKAGES.items()]\n"
        "torch_identity(), torch_cuda_version()\n"
        "print([m for m in REQUIRED_PACKAGES.values() if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.strip() == "[]"
