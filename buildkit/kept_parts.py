"""Keep the finished parts of a result in the build cache, under what they were made of."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from buildkit.files import make_directory

_UNUSED_DAYS = 30
"""After which a part is deleted: each change of the program leaves one of 50 MB."""


def part_key(words: Iterable[str], files: Iterable[Path]) -> str:
    """Return a digest of everything that decides over a part.

    Parameters
    ----------
    words : iterable of str
        Versions and digests.
    files : iterable of Path
        Recipes; their content counts, and their names.
    """
    key = hashlib.sha256()
    for word in words:
        key.update(f"{word}\n".encode())
    for path in sorted(files):
        key.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return key.hexdigest()[:16]


def provide_part(name: str, key: str, folder: Path, build: Callable[[], Path]) -> Path:
    """Return the folder of a part in the cache; build it when it is not there.

    Parameters
    ----------
    name, key : str
        What it is, and what it is made of.
    folder : Path
        Where in the build cache the parts are.
    build : callable
        Makes the part and returns its folder, of which a copy is kept.

    Raises
    ------
    BuildError
        When it cannot be built.
    """
    kept = folder / f"{name}-{key}"
    if kept.is_dir():
        # Which one was used last, and which not for long, is seen by it.
        os.utime(kept)
        return kept
    _forget_unused(kept.parent, name)
    made = build()
    make_directory(kept.parent)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=kept.parent) as incoming:
        whole = Path(incoming, "whole")
        shutil.copytree(made, whole, symlinks=True)
        # Another checkout, which built the same, may have been quicker.
        with contextlib.suppress(OSError):
            whole.rename(kept)
    return kept


def _forget_unused(folder: Path, name: str) -> None:
    """Delete the parts `name` of other inputs that nobody has used for long."""
    oldest = time.time() - _UNUSED_DAYS * 24 * 3600
    for path in folder.glob(f"{name}-*"):
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
