"""The files that a program needs beside what it is given: its loader and libraries."""

from __future__ import annotations

import functools
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CONFIGURATION = Path("/etc")

# Where loaders look unasked. What lies there is the system's, and no secret.
_LIBRARY_FOLDERS: Final = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"),
)

# Systems that keep every library in a folder of its own.
_STORES: Final = ("/nix/store", "/gnu/store", "/home/linuxbrew/.linuxbrew")

# What C libraries ask of the machine, and what others read when they are loaded.
_ALWAYS: Final = ("/dev/null", "/dev/urandom", "/sys/devices/system/cpu")
_BY_LIBRARIES: Final = (
    *("/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld-musl-x86_64.path"),
    *("/proc/cpuinfo", "/proc/meminfo", "/proc/sys/crypto", "/sys/devices/system/node"),
    *("/etc/gcrypt", "/etc/gnutls", "/etc/crypto-policies", "/etc/ssl/openssl.cnf"),
)

# System V ABI, and its supplement for x86-64.
_HEAD: Final = struct.Struct("<4sBBB9xHHIQQQIHHH")
_PART: Final = struct.Struct("<IIQQQQQQ")
_ENTRY: Final = struct.Struct("<QQ")
_X86_64: Final = 62
_LOADED, _DYNAMIC, _LOADER = 1, 2, 3
_STRINGS, _OLD_PATH, _NEW_PATH = 5, 15, 29

_LONGEST = 1 << 16
"""Of what is read of a table, in bytes."""


@dataclass(frozen=True, kw_only=True)
class ProgramFiles:
    """What a program needs in order to start.

    Attributes
    ----------
    started : tuple of str
        The program, and the loader that the kernel starts for it.
    read : tuple of str
        Files, and folders of libraries.
    """

    started: tuple[str, ...]
    read: tuple[str, ...]


@functools.cache
def program_files(program: Path, preloaded: str = "", searched: str = "") -> ProgramFiles | None:
    """Return what a program needs; None where that cannot be known, as for a script.

    Parameters
    ----------
    program : Path
        The executable.
    preloaded, searched : str
        ``LD_PRELOAD`` and ``LD_LIBRARY_PATH`` of its environment.
    """
    real = os.path.realpath(program)
    try:
        with open(real, "rb", buffering=0) as stream:
            parts = list(_parts(stream.fileno()))
            loader = _text(stream.fileno(), parts)
            paths = list(_search_paths(stream.fileno(), parts, Path(real).parent))
    except (OSError, OverflowError, ValueError, struct.error):
        return None
    if not loader:
        return ProgramFiles(started=(real,), read=_ALWAYS)
    folders = [*_LIBRARY_FOLDERS, *paths, *_configured()]
    folders += [folder for folder in searched.split(":") if folder]
    folders += [store for store in _STORES if real.startswith(f"{store}/")]
    files = [name for name in preloaded.replace(":", " ").split() if "/" in name]
    read = (*_ALWAYS, *_BY_LIBRARIES, *folders, *files)
    # A search path that is everything would be no restriction.
    too_wide = ("/", "/home", str(Path("~root").expanduser()))
    kept = (path for path in read if os.path.normpath(path) not in too_wide)
    return ProgramFiles(started=(real, loader), read=tuple(dict.fromkeys(kept)))


def _parts(descriptor: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the kind, place in the file, address and length of each part of a program.

    Raises
    ------
    ValueError
        When it is none for this processor.
    """
    head = os.pread(descriptor, _HEAD.size, 0)
    name, width, order, _, _, machine, _, _, table, _, _, _, size, count = _HEAD.unpack(head)
    if (name, width, order, machine, size) != (b"\x7fELF", 2, 1, _X86_64, _PART.size):
        raise ValueError("no program for x86-64")
    text = os.pread(descriptor, size * count, table)
    for kind, _, place, address, _, length, _, _ in _PART.iter_unpack(text):
        yield kind, place, address, min(length, _LONGEST)


def _text(descriptor: int, parts: list[tuple[int, int, int, int]]) -> str:
    """Return the name of the loader; empty for a program that needs none."""
    for kind, place, _, length in parts:
        if kind == _LOADER:
            return os.fsdecode(os.pread(descriptor, length, place).split(b"\0")[0])
    return ""


def _search_paths(
    descriptor: int, parts: list[tuple[int, int, int, int]], folder: Path
) -> Iterator[str]:
    """Yield the folders that the program itself names for its libraries."""
    entries: dict[int, int] = {}
    for kind, place, _, length in parts:
        if kind == _DYNAMIC:
            text = os.pread(descriptor, length - length % _ENTRY.size, place)
            entries = dict(_ENTRY.iter_unpack(text))
    for wanted in (_OLD_PATH, _NEW_PATH):
        if wanted not in entries or _STRINGS not in entries:
            continue
        # The table is told by its address. Parts are short here, so the nearest one below has it.
        address = entries[_STRINGS] + entries[wanted]
        bases = [(start, place) for kind, place, start, _ in parts if kind == _LOADED]
        start, place = max(base for base in bases if base[0] <= address)
        names = os.pread(descriptor, _LONGEST, place + address - start).split(b"\0")[0]
        for name in os.fsdecode(names).split(":"):
            path = name.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", str(folder))
            if path.startswith("/") and "$" not in path:
                yield os.path.realpath(path)


def _configured(root: Path = _CONFIGURATION) -> list[str]:
    """Return the folders of libraries that the machine's administrator has added."""
    lines: list[str] = []
    for path in (root / "ld.so.conf", *sorted(root.glob("ld.so.conf.d/*.conf"))):
        try:
            lines += path.read_text(errors="replace").splitlines()
        except OSError:
            continue
    return [line.strip() for line in lines if line.startswith("/")]
