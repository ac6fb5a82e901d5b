"""What goes between a queue and the process that decodes: a line of JSON for each message."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

JOB, CANCEL, END = "job", "cancel", "end"
"""What a queue says."""

BEGIN, WINDOW, NOTE, DOWNLOAD, DONE, FAILED, WITHDRAWN = (
    *("begin", "window", "note", "download"),
    *("done", "failed", "withdrawn"),
)
"""What the process says; after one of the last three, it says no more of the job."""

LAST = frozenset({DONE, FAILED, WITHDRAWN})

Message = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Order:
    """A recording to decode.

    Attributes
    ----------
    job : str
        The job's identifier, which is the name of its folder, too.
    recording : Path
        The file.
    label : str
        What messages call it.
    folder : Path
        The folder of all jobs.
    words : tuple of str
        How it is decoded, as options of the command line.
    """

    job: str
    recording: Path
    label: str
    folder: Path
    words: tuple[str, ...]

    def message(self) -> Message:
        """Return the order as it is sent.

        Examples
        --------
        >>> order = Order(
        ...     job="a1", recording=Path("a.wav"), label="a", folder=Path("jobs"), words=("--fp16",)
        ... )
        >>> Order.of(order.message()) == order
        True
        """
        return {
            "do": JOB,
            "job": self.job,
            "recording": str(self.recording),
            "label": self.label,
            "folder": str(self.folder),
            "words": list(self.words),
        }

    @staticmethod
    def of(message: Message) -> Order:
        """Return the order that was sent."""
        return Order(
            job=message["job"],
            recording=Path(message["recording"]),
            label=message["label"],
            folder=Path(message["folder"]),
            words=tuple(message["words"]),
        )


def encoded(message: Message) -> bytes:
    r"""Return a message as a line.

    Names of files may hold bytes that are no text; they come back as they were.

    Examples
    --------
    >>> encoded({"do": "cancel", "job": "a1"})
    b'{"do": "cancel", "job": "a1"}\n'
    """
    return json.dumps(message, allow_nan=False).encode("ascii") + b"\n"


def messages(stream: IO[bytes]) -> Iterator[Message]:
    """Yield the messages of a stream until it ends; a line that a kill cut in half is its end."""
    for line in stream:
        try:
            message = json.loads(line)
        except ValueError:
            return
        if isinstance(message, dict):
            yield message


class Outbox:
    """Sends messages from any thread, each as a whole.

    Parameters
    ----------
    descriptor : int
        Of a pipe; it is closed with the object.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, message: Message) -> bool:
        """Send a message; return whether there is anybody to read it."""
        line = memoryview(encoded(message))
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                return False
        return True

    def close(self) -> None:
        """Close the pipe."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
