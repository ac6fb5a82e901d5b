"""Packing the CUDA add-on, and that the program takes what was packed."""

from __future__ import annotations

import lzma
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from addon_samples import TORCH, make_core, make_parts, make_wheel_of
from buildkit.errors import InputError, ResultError
from buildkit.places import CHECKOUT
from native_build.addon import describe, pack_addon
from native_build.addon_parts import AddonParts, read_parts
from native_build.addon_wheel import make_addon_wheel
from transcriber.cuda.addon import Addon, addon_from, published_addon
from transcriber.cuda.store import import_addon


@dataclass(frozen=True, kw_only=True)
class Built:
    parts: AddonParts
    wheel: Path
    output: Path

    @property
    def description(self) -> Path:
        return self.output / "addon.toml"

    def pack(self, address: str = "") -> tuple[Path, Addon]:
        packed = pack_addon(self.parts, self.wheel, self.output, self.description, address=address)
        addon = addon_from(self.description.read_text())
        assert addon is not None
        return packed, addon


@pytest.fixture
def built(tmp_path: Path) -> Built:
    core = make_core(tmp_path / "core", "WHISPER_1")
    parts = read_parts(make_parts(tmp_path / "parts", core))
    return Built(parts=parts, wheel=make_wheel_of(core, tmp_path), output=tmp_path / "dist")


def test_the_description_is_of_what_was_packed(built: Built) -> None:
    packed, addon = built.pack()
    assert packed.name == addon.file_name == "libtorch_cuda-2.6.0-x86_64.so.xz"
    assert (addon.torch, addon.abi, addon.address) == (TORCH, "WHISPER_1", "")
    assert packed.stat().st_size == addon.size < addon.library_size / 50
    assert lzma.decompress(packed.read_bytes()) == built.parts.library.read_bytes()


def test_the_same_bytes_each_time(built: Built) -> None:
    packed, _ = built.pack()
    first = packed.read_bytes(), built.description.read_bytes()
    packed.unlink()
    built.description.unlink()
    built.pack()
    assert (packed.read_bytes(), built.description.read_bytes()) == first


def test_the_address_stays_until_another_is_given(built: Built) -> None:
    _, addon = built.pack("https://example.org/files/")
    assert addon.address == "https://example.org/files/libtorch_cuda-2.6.0-x86_64.so.xz"
    assert built.pack()[1].address == addon.address
    assert built.pack("https://example.org/new")[1].address.startswith("https://example.org/new/")


def test_the_program_takes_it(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    packed, addon = built.pack()
    assert import_addon(packed, addon).read_bytes() == built.parts.library.read_bytes()


def test_nothing_is_packed_for_another_build(built: Built, tmp_path: Path) -> None:
    other = make_wheel_of(make_core(tmp_path / "other", "WHISPER_2"), built.wheel.parent)
    with pytest.raises(ResultError, match="made for the PyTorch"):
        pack_addon(built.parts, other, built.output, built.description)
    assert not built.output.exists()


def test_the_description_in_the_program_is_one_that_was_written_so() -> None:
    addon = published_addon()
    text = (CHECKOUT / "transcriber/cuda/addon.toml").read_text()
    assert addon is None or addon_from(describe(addon)) == addon_from(text)


def test_the_wheel_puts_it_beside_our_pytorch(built: Built) -> None:
    wheel = make_addon_wheel(built.parts, TORCH, built.output)
    assert wheel.name == "torch_whisper_cuda-2.6.0+whisper-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = "torch_whisper_cuda-2.6.0+whisper.dist-info"
        metadata = archive.read(f"{about}/METADATA").decode()
    assert names[0] == "torch/lib/libtorch_cuda.so"
    assert {f"{about}/licenses/cutlass/LICENSE", f"{about}/RECORD"} <= set(names)
    assert f"Requires-Dist: torch=={TORCH}\n" in metadata
    assert "Name: torch-whisper-cuda\n" in metadata
    assert "License-Expression: MIT\n" in metadata
    first = wheel.read_bytes()
    assert make_addon_wheel(built.parts, TORCH, built.output).read_bytes() == first


def test_pip_installs_the_wheel_into_the_folder_of_torch(built: Built, tmp_path: Path) -> None:
    wheel = make_addon_wheel(built.parts, TORCH, built.output)
    site = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target"]
    subprocess.run([*command, site, wheel], check=True, timeout=120, capture_output=True)
    assert (site / "torch/lib/libtorch_cuda.so").read_bytes() == built.parts.library.read_bytes()


def test_the_command(built: Built) -> None:
    words = ["-m", "native_build.addon", "--folder", built.parts.library.parent]
    words += ["--torch", built.wheel, "--output", built.output]
    words += ["--description", built.description]
    folders = (CHECKOUT / "native-build", CHECKOUT / "torch-build", CHECKOUT)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "CUDA_ADDRESS": "https://example.org/files",
    }
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "libtorch_cuda-2.6.0-x86_64.so.xz has" in done.stdout + done.stderr
    addon = addon_from(built.description.read_text())
    assert addon is not None and addon.address.startswith("https://example.org/files/")
    built.parts.bill.unlink()
    done = subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == InputError.exit_code
    assert done.stderr.count("\n") == 1
    assert "sbom.json" in done.stderr
