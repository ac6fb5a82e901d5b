"""Which PyTorch a Python has, told by its files alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.machine.packages import modification_time
from transcriber.machine.system_files import read_text


@dataclass(frozen=True, kw_only=True)
class InstalledTorch:
    """An installed PyTorch.

    Attributes
    ----------
    folder : Path
        The package.
    version : str
        Such as ``2.5.1+cu124``.
    gpu : str
        What it is built for: ``CUDA 12.4``, ``ROCm 6.2``, or nothing for processors only.
    python : tuple of int or None
        The only Python that it is for, where its files say so.
    """

    folder: Path
    version: str
    gpu: str
    python: tuple[int, int] | None

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version in a form that can be compared."""
        return version_numbers(self.version)

    @property
    def changed(self) -> str:
        """When it was installed, in nanoseconds."""
        return modification_time(self.folder / "version.py")


def version_numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the beginning of a version: 2.5.1 of ``2.5.1+cu124``."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, match[0].split("."))) if match else ()


def find_torch(packages: Sequence[Path]) -> InstalledTorch | None:
    """Return the PyTorch that a Python with these folders of packages would import, or None."""
    for folder in packages:
        torch = folder / "torch"
        text = read_text(torch / "version.py")
        version = _value("__version__", text) or _from_metadata(folder)
        if (torch / "__init__.py").is_file() and version:
            return InstalledTorch(
                folder=torch, version=version, gpu=_gpu(text, version), python=_python(torch)
            )
    return None


def has_numpy(packages: Sequence[Path]) -> bool:
    """Whether a Python with these folders of packages has NumPy."""
    return any((folder / "numpy/__init__.py").is_file() for folder in packages)


def _value(name: str, text: str) -> str:
    """Return what a line such as ``cuda: Optional[str] = '12.4'`` says; nothing for None."""
    match = re.search(rf"^{name}\b[^=\n]*=\s*['\"]([^'\"]*)['\"]", text, re.MULTILINE)
    return match[1] if match else ""


def _gpu(text: str, version: str) -> str:
    if cuda := _value("cuda", text):
        return f"CUDA {cuda}"
    if rocm := _value("hip", text):
        return f"ROCm {'.'.join(rocm.split('.')[:2])}"
    # Where there is only the name of its metadata, the name may say it.
    match = re.search(r"\+cu(\d+)(\d)$", version)
    return f"CUDA {match[1]}.{match[2]}" if match and not text else ""


def _from_metadata(folder: Path) -> str:
    names = [path.name for path in folder.glob("torch-*.dist-info")]
    return names[0].removeprefix("torch-").removesuffix(".dist-info") if names else ""


def _python(torch: Path) -> tuple[int, int] | None:
    """Return the Python that the package's library is for: ``_C.cpython-311-x86_64-....so``."""
    found = {
        (int(match[1]), int(match[2]))
        for path in torch.glob("_C.*.so")
        if (match := re.match(r"_C\.cpython-(\d)(\d+)", path.name))
    }
    return found.pop() if len(found) == 1 else None
