"""Traces of an NVIDIA driver, its GPUs and CUDA libraries, found without loading any of them.

Loading a broken driver library can crash or hang a process, so this module only looks at files.
Whether a GPU works is for the module `device` to find out, in a child process. Every function
takes the root of the file system as `root`, so that a test can build another.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from transcriber.machine.packages import module_file
from transcriber.machine.system_files import read_text

DRIVER_LIBRARY = "libcuda.so.1"
CUDA_LIBRARIES = ("libcudart", "libcublas", "libcublasLt", "libcudnn")

_LIBRARY_FOLDERS = (
    "usr/lib/x86_64-linux-gnu",
    "usr/lib/aarch64-linux-gnu",
    "usr/lib64",
    "usr/lib",
    # Where WSL, NVIDIA's container images and NixOS put the driver's library.
    "usr/lib/wsl/lib",
    "usr/local/nvidia/lib64",
    "run/opengl-driver/lib",
    "usr/local/cuda/lib64",
)


@dataclass(frozen=True, kw_only=True)
class Driver:
    """What tells that an NVIDIA driver is installed.

    Attributes
    ----------
    version : str or None
        Version of the loaded kernel module, such as ``555.58``. None where it is not loaded;
        under WSL it lives in Windows and is never seen.
    library : Path or None
        The driver's library for programs, ``libcuda.so.1``.
    library_file : Path or None
        The file that `library` is a link to. Its name usually ends in the version.
    nodes : tuple of str
        Device files of the GPUs, and ``/dev/dxg`` under WSL.
    """

    version: str | None
    library: Path | None
    library_file: Path | None
    nodes: tuple[str, ...]

    @property
    def present(self) -> bool:
        """Whether there is any sign of a driver."""
        return bool(self.version or self.library or self.nodes)


def find_driver(root: Path = Path("/"), environment: Mapping[str, str] = os.environ) -> Driver:
    """Look for the driver's kernel module, library and device files."""
    library = next(iter(find_library(DRIVER_LIBRARY, root, environment)), None)
    nodes = [*(root / "dev").glob("nvidia[0-9]*"), *(root / "dev").glob("dxg")]
    return Driver(
        version=kernel_module_version(root),
        library=library,
        library_file=Path(os.path.realpath(library)) if library else None,
        nodes=tuple(sorted(f"/dev/{node.name}" for node in nodes)),
    )


def kernel_module_version(root: Path = Path("/")) -> str | None:
    """Return the version of the loaded kernel module, or None.

    The line reads ``NVRM version: NVIDIA UNIX x86_64 Kernel Module  384.98  Thu Oct ...`` or
    ``NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  555.58  Release Build ...``.
    """
    text = read_text(root / "proc/driver/nvidia/version")
    match = re.search(r"Kernel Module\s+(?:for \S+\s+)?(\d+(?:\.\d+)+)", text)
    if match:
        return match[1]
    return read_text(root / "sys/module/nvidia/version") or (text.split("\n")[0] or None)


def list_gpus(root: Path = Path("/")) -> list[str]:
    """Return the name and bus address of each GPU that the kernel module drives."""
    gpus = []
    for path in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        match = re.search(r"^Model:\s*(.+?)\s*$", read_text(path), re.MULTILINE)
        gpus.append(f"{match[1] if match else 'unknown'} at {path.parent.name}")
    return gpus


def find_library(
    name: str, root: Path = Path("/"), environment: Mapping[str, str] = os.environ
) -> list[Path]:
    """Find the shared libraries whose file name begins with `name`.

    Looked through are ``LD_LIBRARY_PATH``, the loader's cache, the usual folders and the
    ``nvidia`` packages beside PyTorch, in this order.

    Returns
    -------
    list of Path
        One for each file, however many links lead to it.
    """
    folders = [Path(part) for part in environment.get("LD_LIBRARY_PATH", "").split(":") if part]
    candidates = [*_in_folders(name, folders), *_in_loader_cache(name, root)]
    candidates += _in_folders(name, [root / folder for folder in _LIBRARY_FOLDERS])
    torch = module_file("torch")
    if torch:
        # pip puts both into one folder.
        candidates += _in_folders(name, sorted((torch.parents[1] / "nvidia").glob("*/lib")))
    found: dict[str, Path] = {}
    for candidate in candidates:
        if candidate.is_file():
            found.setdefault(os.path.realpath(candidate), candidate)
    return list(found.values())


def _in_folders(name: str, folders: Iterable[Path]) -> list[Path]:
    pattern = f"{name}*" if ".so" in name else f"{name}.so*"
    return [path for folder in folders for path in sorted(folder.glob(pattern))]


def _in_loader_cache(name: str, root: Path) -> list[Path]:
    """Find the library in ``ld.so.cache``, whose strings are paths that end in a zero byte."""
    try:
        cache = (root / "etc/ld.so.cache").read_bytes()
    except OSError:
        return []
    end = rb"[^\0/]*" if ".so" in name else rb"\.so[^\0/]*"
    paths = re.findall(rb"(/[^\0]*/" + re.escape(name.encode()) + end + rb")\0", cache)
    return [root / os.fsdecode(path).lstrip("/") for path in sorted(set(paths))]
