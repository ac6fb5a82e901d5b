"""A connection with the X server: requests, their answers, and what the server tells by itself.

Numbers are little endian, which the server is told; lengths count in units of four bytes. The
layouts are those of "X Window System Protocol, X Version 11", appendix B.
"""

from __future__ import annotations

import collections
import os
import select
import socket
import struct
from collections.abc import Iterator

from transcriber.errors import DesktopError
from transcriber.x11.display import COOKIE, find_cookie, open_socket, parse_display

CHANGE_ATTRIBUTES, INTERN_ATOM, CHANGE_PROPERTY = 2, 16, 18
PROPERTY_NOTIFY = 28
PROPERTY_CHANGES = 1 << 22
"""The mask that asks for `PROPERTY_NOTIFY`."""

REMEDY = "is DISPLAY that of a desktop that runs, and XAUTHORITY its file?"

_CREATE_WINDOW, _GET_INPUT_FOCUS, _QUERY_EXTENSION = 1, 43, 98
_ERROR, _REPLY, _GENERIC = 0, 1, 35
_INPUT_ONLY = 2
_EVENT_MASK = 1 << 11
_HEAD = 32
"""Bytes of every answer and event; some have more."""

_PATIENCE = 5.0
"""Seconds for an answer: a server far away, over a slow network, takes tenths of one."""


class Connection:
    """A client's connection.

    Parameters
    ----------
    connected : socket
        With the server, which has accepted us.
    sequence : int
        How many requests were sent over it.
    unread : bytes
        What was received and not read.
    """

    def __init__(self, connected: socket.socket, sequence: int = 0, unread: bytes = b"") -> None:
        self._socket = connected
        self._buffer = bytearray(unread)
        self._events: collections.deque[bytes] = collections.deque()
        self._failed: list[int] = []
        self.sequence = sequence
        self.root = 0
        self.key_range = (8, 255)
        self.longest = 0
        self._next_id = 0
        connected.settimeout(_PATIENCE)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; the server then forgets what this client had."""
        self._socket.close()

    def fileno(self) -> int:
        """Return the socket's descriptor, which is readable when there are events."""
        return self._socket.fileno()

    def unread(self) -> bytes:
        """Return what was received and not read, for who takes the connection over."""
        return b"".join(self._events) + self._buffer

    def send(self, opcode: int, data: int = 0, body: bytes = b"") -> None:
        """Send a request; a failure of it is told by `failures`.

        Parameters
        ----------
        opcode : int
            Which request.
        data : int
            The second byte, which means something else in each.
        body : bytes
            What follows the first four bytes; filled up to a whole number of units.
        """
        body += bytes(-len(body) % 4)
        self.sequence += 1
        try:
            self._socket.sendall(struct.pack("<BBH", opcode, data, 1 + len(body) // 4) + body)
        except OSError as error:
            raise _gone(error) from error

    def ask(self, opcode: int, data: int = 0, body: bytes = b"") -> bytes:
        """Send a request and return the whole answer to it.

        Raises
        ------
        DesktopError
            When the server refuses or is gone.
        """
        self.send(opcode, data, body)
        wanted = self.sequence & 0xFFFF
        while True:
            message = self._receive()
            (sequence,) = struct.unpack_from("<H", message, 2)
            if message[0] == _REPLY and sequence == wanted:
                return message
            if message[0] == _ERROR and sequence == wanted:
                raise DesktopError(f"the X server refuses request {opcode}: error {message[1]}")
            self._keep(message)

    def failures(self) -> list[int]:
        """Wait until the server has done what was sent; return the errors since the last call."""
        self.ask(_GET_INPUT_FOCUS)
        failed, self._failed = self._failed, []
        return failed

    def events(self, seconds: float | None = 0.0) -> Iterator[bytes]:
        """Yield the events that are there.

        Parameters
        ----------
        seconds : float or None
            How long to wait for the first of them; None for as long as it takes.

        Raises
        ------
        DesktopError
            When the server is gone.
        """
        while True:
            while self._events:
                yield self._events.popleft()
                seconds = 0.0
            # A whole one may lie in the buffer, of which the socket knows nothing.
            if len(self._buffer) < _HEAD and not select.select([self], [], [], seconds)[0]:
                return
            self._keep(self._receive())

    def atom(self, name: str) -> int:
        """Return the server's number for a name."""
        word = name.encode()
        answer = self.ask(INTERN_ATOM, 0, struct.pack("<HH", len(word), 0) + word)
        return int(struct.unpack_from("<I", answer, 8)[0])

    def extension(self, name: str) -> int:
        """Return the opcode of an extension, 0 where the server lacks it."""
        word = name.encode()
        answer = self.ask(_QUERY_EXTENSION, 0, struct.pack("<HH", len(word), 0) + word)
        return answer[9] if answer[8] else 0

    def make_window(self, events: int) -> int:
        """Return a new window of one pixel, which is not shown, for `events` of this mask."""
        window = self._next_id
        self._next_id += 1
        place = struct.pack("<IIhhHHHHI", window, self.root, 0, 0, 1, 1, 0, _INPUT_ONLY, 0)
        self.send(_CREATE_WINDOW, 0, place + struct.pack("<II", _EVENT_MASK, events))
        return window

    def change_property(
        self, window: int, name: int, kind: int, content: bytes, *, unit: int = 8
    ) -> None:
        """Write a property; `unit` is how many bits of it are a number."""
        length = len(content) // (unit // 8)
        head = struct.pack("<IIIB3xI", window, name, kind, unit, length)
        self.send(CHANGE_PROPERTY, 0, head + content)

    def _keep(self, message: bytes) -> None:
        if message[0] == _ERROR:
            self._failed.append(message[1])
        elif message[0] != _REPLY:
            self._events.append(message)

    def _receive(self) -> bytes:
        """Return the next answer, error or event."""
        head = self._whole(_HEAD)
        longer = head[0] & 0x7F in (_REPLY, _GENERIC)
        length = _HEAD + (4 * struct.unpack_from("<I", head, 4)[0] if longer else 0)
        message = bytes(self._whole(length)[:length])
        del self._buffer[:length]
        return message

    def _whole(self, length: int) -> bytearray:
        """Read until the buffer has `length` bytes, and return it."""
        while len(self._buffer) < length:
            try:
                piece = self._socket.recv(65536)
            except OSError as error:
                raise _gone(error) from error
            if not piece:
                raise _gone("it has closed the connection")
            self._buffer += piece
        return self._buffer

    def greet(self, cookie: bytes) -> None:
        """Introduce ourselves to the server, and take in what it tells about itself.

        Raises
        ------
        DesktopError
            When it does not let us in.
        """
        name = COOKIE if cookie else b""
        parts = [part + bytes(-len(part) % 4) for part in (name, cookie)]
        head = struct.pack("<2sHHHH2x", b"l\0", 11, 0, len(name), len(cookie))
        try:
            self._socket.sendall(head + b"".join(parts))
        except OSError as error:
            raise _gone(error) from error
        length = 8 + 4 * struct.unpack_from("<H", self._whole(8), 6)[0]
        told = bytes(self._whole(length)[:length])
        del self._buffer[:length]
        if told[0] != 1:
            reason = told[8 : 8 + (told[1] or length)].decode(errors="replace").strip("\0 \n")
            raise DesktopError(f"the X server does not let this program in: {reason}", REMEDY)
        _, self._next_id, _, _, vendor, longest, _, formats = struct.unpack_from(
            "<IIIIHHBB", told, 8
        )
        self.longest = 4 * longest
        self.key_range = told[34], told[35]
        (self.root,) = struct.unpack_from("<I", told, 40 + vendor + -vendor % 4 + 8 * formats)


def connect() -> Connection:
    """Connect to the server that the environment names.

    Raises
    ------
    DesktopError
        When there is none, or it does not let us in.
    """
    name = os.environ.get("DISPLAY", "")
    display = parse_display(name)
    try:
        connected = open_socket(display, _PATIENCE)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DesktopError(f"no X server answers at {name}: {reason}", REMEDY) from error
    connection = Connection(connected)
    try:
        connection.greet(find_cookie(display))
    except BaseException:
        connection.close()
        raise
    return connection


def _gone(reason: OSError | str) -> DesktopError:
    return DesktopError(f"the X server does not answer: {reason}", REMEDY)
