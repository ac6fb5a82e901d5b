"""Sockets that clients connect to."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

_BACKLOG = 1024
"""Connections that the system keeps until they are accepted: a burst of `Limits.connections`."""

_FIRST_INHERITED = 3
"""The first descriptor that systemd passes (sd_listen_fds(3))."""


def open_listener(host: str, port: int) -> socket.socket:
    """Listen at an address.

    Parameters
    ----------
    host : str
        An address or a name, such as ``127.0.0.1``, ``::1`` or ``0.0.0.0``. The first address
        of a name counts.
    port : int
        The port; 0 for any that is free.

    Raises
    ------
    OSError
        When the name has no address, or the port is in use or not permitted.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        # Connections of the run before, which are still closing, do not block the port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Whoever wants both kinds opens two, and the rules know the addresses as they are.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def open_unix_listener(path: Path) -> socket.socket:
    """Listen at a socket in the file system, which only its owner may use.

    Raises
    ------
    OSError
        When the path is too long, is another file, or a server listens there.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _answers(path):
            path.unlink()
        # The mode of the descriptor becomes that of the file, without a moment in between.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(path))
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def inherited_listeners() -> list[socket.socket]:
    """Return the sockets that systemd listens at for this process; none without systemd.

    The variables that tell of them are removed, since no child of this process has them.
    """
    process, number = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if process != str(os.getpid()) or not number.isdecimal():
        return []
    found = []
    for descriptor in range(_FIRST_INHERITED, _FIRST_INHERITED + int(number)):
        os.set_inheritable(descriptor, False)
        listener = socket.socket(fileno=descriptor)
        if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.append(listener)
        else:
            listener.close()
    return found


def address_of(listener: socket.socket) -> str:
    """Return where a listener is: ``127.0.0.1:8000``, ``[::1]:8000`` or a path."""
    address = listener.getsockname()
    if isinstance(address, (str, bytes)):
        return os.fsdecode(address)
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _answers(path: Path) -> bool:
    """Return whether a server listens at the socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(1)
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True
