"""The file that tells the user's other programs where the service is, and lets their browser in."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_NAME = "address"

_PORT = "port"

SOCKET_SIGN = "%2F"
"""What the address of a socket in the file system begins with, where that of a host would be."""

_LONGEST = 1000
"""Bytes that are read: an address with a token has a hundred."""


def write_address(folder: Path, address: str) -> None:
    """Write where the service is, with a one-time token; only the user can read it.

    Where it cannot be written, a second start does not find the service, and says so.
    """
    path = folder / _NAME
    with contextlib.suppress(OSError):
        begun = path.with_suffix(".new")
        begun.unlink(missing_ok=True)
        with os.fdopen(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(address)
        begun.replace(path)


def read_address(folder: Path) -> str:
    """Return where a running service is; nothing where none says so."""
    try:
        with (folder / _NAME).open("rb") as stream:
            return stream.read(_LONGEST).decode()
    except (OSError, ValueError):
        return ""


def remove_address(folder: Path) -> None:
    """Delete the file: the service ends."""
    with contextlib.suppress(OSError):
        (folder / _NAME).unlink()


def keep_port(folder: Path, port: int) -> None:
    """Write down the port, for the next start to take the same one."""
    with contextlib.suppress(OSError):
        (folder / _PORT).write_text(f"{port}\n")


def kept_port(folder: Path) -> int:
    """Return the port of the last start; 0 where none is known.

    Browsers keep what was edited without a connection by address and port.
    """
    with contextlib.suppress(OSError, ValueError):
        port = int((folder / _PORT).read_text()[:_LONGEST])
        return port if 0 < port < 2**16 else 0
    return 0
