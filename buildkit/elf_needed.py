"""Which shared libraries an ELF file asks the loader for, and where it has it look."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from buildkit.capture import capture

_MAGIC = b"\x7fELF"


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What the dynamic section of an ELF file says.

    Attributes
    ----------
    libraries : tuple of str
        The entries ``NEEDED``, in their order.
    folders : tuple of str
        The entries of ``RPATH`` or ``RUNPATH``, such as ``$ORIGIN/lib``.
    """

    libraries: tuple[str, ...]
    folders: tuple[str, ...]

    def places(self, origin: Path, name: str) -> list[Path]:
        """Return the paths at which the loader looks for `name` before it asks the system.

        Parameters
        ----------
        origin : Path
            The folder of the file that needs it.
        name : str
            One of `libraries`.
        """
        known = [folder for folder in self.folders if folder.startswith(("$ORIGIN", "${ORIGIN}"))]
        below = [re.sub(r"^\$\{?ORIGIN\}?/?", "", folder) for folder in known]
        return [(origin / folder / name).resolve() for folder in below]


def is_elf(path: Path) -> bool:
    """Return whether a file is an ELF file."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def read_needed(path: Path, readelf: Path) -> Needed:
    """Read the dynamic section of `path`.

    Raises
    ------
    ToolError
        When `readelf` cannot read it.
    """
    text = capture([readelf, "--wide", "--dynamic", path])
    paths = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", text)
    return Needed(
        libraries=tuple(re.findall(r"\(NEEDED\).*\[(.*)\]", text)),
        folders=tuple(folder for one in paths for folder in one.split(":") if folder),
    )
