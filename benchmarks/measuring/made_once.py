"""Folders that are made from files, and anew only when those files are others."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from buildkit.errors import InputError
from buildkit.files import make_directory, storage_error

_KEY_DIGITS = 16
"""Of the digest, in a folder's name: enough for the few that there will ever be."""


def made_once(
    folder: Path, name: str, sources: Iterable[Path], make: Callable[[Path], None]
) -> Path:
    """Return the folder that `make` fills, which it does only when it is not there yet.

    Parameters
    ----------
    folder : Path
        Where it lies.
    name : str
        What its name begins with; a digest of `sources` follows. Older ones of that name go.
    sources : iterable of Path
        The files that its content follows from, those with the code of `make` among them.
    make : callable
        Fills the empty folder that it is given. When it fails, nothing is left.

    Raises
    ------
    InputError
        When a source cannot be read.
    StorageError
        When the folder cannot be made.
    """
    made = folder / f"{name}-{_key(sources)}"
    if made.is_dir():
        return made
    make_directory(folder)
    # Beside it, so that a rename puts it in place and a relative link out of it stays right.
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as temporary:
        content = Path(temporary, "content")
        try:
            content.mkdir()
            make(content)
            content.rename(made)
        except OSError as error:
            # Another process may have made the same one meanwhile.
            if not made.is_dir():
                raise storage_error("create the folder", made, error) from error
    for older in folder.glob(f"{name}-{'?' * _KEY_DIGITS}"):
        if older != made:
            shutil.rmtree(older, ignore_errors=True)
    return made


def _key(sources: Iterable[Path]) -> str:
    key = hashlib.sha256()
    for path in sources:
        try:
            with path.open("rb") as stream:
                key.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}", "run make setup") from error
    return key.hexdigest()[:_KEY_DIGITS]
