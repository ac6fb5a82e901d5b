"""``/api/live``: sound comes in over WebSocket, and its text goes back while somebody speaks.

The first message of the client is an object: ``options`` of a job, and ``long`` for pieces of up to
30 s. Then come bytes, 16 kHz of signed 16 bit samples, until ``{"stop": true}``. What goes back are
the lines of ``transcriber live --events``, ``waiting`` while no sound is taken in, because a model
is fetched for instance, and ``error`` with a ``message``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import threading
from typing import IO, Any

from transcriber.beside import own_command
from transcriber.errors import TranscriberError
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import MIB
from transcriber.service.http.request import Request
from transcriber.service.http.websocket import Upgrade, WebSocket
from transcriber.service.http.wire import Disconnected
from transcriber.service.job_options import job_words

_MOST = 4
"""Clients at a time: each has a decoder of its own."""

_PATIENCE = 30.0
"""Seconds for the first message."""

_TICK = 1.0
"""Seconds after which a client hears that its sound has to wait."""

_GRACE = 5.0
"""Seconds that the program has to end when its client has left."""


class Live:
    """Answers requests for live text.

    Parameters
    ----------
    context : Context
        The service.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._places = threading.BoundedSemaphore(_MOST)

    def __call__(self, _: Request) -> Upgrade:
        """Return who leads the conversation."""
        return Upgrade(self._converse, message_bytes=MIB)

    def _converse(self, socket: WebSocket) -> None:
        if not self._places.acquire(blocking=False):
            _refuse(socket, f"{_MOST} others are listened to: try again when one has ended")
            return
        with contextlib.ExitStack() as ending:
            ending.callback(self._places.release)
            try:
                self._lead(socket, ending)
            except (HttpError, TranscriberError, OSError) as error:
                _refuse(socket, str(error) or "nothing was sent")

    def _lead(self, socket: WebSocket, ending: contextlib.ExitStack) -> None:
        first = socket.receive(_PATIENCE)
        if first is None:
            return
        listener = _Listener(self._words(_object(first)), socket, self._context)
        ending.callback(listener.end)
        while (message := socket.receive()) is not None:
            if isinstance(message, bytes):
                listener.write(message)
            elif _object(message).get("stop"):
                listener.stop()

    def _words(self, wanted: dict[str, Any]) -> list[str]:
        options = wanted.get("options") or {}
        if not isinstance(options, dict):
            raise HttpError(400, "options: no object in JSON")
        pieces = ["--pieces", "long"] if wanted.get("long") else []
        words = job_words(self._context, options)
        if any("\0" in word for word in words):
            raise HttpError(400, "options: a text has a NUL character")
        return ["live", "--input", "-", "--events", *pieces, *words]


class _Listener:
    """The program that listens to one client.

    Parameters
    ----------
    words : list of str
        Its command line.
    socket : WebSocket
        Is sent what it says, and closed when it ends.
    context : Context
        Whose log has what it complains of.

    Raises
    ------
    OSError
        When it does not start.
    """

    def __init__(self, words: list[str], socket: WebSocket, context: Context) -> None:
        self._socket = socket
        self._context = context
        self._complaint = ""
        self._process = subprocess.Popen(
            [*own_command(), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C is for the server, which then ends this.
            start_new_session=True,
        )
        self._sound, lines, complaints = _pipes(self._process)
        os.set_blocking(self._sound.fileno(), False)
        self._logging = threading.Thread(target=self._log, args=(complaints,), daemon=True)
        self._telling = threading.Thread(target=self._tell, args=(lines,), daemon=True)
        self._logging.start()
        self._telling.start()

    def write(self, sound: bytes) -> None:
        """Hand sound over; none once it is stopped, or the program has died.

        Until it is taken, the browser keeps what is still to come.

        Raises
        ------
        Disconnected
            When the client has left.
        """
        if self._sound.closed:
            return
        poll = select.poll()
        poll.register(self._sound, select.POLLOUT)
        left = memoryview(sound)
        try:
            while left:
                if poll.poll(_TICK * 1000):
                    left = left[os.write(self._sound.fileno(), left) :]
                else:
                    # Nobody reads, so only sending shows whether anybody is there.
                    self._socket.send_text('{"event": "waiting"}')
        except BrokenPipeError:
            # Its last words say why.
            self.stop()

    def stop(self) -> None:
        """Let it finish what it has heard."""
        self._sound.close()

    def end(self) -> None:
        """End it, if it has not ended."""
        self.stop()
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._telling.join(_GRACE)

    def _tell(self, lines: IO[bytes]) -> None:
        with lines, contextlib.suppress(Disconnected):
            for line in lines:
                self._socket.send_text(line.decode("utf-8", "replace").rstrip())
            self._logging.join()
            if self._process.wait():
                _refuse(self._socket, self._complaint or "the program that listens has died")
            self._socket.close()

    def _log(self, complaints: IO[bytes]) -> None:
        with complaints:
            for line in complaints:
                text = line.decode("utf-8", "replace").strip()
                self._complaint = text.removeprefix("transcriber: ")
                self._context.log(f"/api/live: {self._complaint}")


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise BrokenPipeError("it has no pipes")
    return process.stdin, process.stdout, process.stderr


def _refuse(socket: WebSocket, why: str) -> None:
    """Say why there is no text, and end."""
    with contextlib.suppress(Disconnected):
        socket.send_text(json.dumps({"event": "error", "message": why}))
    socket.close()


def _object(message: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(message)
    # Brackets may be nested deeper than Python goes.
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise HttpError(400, "no object in JSON")
    return found
