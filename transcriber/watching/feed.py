"""What goes between the process that watches and the one that decodes: lines of JSON."""

from __future__ import annotations

import json
import os
import select
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from transcriber.errors import TranscriberError
from transcriber.inputs.recordings import Recording

READY, ENDED = "ready", "ended"
"""What the process that decodes says: it has the model; a recording is done, or failed."""

_READ_BYTES = 1 << 16


def send(descriptor: int, message: Any) -> None:
    """Send a message; names of files may hold bytes that are no text."""
    line = memoryview(json.dumps(message).encode("ascii") + b"\n")
    while line:
        line = line[os.write(descriptor, line) :]


class Lines:
    """The messages that come out of a pipe.

    Parameters
    ----------
    descriptor : int
        Of the pipe.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self.ended = False

    def read(self, *, wait: bool) -> Iterator[Any]:
        """Yield what is there; wait for something if that is asked."""
        while not self.ended and select.select([self._descriptor], (), (), None if wait else 0)[0]:
            wait = False
            piece = os.read(self._descriptor, _READ_BYTES)
            self.ended = not piece
            *lines, self._rest = (self._rest + piece).split(b"\n")
            yield from map(json.loads, lines)


class Feed:
    """The side of the process that decodes.

    Parameters
    ----------
    orders, answers : int
        Descriptors of pipes.
    note : callable
        Is told what the process that watches wants to be told.
    """

    def __init__(self, orders: int, answers: int, note: Callable[[str], None]) -> None:
        self._lines = Lines(orders)
        self._answers = answers
        self._note = note
        self._waiting: deque[Recording] = deque()
        self._running: set[str] = set()
        self._told: dict[str, str] = {}

    def ready(self) -> None:
        """Tell that the model is here."""
        send(self._answers, {"event": READY})

    def await_recording(self) -> bool:
        """Wait for a recording; return whether one came before the end."""
        while not self._waiting and not self._lines.ended:
            self.hear(wait=True)
        return bool(self._waiting)

    def hear(self, *, wait: bool = False) -> None:
        """Take what came, and tell what is to be told."""
        for message in self._lines.read(wait=wait):
            if "note" in message:
                self._note(message["note"])
            else:
                path, label, stem, self._told[label] = message["recording"]
                self._waiting.append(Recording(path=Path(path), label=label, stem=Path(stem)))

    def recordings(self, begun: Callable[[Recording], None]) -> Iterator[Recording | None]:
        """Yield recordings as they come; None while there is none, up to the end of the last.

        Parameters
        ----------
        begun : callable
            Is given each when its turn comes.
        """
        while True:
            self.hear()
            if self._waiting:
                recording = self._waiting.popleft()
                self._running.add(recording.label)
                if not os.path.lexists(recording.path or ""):
                    self._note(f"{recording.label}: is no longer there")
                    self.ended(recording)
                    continue
                begun(recording)
                yield recording
            elif self._running:
                yield None
            else:
                return

    def ended(self, recording: Recording, error: TranscriberError | None = None) -> bool:
        """Tell that a recording is done, or has failed; return whether users do not know why."""
        label, told = recording.label, str(error or "")
        self._running.discard(label)
        code = error.exit_code if error else 0
        send(self._answers, {"event": ENDED, "label": label, "code": code, "told": told})
        return told != self._told.pop(label, "")
