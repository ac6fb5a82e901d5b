"""Which Python packages are installed, found without importing any of them."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from transcriber.machine.system_files import read_text

REQUIRED_PACKAGES = {
    "torch": "torch",
    "numpy": "numpy",
    "openai-whisper": "whisper",
    "ffmpeg-python": "ffmpeg",
    "tqdm": "tqdm",
}
"""Distributions without which nothing is transcribed, and their modules."""


def module_file(module: str) -> Path | None:
    """Return the file of a top-level module, or None where it is not installed."""
    try:
        specification = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None
    # A folder that an uninstalled package left behind has no origin.
    origin = specification.origin if specification else None
    return Path(origin) if origin else None


def package_version(distribution: str, module: str) -> str | None:
    """Return the version of an installed distribution, or None where its module is missing."""
    # It brings the standard library's e-mail parser, which the start of the program can do without.
    import importlib.metadata  # noqa: PLC0415

    if module_file(module) is None:
        return None
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "version unknown"


def torch_identity() -> str:
    """Return version, place and time of the installed PyTorch."""
    path = module_file("torch")
    return f"{package_version('torch', 'torch')} {path} {modification_time(path)}"


def torch_cuda_version() -> str | None:
    """Return the CUDA version that the installed PyTorch is built for, None without CUDA.

    Raises
    ------
    LookupError
        When it does not say. Its ``version.py`` has a line such as
        ``cuda: Optional[str] = '12.4'``.
    """
    path = module_file("torch")
    if path is None:
        return None
    # The file is not among those of the native program, whose version says enough.
    if "+" in (version := package_version("torch", "torch") or "") and version.endswith("cpu"):
        return None
    text = read_text(path.with_name("version.py"))
    match = re.search(r"^cuda\b[^=\n]*=\s*(?:'([^']*)'|None)", text, re.MULTILINE)
    if match is None:
        raise LookupError(f"{path.with_name('version.py')} does not say")
    return match[1]


def modification_time(path: Path | None) -> str:
    """Return when the file was changed, in nanoseconds, or nothing where it cannot be read."""
    try:
        return str(path.stat().st_mtime_ns) if path else ""
    except OSError:
        return ""
