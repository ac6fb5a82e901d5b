"""The order of the files in an AppImage: what is alike shares a block, which then packs better.

Of six orders of the ultra-lean program, all that have texts beside texts of their kind left the
same size, 32 kB less than that of mksquashfs.
"""

from __future__ import annotations

import re
from pathlib import Path

from buildkit.errors import RecipeError
from buildkit.files import atomic_writer

FIRST = 32767
"""The highest priority that mksquashfs knows; below 0 there are as many again."""

_MARKED, _MARK = re.compile(r"([\\\s])"), r"\\\1"
"""What ends a name unless a backslash stands before it."""

_ELF = b"\x7fELF"


def in_order(folder: Path) -> list[str]:
    """Return the paths of all files below `folder`, as the image is to have them.

    Texts come first, those of a kind side by side, and machine code comes last.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    keys = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return sorted(
        keys,
        key=lambda name: (
            keys[name].startswith(_ELF),
            b"\0" in keys[name],
            Path(name).suffix,
            name,
        ),
    )


def write_order(folder: Path, path: Path) -> None:
    """Write that order to `path`, as mksquashfs reads it.

    Raises
    ------
    RecipeError
        When there are too many files.
    StorageError
        When it cannot be written.
    """
    names = in_order(folder)
    if len(names) > 2 * FIRST:
        raise RecipeError(f"{folder} has {len(names)} files", "leave some out")
    with atomic_writer(path) as stream:
        for place, name in enumerate(names):
            stream.write(f"{_MARKED.sub(_MARK, name)} {FIRST - place}\n".encode())
