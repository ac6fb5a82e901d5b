"""Write a file only when its content changes."""

from __future__ import annotations

from pathlib import Path


def write_if_different(path: Path, content: bytes) -> bool:
    """Give the file `path` the `content`, and leave its time alone when it has that already.

    Ninja compiles again what is newer than its object.

    Returns
    -------
    bool
        Whether the file was written.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True
