"""File systems that are small or read-only."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(path: Path, options: str) -> Iterator[Path]:
    """Mount an empty file system in memory on `path`; skip the test where that is forbidden."""
    path.mkdir()
    command = [shutil.which("mount") or "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, timeout=10, check=False).returncode != 0:
        pytest.skip("needs the right to mount a file system")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], timeout=10, check=True)


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """Mount a file system of one mebibyte."""
    with mounted(path, "size=1m") as disk:
        yield disk


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[Path]:
    """Make the folder `path`, to which nothing can be written: by its mode, for root by a mount."""
    if os.geteuid() == 0:
        with mounted(path, "ro") as disk:
            yield disk
        return
    path.mkdir(mode=0o500)
    try:
        yield path
    finally:
        path.chmod(0o700)
