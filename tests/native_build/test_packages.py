from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from buildkit.errors import InputError, RecipeError
from native_build.program_packages import gather_packages, required_names

STRIP = Path(shutil.which("true") or "/bin/true")
"""In the place of the real one, which wants real libraries."""


def install(site: Path, name: str, version: str, files: list[str]) -> None:
    information = site / f"{name.replace('-', '_')}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    record = [f"{information.name}/METADATA,,", f"{information.name}/RECORD,,"]
    (information / "RECORD").write_text("\n".join([*record, *(f"{file},," for file in files)]))
    for file in files:
        path = site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    path = tmp_path / "program.txt"
    path.write_text("# Why.\nTq_dm==4.1 \\\n    --hash=sha256:00\nnumpy==2.4.6\n")
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "torch.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("torch/__init__.py", "")
    return path


@pytest.fixture
def numpy(tmp_path: Path) -> Path:
    (tmp_path / "built/numpy").mkdir(parents=True)
    (tmp_path / "built/numpy/__init__.py").write_text("ours")
    return tmp_path / "built"


def test_names_are_normalised(requirements: Path) -> None:
    assert required_names(requirements) == ["tq-dm", "numpy"]


def test_only_what_is_required_is_gathered(
    tmp_path: Path, requirements: Path, wheel: Path, numpy: Path
) -> None:
    site, output = tmp_path / "site", tmp_path / "output"
    compiled = "tqdm/__pycache__/a.pyc"
    install(site, "Tq.Dm", "4.1", ["tqdm/__init__.py", compiled, "../../bin/tqdm"])
    install(site, "numpy", "2.4.6", ["numpy/__init__.py"])
    install(site, "pytest", "9", ["pytest.py"])
    output.mkdir()
    (output / "old").touch()
    gather_packages(requirements, site, wheel, numpy, output, strip=STRIP)
    found = {path.relative_to(output).as_posix() for path in output.rglob("*.py")}
    assert found == {"tqdm/__init__.py", "numpy/__init__.py", "torch/__init__.py"}
    assert (output / "numpy/__init__.py").read_text() == "ours"
    assert (output / "numpy-2.4.6.dist-info/METADATA").is_file()
    assert not (output / compiled).exists()
    assert not (output / "old").exists()


def test_every_library_is_stripped(
    tmp_path: Path, requirements: Path, wheel: Path, numpy: Path
) -> None:
    site, seen = tmp_path / "site", tmp_path / "seen"
    install(site, "numpy", "2.4.6", ["numpy/__init__.py"])
    install(site, "tq-dm", "4.1", ["tqdm/_fast.so", "tqdm/libs/libx.so.2", "tqdm/a.py"])
    strip = tmp_path / "strip"
    strip.write_text(f'#!/bin/sh\necho "$1 ${{2##*/}}" >> {seen}\n')
    strip.chmod(0o755)
    gather_packages(requirements, site, wheel, numpy, tmp_path / "output", strip=strip)
    assert sorted(seen.read_text().splitlines()) == [
        "--strip-all _fast.so",
        "--strip-all libx.so.2",
    ]


def test_a_package_that_is_not_installed(
    tmp_path: Path, requirements: Path, wheel: Path, numpy: Path
) -> None:
    with pytest.raises(InputError, match=r"has no tq-dm.*make setup"):
        gather_packages(requirements, tmp_path, wheel, numpy, tmp_path / "output", strip=STRIP)
    assert not (tmp_path / "output").exists()


def test_ours_stands_in_for_the_library_in_rust(tmp_path: Path, wheel: Path, numpy: Path) -> None:
    site, output, pins = (tmp_path / name for name in ("site", "output", "pins.txt"))
    pins.write_text("tiktoken==1\nregex==2\nnumpy==3\n")
    library = "tiktoken/_tiktoken.cpython-311-x86_64-linux-gnu.so"
    install(site, "numpy", "3", [])
    install(site, "regex", "2", ["regex/__init__.py"])
    install(site, "tiktoken", "1", ["tiktoken/core.py", library])
    gather_packages(pins, site, wheel, numpy, output, strip=STRIP)
    assert {path.name for path in (output / "tiktoken").iterdir()} == {"core.py", "_tiktoken.py"}
    assert "class CoreBPE" in (output / "tiktoken/_tiktoken.py").read_text()
    assert not (output / "regex").exists()
    # Of another release, which may need something else.
    (site / library).rename(site / "tiktoken/_other.so")
    record = site / "tiktoken-1.dist-info/RECORD"
    record.write_text(record.read_text().replace(library, "tiktoken/_other.so"))
    with pytest.raises(RecipeError, match="has no library _tiktoken any more"):
        gather_packages(pins, site, wheel, numpy, output, strip=STRIP)
