"""Arranging NVIDIA's compiler from unpacked packages."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError, ToolError
from buildkit.package_pins import read_pins
from torch_build.cuda import toolkit
from torch_build.cuda.toolkit import PINS, Toolkit, arrange, toolkit_in


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Return a folder with a file for each path that is taken from the packages."""
    root = tmp_path / "unpacked"
    for paths in toolkit._PROGRAMS.values():
        for path in paths:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(path)
    (root / "usr/include").mkdir()
    (root / "usr/include/cuda_runtime_api.h").touch()
    return root


def test_what_is_needed_lies_where_nvidia_has_it(unpacked: Path, tmp_path: Path) -> None:
    arrange(unpacked, tmp_path / "cuda")
    kit = Toolkit(root=tmp_path / "cuda", host_compiler=Path("g++"))
    assert kit.nvcc.read_text() == "usr/lib/nvidia-cuda-toolkit/bin/nvcc"
    assert kit.cuobjdump.is_file()
    assert kit.runtime.is_file()
    assert (kit.include / "cuda_runtime_api.h").is_file()
    assert (kit.root / "nvvm/bin/cicc").is_file()
    assert (kit.root / "nvvm/libdevice/libdevice.10.bc").is_file()


def test_each_licence_is_named_after_its_package(unpacked: Path, tmp_path: Path) -> None:
    arrange(unpacked, tmp_path / "cuda")
    texts = {path.name: path.read_text() for path in (tmp_path / "cuda/licences").iterdir()}
    assert texts["nvidia-cuda-dev.txt"] == "usr/share/doc/nvidia-cuda-dev/copyright"
    assert texts["libcub-dev.txt"] == "usr/share/doc/libcub-dev/copyright"


def test_the_compiler_finds_itself_wherever_it_lies(unpacked: Path, tmp_path: Path) -> None:
    arrange(unpacked, tmp_path / "cuda")
    lines = (tmp_path / "cuda/bin/nvcc.profile").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if " = " in line)
    assert settings["TOP "].strip() == "$(_HERE_)/.."
    assert not any("/usr" in value for value in settings.values())


def test_a_link_of_a_package_becomes_the_file(unpacked: Path, tmp_path: Path) -> None:
    program = unpacked / "usr/bin/ptxas"
    program.rename(unpacked / "usr/bin/ptxas-12.4")
    program.symlink_to("ptxas-12.4")
    arrange(unpacked, tmp_path / "cuda")
    moved = tmp_path / "cuda/bin/ptxas"
    assert not moved.is_symlink()
    assert moved.read_text() == "usr/bin/ptxas"


def test_a_package_that_lacks_something_is_told_by_its_name(unpacked: Path, tmp_path: Path) -> None:
    (unpacked / "usr/bin/ptxas").unlink()
    with pytest.raises(RecipeError, match="have no usr/bin/ptxas"):
        arrange(unpacked, tmp_path / "cuda")


def test_other_packages_have_another_folder(tmp_path: Path) -> None:
    pins = read_pins(PINS)
    assert toolkit_in(tmp_path, pins).is_relative_to(tmp_path / "cuda-toolkit")
    assert pins.key()[:16] == toolkit_in(tmp_path, pins).name


@pytest.mark.parametrize("answer", [(0, "13.2.0"), (0, "121"), (1, "12.2.0"), (0, "12.2.0")])
def test_the_compiler_of_the_host_is_of_the_release_that_nvcc_takes(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str]
) -> None:
    installed: list[str] = []
    monkeypatch.setattr("torch_build.cuda.toolkit.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(toolkit, "run_quietly", lambda command: answer)
    monkeypatch.setattr(toolkit, "install", installed.extend)
    if answer == (0, "12.2.0"):
        assert toolkit._host_compiler() == Path("/usr/bin/g++-12")
        assert installed == []
    else:
        with pytest.raises(ToolError, match=r"there is no g\+\+-12"):
            toolkit._host_compiler()
        assert installed == ["g++-12"]
