"""The sections of an ELF file, and what it asks the loader for; pyelftools reads both."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection

from buildkit.errors import InputError

_MAGIC = b"\x7fELF"
_IDENTIFICATION = _MAGIC + b"\x02\x01"

_TEXTS = {
    "DT_NEEDED": "needed",
    "DT_RPATH": "rpath",
    "DT_RUNPATH": "runpath",
    "DT_SONAME": "soname",
}
"""The entries for the loader that are texts, and by which names pyelftools has these."""


@dataclass(frozen=True, kw_only=True)
class ElfSection:
    """A section of an ELF file.

    Attributes
    ----------
    name : str
        Such as ``.text``.
    address : int
        Where it lies in memory; 0 when it is not loaded.
    offset : int
        Where it begins in the file.
    size : int
        Bytes in memory.
    in_file : bool
        Whether the file has these bytes; false for ``.bss``, which begins as zeros.
    """

    name: str
    address: int
    offset: int
    size: int
    in_file: bool


@dataclass(frozen=True, kw_only=True)
class Dynamic:
    """What is said to the loader.

    Attributes
    ----------
    name : str
        The entry ``SONAME``, by which others ask for it; empty where there is none.
    libraries : tuple of str
        The entries ``NEEDED``, in their order.
    folders : tuple of str
        The entries of ``RPATH`` or ``RUNPATH``, such as ``$ORIGIN/lib``.
    needed, defined : frozenset of str
        The symbol versions that it asks for in others, and that its own symbols have.
    """

    name: str
    libraries: tuple[str, ...]
    folders: tuple[str, ...]
    needed: frozenset[str]
    defined: frozenset[str]

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


def elf_sections(content: bytes) -> list[ElfSection]:
    """Return the sections of the shared library or program `content`.

    Raises
    ------
    InputError
        When it is no 64-bit little-endian ELF file or was cut short.
    """
    with _opened(content) as file:
        # The first header stands for no section.
        return [
            ElfSection(
                name=section.name,
                address=section["sh_addr"],
                offset=section["sh_offset"],
                size=section["sh_size"],
                in_file=section["sh_type"] != "SHT_NOBITS",
            )
            for section in list(file.iter_sections())[1:]
        ]


def read_dynamic(content: bytes) -> Dynamic:
    """Read what the shared object or program `content` says to the loader.

    Raises
    ------
    InputError
        When it is none, or no loader could load it.
    """
    needed: set[str] = set()
    defined: set[str] = set()
    texts: dict[str, list[str]] = {}
    with _opened(content) as file:
        for section in file.iter_sections():
            if isinstance(section, DynamicSection):
                texts = {name: [] for name in _TEXTS}
                for tag in section.iter_tags():
                    if (name := tag.entry.d_tag) in _TEXTS:
                        texts[name].append(getattr(tag, _TEXTS[name]))
            elif isinstance(section, GNUVerNeedSection):
                needed |= {part.name for _, parts in section.iter_versions() for part in parts}
            elif isinstance(section, GNUVerDefSection):
                # Further parts are the parents of the first.
                defined |= {next(parts).name for _, parts in section.iter_versions()}
    if not texts:
        raise InputError("an ELF file that no loader can load", "link it again")
    return Dynamic(
        name=next(iter(texts["DT_SONAME"]), ""),
        libraries=tuple(texts["DT_NEEDED"]),
        folders=tuple(
            folder
            for path in texts["DT_RPATH"] + texts["DT_RUNPATH"]
            for folder in path.split(":")
            if folder
        ),
        needed=frozenset(needed),
        defined=frozenset(defined),
    )


@contextmanager
def _opened(content: bytes) -> Iterator[ELFFile]:
    if not content.startswith(_IDENTIFICATION):
        raise InputError("not a 64-bit little-endian ELF file", "link it again")
    try:
        file = ELFFile(io.BytesIO(content))
        if not file.num_sections():
            raise InputError("an ELF file without its section headers", "link it again")
        yield file
    except (ELFError, OverflowError) as error:
        raise InputError(f"not a whole ELF file: {error}", "link it again") from error
