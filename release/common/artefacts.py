"""A file that is given away: its size and its digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Artefact:
    """A file that is given away.

    Attributes
    ----------
    path : Path
        Where it is now.
    size : int
        In bytes.
    sha256 : str
        Its digest, in hexadecimal.
    """

    path: Path
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The name of the file, which is also that on the web."""
        return self.path.name


def open_to_all(folder: Path) -> None:
    """Let everybody read what is in a folder: it is given away, whatever the user's mask is."""
    for path in (folder, *folder.rglob("*")):
        runs = path.is_dir() or path.suffix in {".AppImage", ".sh"}
        path.chmod(0o755 if runs else 0o644)


def read_artefact(path: Path) -> Artefact:
    """Return the file `path` with its size and digest.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            return Artefact(path=path, size=stream.tell(), sha256=digest)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", "make it first: make packages"
        ) from error
