from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.machine import nvidia
from transcriber.machine.nvidia import (
    DRIVER_LIBRARY,
    find_driver,
    find_library,
    kernel_module_version,
    list_gpus,
)

PROPRIETARY = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  384.98  Thu Oct 26 15:16:01 PDT 2017\n"
    "GCC version:  gcc version 7.2.0 (Ubuntu 7.2.0-8ubuntu3)\n"
)
OPEN = (
    "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  555.58.02  Release Build  "
    "(portage@localhost)  Sat Jun 29 14:36:22 2024\n"
)


def write(root: Path, path: str, content: str | bytes = "") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.fixture(autouse=True)
def no_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give this Python no packages but those that a test installs."""
    site = tmp_path / "site-packages"
    monkeypatch.setattr(nvidia, "module_file", lambda _: site / "torch/__init__.py")
    return site


def test_nothing_there(tmp_path: Path) -> None:
    driver = find_driver(tmp_path, {})
    assert not driver.present
    assert driver.version is None
    assert driver.library is None
    assert driver.nodes == ()
    assert list_gpus(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "version"), [(PROPRIETARY, "384.98"), (OPEN, "555.58.02"), ("odd\nx", "odd")]
)
def test_kernel_module(tmp_path: Path, text: str, version: str) -> None:
    write(tmp_path, "proc/driver/nvidia/version", text)
    assert kernel_module_version(tmp_path) == version
    assert find_driver(tmp_path, {}).present


def test_kernel_module_from_sys(tmp_path: Path) -> None:
    write(tmp_path, "sys/module/nvidia/version", "550.54\n")
    assert kernel_module_version(tmp_path) == "550.54"


def test_device_files(tmp_path: Path) -> None:
    for name in ("nvidia1", "nvidia0", "nvidiactl", "nvidia-uvm"):
        write(tmp_path, f"dev/{name}")
    driver = find_driver(tmp_path, {})
    # The other two exist without a GPU as well.
    assert driver.nodes == ("/dev/nvidia0", "/dev/nvidia1")
    assert driver.present


def test_wsl(tmp_path: Path) -> None:
    write(tmp_path, "dev/dxg")
    write(tmp_path, "usr/lib/wsl/lib/libcuda.so.1")
    driver = find_driver(tmp_path, {})
    assert driver.nodes == ("/dev/dxg",)
    assert driver.library == tmp_path / "usr/lib/wsl/lib/libcuda.so.1"


def test_driver_library_leads_to_its_versioned_file(tmp_path: Path) -> None:
    real = write(tmp_path, "usr/lib/x86_64-linux-gnu/libcuda.so.555.58")
    link = real.with_name("libcuda.so.1")
    link.symlink_to(real.name)
    driver = find_driver(tmp_path, {})
    assert driver.library == link
    assert driver.library_file == real
    assert driver.present


def test_library_path_comes_first(tmp_path: Path) -> None:
    usual = write(tmp_path, "usr/lib64/libcuda.so.1")
    mine = write(tmp_path, "my libraries/libcuda.so.1")
    environment = {"LD_LIBRARY_PATH": f":/nonexistent:{mine.parent}"}
    assert find_library(DRIVER_LIBRARY, tmp_path, environment) == [mine, usual]


def test_loader_cache(tmp_path: Path) -> None:
    library = write(tmp_path, "opt/cuda/lib/libcublas.so.12")
    write(tmp_path, "opt/cuda/lib/libcublasLt.so.12")
    cache = b"glibc-ld.so.cache1.1\0\1\2\3libcublas.so.12\0/opt/cuda/lib/libcublas.so.12\0"
    cache += b"libcublasLt.so.12\0/opt/cuda/lib/libcublasLt.so.12\0"
    cache += b"libcublas.so.11\0/gone/libcublas.so.11\0"
    write(tmp_path, "etc/ld.so.cache", cache)
    # Neither the other library of a longer name nor a file that has gone.
    assert find_library("libcublas", tmp_path, {}) == [library]


def test_packages_of_this_python(tmp_path: Path, no_packages: Path) -> None:
    library = write(no_packages, "nvidia/cudnn/lib/libcudnn.so.9")
    write(no_packages, "nvidia/cudnn/lib/libcudnn_ops.so.9")
    assert find_library("libcudnn", tmp_path, {}) == [library]


def test_links_to_one_file_count_once(tmp_path: Path) -> None:
    real = write(tmp_path, "usr/lib64/libcudart.so.12.4.127")
    real.with_name("libcudart.so.12").symlink_to(real.name)
    real.with_name("libcudart.so").symlink_to("libcudart.so.12")
    assert len(find_library("libcudart", tmp_path, {})) == 1


def test_gpus(tmp_path: Path) -> None:
    folder = "proc/driver/nvidia/gpus"
    text = "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 36\nGPU UUID: \t GPU-1\n"
    write(tmp_path, f"{folder}/0000:01:00.0/information", text)
    write(tmp_path, f"{folder}/0000:02:00.0/information", "IRQ: 5\n")
    assert list_gpus(tmp_path) == [
        "NVIDIA H100 80GB HBM3 at 0000:01:00.0",
        "unknown at 0000:02:00.0",
    ]
