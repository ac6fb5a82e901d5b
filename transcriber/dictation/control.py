"""How a dictation that runs is asked something by another call of the program: over a socket.

Its name is an abstract one, so that nothing stays behind, and only one can have it.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

from transcriber.errors import TranscriberError, UsageError

_LONGEST = 4096

_PATIENCE = 3600.0
"""Seconds for an answer: to stop is answered once the last word is written."""

Answer = Callable[[str], Mapping[str, Any]]
"""Answers a question, in a thread of its own."""


class Control:
    """Answers other calls of this user's.

    Parameters
    ----------
    answer : callable
        Answers what they ask.

    Raises
    ------
    UsageError
        When another dictation runs.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.bind(_address())
        except OSError as error:
            self._socket.close()
            raise UsageError(
                "a dictation runs already", "end it by `transcriber dictate stop`"
            ) from error
        self._socket.listen()
        self._answering: list[threading.Thread] = []
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()

    def close(self) -> None:
        """Answer no more; what was asked is answered before that."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        # The name is free only once nobody waits at the socket any more.
        for thread in (self._serving, *self._answering):
            thread.join(1)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._converse, args=(connection,), daemon=True)
            self._answering = [one for one in self._answering if one.is_alive()] + [thread]
            thread.start()

    def _converse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if _user_of(connection) == os.getuid():
                connection.settimeout(5)
                question = connection.recv(_LONGEST).decode(errors="replace").strip()
                connection.settimeout(None)
                connection.sendall(json.dumps(self._answer(question)).encode())


def ask(question: str) -> Mapping[str, Any] | None:
    """Ask the dictation that runs; return its answer, or None where none runs.

    Raises
    ------
    TranscriberError
        When it does not answer.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(_address())
        except OSError:
            return None
        if _user_of(connection) != os.getuid():
            return None
        connection.settimeout(_PATIENCE)
        try:
            connection.sendall(question.encode())
            content = b""
            while piece := connection.recv(_LONGEST):
                content += piece
            answer: Mapping[str, Any] = json.loads(content)
        except (OSError, ValueError) as error:
            raise TranscriberError(
                "the dictation ended without an answer", "see what it says where it runs"
            ) from error
        return answer


def _address() -> str:
    return f"\0whisper-transcriber-dictation-{os.getuid()}"


def _user_of(connection: socket.socket) -> int:
    size = struct.calcsize("3i")
    content = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user: int = struct.unpack("3i", content)[1]
    return user
