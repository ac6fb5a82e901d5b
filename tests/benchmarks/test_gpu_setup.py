"""Finding what was carried to a machine with a GPU."""

from __future__ import annotations

import lzma
import zipfile
from pathlib import Path

import pytest

from benchmarks.gpu.part import UnavailableError
from benchmarks.gpu.setup import Setup, child_variables, find_addon, find_program, find_torch
from buildkit.errors import InputError


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "built"
    folder.mkdir()
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_a_wheel_is_unpacked(built: Path, work: Path) -> None:
    with zipfile.ZipFile(built / "torch-2.6.0+whisper.cpu-cp311.whl", "w") as wheel:
        wheel.writestr("torch/__init__.py", "")
    assert (find_torch(built, work) / "torch/__init__.py").is_file()


def test_an_unpacked_torch_serves_too(built: Path, work: Path) -> None:
    (built / "site/torch").mkdir(parents=True)
    (built / "site/torch/__init__.py").touch()
    assert find_torch(built, work) == built / "site"


def test_an_addon_is_unpacked_where_it_is_compressed(built: Path, work: Path) -> None:
    (built / "libtorch_cuda.so.xz").write_bytes(lzma.compress(b"machine code"))
    assert find_addon(built, work).read_bytes() == b"machine code"
    (built / "libtorch_cuda.so").write_bytes(b"plain")
    assert find_addon(built, work).read_bytes() == b"plain"


def test_what_is_missing_or_broken_is_named(built: Path, work: Path) -> None:
    with pytest.raises(InputError, match=r"has no torch-\*\.whl"):
        find_torch(built, work)
    with pytest.raises(InputError, match=r"has no libtorch_cuda\.so"):
        find_addon(built, work)
    (built / "libtorch_cuda.so.xz").write_bytes(lzma.compress(b"machine code")[:-8])
    with pytest.raises(InputError, match="cannot be unpacked"):
        find_addon(built, work)


def test_a_program_is_one_that_can_be_started(built: Path) -> None:
    program = built / "Transcriber.AppImage"
    program.touch()
    assert find_program(built) is None
    program.chmod(0o755)
    assert find_program(built) == program


def test_what_was_not_carried_is_asked_for_by_its_option(built: Path, work: Path) -> None:
    setup = Setup(python=Path("python"), site=built, addon=built, work=work)
    for ask, option in (
        (setup.needed_models, "--models"),
        (setup.needed_speech, "--speech"),
        (setup.needed_stock, "--stock"),
    ):
        with pytest.raises(UnavailableError, match=option):
            ask()


def test_a_child_has_no_settings_of_this_python(built: Path, work: Path) -> None:
    setup = Setup(python=Path("python"), site=built, addon=built / "add-on", work=work)
    given = {"PYTHONPATH": "elsewhere", "PYTHONHOME": "elsewhere", "HOME": "kept"}
    variables = child_variables(setup.ours(), given)
    assert variables["HOME"] == "kept"
    assert "PYTHONHOME" not in variables
    assert variables["PYTHONPATH"].startswith(f"{built}:")
    assert variables["TORCH_CUDA_ADDON"] == str(built / "add-on")
    assert variables["XDG_CACHE_HOME"].startswith(str(work))
