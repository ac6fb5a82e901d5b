"""Finding what was carried to a machine with a GPU."""

from __future__ import annotations

import lzma
import zipfile
from pathlib import Path

import pytest

from benchmarks.gpu.setup import (
    Setup,
    UnavailableError,
    child_variables,
    find_addon,
    find_program,
    find_torch,
)
from buildkit.errors import InputError


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "built").mkdir()
    (tmp_path / "work").mkdir()
    return tmp_path / "built"


@pytest.fixture
def setup(built: Path) -> Setup:
    work = built.parent / "work"
    return Setup(python=Path("python"), site=built, addon=built / "add-on", work=work)


def test_what_was_built_is_found_and_unpacked(built: Path, setup: Setup) -> None:
    with pytest.raises(InputError, match=r"has no torch-\*\.whl"):
        find_torch(built, setup.work)
    (built / "site/torch").mkdir(parents=True)
    (built / "site/torch/__init__.py").touch()
    assert find_torch(built, setup.work) == built / "site"
    with zipfile.ZipFile(built / "torch-2.6.0+whisper.cpu-cp311.whl", "w") as wheel:
        wheel.writestr("torch/__init__.py", "")
    assert (find_torch(built, setup.work) / "torch/__init__.py").is_file()
    program = built / "Transcriber.AppImage"
    program.touch()
    # It is one that can be started.
    assert find_program(built) is None
    program.chmod(0o755)
    assert find_program(built) == program


def test_an_addon_is_unpacked_where_it_is_compressed(built: Path, setup: Setup) -> None:
    with pytest.raises(InputError, match=r"has no libtorch_cuda\.so"):
        find_addon(built, setup.work)
    packed = built / "libtorch_cuda.so.xz"
    packed.write_bytes(lzma.compress(b"machine code")[:-8])
    with pytest.raises(InputError, match="cannot be unpacked"):
        find_addon(built, setup.work)
    packed.write_bytes(lzma.compress(b"machine code"))
    assert find_addon(built, setup.work).read_bytes() == b"machine code"
    (built / "libtorch_cuda.so").write_bytes(b"plain")
    assert find_addon(built, setup.work).read_bytes() == b"plain"


def test_what_was_not_carried_is_asked_for_by_its_option(setup: Setup) -> None:
    needed = {
        "--models": setup.needed_models,
        "--speech": setup.needed_speech,
        "--stock": setup.needed_stock,
    }
    for option, ask in needed.items():
        with pytest.raises(UnavailableError, match=option):
            ask()


def test_a_child_has_no_settings_of_this_python(setup: Setup) -> None:
    given = {"PYTHONPATH": "elsewhere", "PYTHONHOME": "elsewhere", "HOME": "kept"}
    variables = child_variables(setup.ours(), given)
    assert variables["HOME"] == "kept"
    assert "PYTHONHOME" not in variables
    assert variables["PYTHONPATH"].startswith(f"{setup.site}:")
    assert variables["TORCH_CUDA_ADDON"] == str(setup.addon)
    assert variables["XDG_CACHE_HOME"].startswith(str(setup.work))
