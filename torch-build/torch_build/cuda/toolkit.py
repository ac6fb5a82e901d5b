"""Arrange NVIDIA's compiler in the build cache, from pinned packages that are not installed."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import run_quietly, say
from buildkit.errors import RecipeError, ToolError
from buildkit.files import make_directory, storage_error
from buildkit.package_pins import PackagePins, read_pins
from buildkit.sysroot import unpack_pinned
from buildkit.system_packages import install

PINS = Path(__file__).resolve().parents[2] / "cuda/toolkit.toml"

HOST_COMPILER = "g++-12"
"""What nvcc has the processor's half of a source compiled with.

nvcc 12.4 accepts it, and Debian 12 has it. Another release gives other bytes.
"""

_PROGRAMS = {
    "bin": (
        "usr/lib/nvidia-cuda-toolkit/bin/nvcc",
        "usr/lib/nvidia-cuda-toolkit/bin/crt",
        *(f"usr/bin/{name}" for name in ("cudafe++", "cuobjdump", "fatbinary", "nvlink", "ptxas")),
    ),
    "nvvm/bin": ("usr/lib/nvidia-cuda-toolkit/bin/cicc",),
    "nvvm/libdevice": ("usr/lib/nvidia-cuda-toolkit/libdevice/libdevice.10.bc",),
    "lib64": (
        "usr/lib/x86_64-linux-gnu/libcudart_static.a",
        "usr/lib/x86_64-linux-gnu/libcudadevrt.a",
    ),
    "licences": (
        "usr/share/doc/nvidia-cuda-dev/copyright",
        "usr/share/doc/libcub-dev/copyright",
    ),
}
"""What is kept, by the folder that NVIDIA's own installation has it in; and all of ``include``."""

_PROFILE = """\
TOP = $(_HERE_)/..
NVVMIR_LIBRARY_DIR = $(TOP)/nvvm/libdevice
PATH += $(TOP)/nvvm/bin:$(_HERE_):
INCLUDES += "-I$(TOP)/include"
"""
"""What nvcc reads beside itself: Debian's has absolute paths of an installation."""


@dataclass(frozen=True, kw_only=True)
class Toolkit:
    """An arranged toolkit.

    Attributes
    ----------
    root : Path
        As ``/usr/local/cuda`` would be.
    host_compiler : Path
        `HOST_COMPILER`.
    """

    root: Path
    host_compiler: Path

    @property
    def nvcc(self) -> Path:
        """The compiler."""
        return self.root / "bin/nvcc"

    @property
    def cuobjdump(self) -> Path:
        """The program that lists the kernels of an object."""
        return self.root / "bin/cuobjdump"

    @property
    def runtime(self) -> Path:
        """The static CUDA runtime, which loads the driver's library when it is called."""
        return self.root / "lib64/libcudart_static.a"

    @property
    def include(self) -> Path:
        """The folder with the headers of CUDA and its templates."""
        return self.root / "include"


def toolkit_in(cache: Path, pins: PackagePins) -> Path:
    """Return the toolkit's folder in the build cache, whether it is there yet or not."""
    return cache / "cuda-toolkit" / pins.key()[:16]


def provide_toolkit(cache: Path) -> Toolkit:
    """Return the toolkit in the build cache, and put it there where it is not yet.

    Raises
    ------
    SourceError
        When the packages cannot be got from the archives that the machine uses.
    ToolError
        When one cannot be unpacked, or there is no compiler for the processor's half.
    StorageError
        When the cache cannot be written.
    """
    pins = read_pins(PINS)
    root = toolkit_in(cache, pins)
    compiler = _host_compiler()
    if not root.is_dir():
        say("arranging NVIDIA's compiler, of a gigabyte of packages")
        make_directory(root.parent)
        try:
            with tempfile.TemporaryDirectory(prefix=".incoming-", dir=root.parent) as temporary:
                unpacked = unpack_pinned(pins, Path(temporary), cache)
                whole = Path(temporary, "whole")
                arrange(unpacked, whole)
                whole.rename(root)
        except OSError as error:
            raise storage_error("unpack packages to", root, error) from error
        for package in pins.packages:
            # Nine tenths of it are libraries that nothing here uses.
            (cache / package.sha256).unlink(missing_ok=True)
    return Toolkit(root=root, host_compiler=compiler)


def arrange(unpacked: Path, root: Path) -> None:
    """Move what is needed of the unpacked packages to the folder `root`.

    Raises
    ------
    RecipeError
        When a package has not what it should.
    """
    for folder, paths in _PROGRAMS.items():
        (root / folder).mkdir(parents=True)
        for path in paths:
            source = unpacked / path
            if not source.exists():
                raise RecipeError(f"the CUDA packages have no {path}", "mend toolkit.py")
            name = f"{source.parent.name}.txt" if folder == "licences" else source.name
            shutil.move(source.resolve(), root / folder / name)
    shutil.move(unpacked / "usr/include", root / "include")
    (root / "bin/nvcc.profile").write_text(_PROFILE)


def host_compiler_version() -> str:
    """Return the version of the compiler for the processor's half, with its bug-fix release.

    Raises
    ------
    ToolError
        When there is none.
    """
    _, output = run_quietly([_host_compiler(), "-dumpfullversion"])
    return output.strip()


def _host_compiler() -> Path:
    for attempt in range(2):
        found = shutil.which(HOST_COMPILER)
        if found:
            code, output = run_quietly([found, "-dumpversion"])
            if code == 0 and re.match(r"12\b", output.strip()):
                return Path(found)
        if attempt == 0:
            install([HOST_COMPILER])
    raise ToolError(
        f"there is no {HOST_COMPILER}, which nvcc needs",
        f"install {HOST_COMPILER} with the system's package manager",
    )
