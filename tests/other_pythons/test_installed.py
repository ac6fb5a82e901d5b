from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.other_pythons.installed import find_torch, has_numpy, version_numbers

from .machines import install_torch


def test_a_cuda_build(tmp_path: Path) -> None:
    folder = install_torch(tmp_path, python="313")
    torch = find_torch([tmp_path / "not", tmp_path])
    assert torch is not None
    assert (torch.version, torch.gpu, torch.python) == ("2.5.1+cu124", "CUDA 12.4", (3, 13))
    assert (torch.folder, torch.numbers) == (folder, (2, 5, 1))
    assert torch.changed.isdecimal()


@pytest.mark.parametrize(
    ("version", "cuda", "hip", "gpu"),
    [
        ("2.13.0+cpu", None, None, ""),
        ("2.5.1", "12.4", None, "CUDA 12.4"),
        ("2.4.0+rocm6.1", None, "6.1.40091-a8dbc0c19", "ROCm 6.1"),
        ("1.13.1", None, None, ""),
    ],
)
def test_what_it_is_built_for(
    tmp_path: Path, version: str, cuda: str | None, hip: str | None, gpu: str
) -> None:
    install_torch(tmp_path, version, cuda=cuda, hip=hip)
    torch = find_torch([tmp_path])
    assert torch is not None
    assert (torch.version, torch.gpu, torch.python) == (version, gpu, None)


def test_the_lines_of_an_old_version(tmp_path: Path) -> None:
    install_torch(tmp_path)
    (tmp_path / "torch/version.py").write_text("__version__ = '1.12.1+cu102'\ncuda = '10.2'\n")
    torch = find_torch([tmp_path])
    assert torch is not None
    assert (torch.version, torch.gpu) == ("1.12.1+cu102", "CUDA 10.2")


def test_a_version_that_only_the_metadata_tell(tmp_path: Path) -> None:
    (install_torch(tmp_path) / "version.py").unlink()
    assert find_torch([tmp_path]) is None
    (tmp_path / "torch-2.6.0+cu118.dist-info").mkdir()
    torch = find_torch([tmp_path])
    assert torch is not None
    assert (torch.version, torch.gpu) == ("2.6.0+cu118", "CUDA 11.8")


def test_the_first_folder_counts(tmp_path: Path) -> None:
    for name, version in (("user", "2.1.0"), ("system", "2.5.1")):
        install_torch(tmp_path / name, version)
    torch = find_torch([tmp_path / "user", tmp_path / "system"])
    assert torch is not None
    assert torch.version == "2.1.0"


def test_what_an_uninstalled_package_left_behind(tmp_path: Path) -> None:
    (install_torch(tmp_path) / "__init__.py").unlink()
    assert find_torch([tmp_path]) is None


def test_numpy(tmp_path: Path) -> None:
    assert not has_numpy([tmp_path])
    (tmp_path / "numpy").mkdir()
    assert not has_numpy([tmp_path])
    (tmp_path / "numpy/__init__.py").touch()
    assert has_numpy([tmp_path / "other", tmp_path])


def test_versions_are_compared_as_numbers() -> None:
    assert version_numbers("2.10.0+cu128") > version_numbers("2.9.1")
    assert version_numbers("2.7.0a0+git1234") == (2, 7, 0)
    assert version_numbers("unknown") == ()
