"""Where the X server listens, and the cookie that it asks for."""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from transcriber.errors import DesktopError

COOKIE = b"MIT-MAGIC-COOKIE-1"

_LOCAL, _WILD = 256, 65535
"""Families of addresses in an authority file (FamilyLocal, FamilyWild of Xauth.h)."""

_FIRST_PORT = 6000


@dataclass(frozen=True, kw_only=True)
class Display:
    """A name such as ``:0`` or ``host:10.0``, taken apart; `host` is empty for this machine."""

    host: str
    number: int


def parse_display(name: str) -> Display:
    """Take a display's name apart.

    Raises
    ------
    DesktopError
        When it is no such name.

    Examples
    --------
    >>> parse_display("unix:1.0")
    Display(host='', number=1)
    """
    found = re.fullmatch(r"(?:(?:tcp|inet6?)/)?(.*):(\d{1,5})(?:\.\d+)?", name)
    if not found:
        raise DesktopError(f"DISPLAY names no X server: {name!r}", "it looks like :0 or host:0")
    host = found[1].removeprefix("[").removesuffix("]")
    return Display(host="" if host.startswith("unix") else host, number=int(found[2]))


def open_socket(display: Display, seconds: float) -> socket.socket:
    """Connect to the server.

    Raises
    ------
    OSError
        When no address of it answers.
    """
    if display.host:
        address = display.host, _FIRST_PORT + display.number
        return socket.create_connection(address, seconds)
    path = f"/tmp/.X11-unix/X{display.number}"  # noqa: S108 - the server's, not ours
    # In a container there may be one without the other.
    for name in (path, "\0" + path):
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(seconds)
        try:
            connected.connect(name)
        except OSError as error:
            connected.close()
            failure = error
        else:
            return connected
    raise failure


def find_cookie(display: Display) -> bytes:
    """Return the cookie for the server, empty where there is none: some servers want none."""
    path = Path(os.environ.get("XAUTHORITY") or "~/.Xauthority").expanduser()
    try:
        content = path.read_bytes()
    except OSError:
        return b""
    here = socket.gethostname().encode()
    number = str(display.number).encode()
    for family, address, its_number, name, data in authorities(content):
        # Addresses of the internet are not looked up: a cookie of that display's number will do.
        fits = family == _WILD or (family != _LOCAL if display.host else address == here)
        if name == COOKIE and its_number in (b"", number) and fits:
            return data
    return b""


def authorities(content: bytes) -> Iterator[tuple[int, bytes, bytes, bytes, bytes]]:
    """Yield the entries of an authority file: family, address, number, method and data.

    What is cut short at the end is left out.
    """
    place = 0
    while place + 2 <= len(content):
        (family,) = struct.unpack_from(">H", content, place)
        place += 2
        fields = []
        for _ in range(4):
            length = int.from_bytes(content[place : place + 2], "big")
            fields.append(content[place + 2 : place + 2 + length])
            place += 2 + length
        if place <= len(content):
            yield family, fields[0], fields[1], fields[2], fields[3]
