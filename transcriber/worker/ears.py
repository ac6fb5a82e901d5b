"""The side of the process that hears speech where sounds come in: it is started and asked here."""

from __future__ import annotations

import contextlib
import itertools
import select
import struct
import subprocess
import threading
from collections.abc import Iterator
from typing import IO

from transcriber.beside import own_command
from transcriber.errors import EngineFailedError
from transcriber.speech.changes import Change

ARGUMENT = "__hear__"
"""First argument that makes the program the process that hears."""

HEAD = struct.Struct("<IIIfI")
"""What is in front of each piece of sound: its number, the bytes that follow, of which none end the
sound; its rate, and when it is speech. Samples have 16 bits. Each frame is answered by a byte, a
`Change`."""

FRAME_MS = 32
"""Milliseconds of a frame."""

_PIECE = 20
"""Frames that are asked for at once, 0.6 s: others get their turn between them, and a pipe takes so
many at 48 kHz at once."""

_PATIENCE = 30.0
"""Seconds for an answer, which takes some milliseconds."""

_GRACE = 5.0
"""Seconds that the process has to end by itself."""


def hearing_command() -> list[str]:
    """Return the command of the process: this program once more."""
    return [*own_command(), ARGUMENT]


def frame_bytes(rate: int) -> int:
    """Return the bytes of a frame of sound at a rate.

    Examples
    --------
    >>> frame_bytes(24000)
    1536
    """
    return 2 * rate * FRAME_MS // 1000


class Ears:
    """Hears several sounds, by one process that is there as long as any of them is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._open: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def open(self, rate: int, *, threshold: float, silence_ms: int) -> Ear:
        """Return what hears one sound.

        Parameters
        ----------
        rate : int
            Its samples per second.
        threshold : float
            Speech begins where its probability reaches this.
        silence_ms : int
            It is over after so much silence.

        Raises
        ------
        EngineFailedError
            When nothing hears.
        """
        with self._lock:
            number = next(self._numbers)
            process = self._ready()
            self._open.add(number)
        wishes = rate, threshold, silence_ms
        return Ear(self, number, frame_bytes(rate), wishes, process.pid)

    def ask(self, message: bytes, count: int, pid: int) -> bytes:
        """Return the answer of a process to a piece of sound, of so many frames."""
        with self._lock:
            process = self._ready()
            if process.pid != pid:
                # Another one knows nothing of what was heard of an utterance.
                raise _failed(BrokenPipeError("it has died"))
            try:
                stdin, stdout = _pipes(process)
                left = memoryview(message)
                while left:
                    left = left[stdin.write(left) :]
                return _read(stdout, count)
            except OSError as error:
                self._end()
                raise _failed(error) from error

    def close(self, number: int) -> None:
        """Forget a sound; the process ends with the last one."""
        with self._lock:
            self._open.discard(number)
            if not self._open:
                self._end()
            elif self._process is not None:
                with contextlib.suppress(OSError):
                    _pipes(self._process)[0].write(HEAD.pack(number, 0, 0, 0, 0))

    def _ready(self) -> subprocess.Popen[bytes]:
        """Return the process; another one where it has died."""
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            try:
                self._process = _start()
            except OSError as error:
                raise _failed(error) from error
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in _pipes(process):
            with contextlib.suppress(OSError):
                stream.close()
        threading.Thread(target=_await_end, args=(process,), daemon=True).start()


class Ear:
    """Hears one sound.

    Parameters
    ----------
    ears : Ears
        What hears it.
    number : int
        Which one it is.
    frame : int
        Bytes of a frame.
    wishes : (int, float, int)
        Rate, threshold and silence, as `Ears.open` has them.
    pid : int
        The process that hears it.
    """

    def __init__(
        self, ears: Ears, number: int, frame: int, wishes: tuple[int, float, int], pid: int
    ) -> None:
        self._pid = pid
        self.frame = frame
        self._ears = ears
        self._number = number
        self._wishes = wishes

    def hear(self, sound: bytes) -> Iterator[tuple[bytes, Change]]:
        """Yield the frames, and what each of them changes.

        Parameters
        ----------
        sound : bytes
            Whole frames.

        Raises
        ------
        EngineFailedError
            When nothing hears. The next sound may be heard again.
        """
        for at in range(0, len(sound), _PIECE * self.frame):
            piece = sound[at : at + _PIECE * self.frame]
            frames = [piece[n : n + self.frame] for n in range(0, len(piece), self.frame)]
            head = HEAD.pack(self._number, len(piece), *self._wishes)
            answer = self._ears.ask(head + piece, len(frames), self._pid)
            yield from zip(frames, map(Change, answer), strict=True)

    def close(self) -> None:
        """Hear no more."""
        self._ears.close(self._number)


def _failed(error: OSError) -> EngineFailedError:
    return EngineFailedError(f"the process that hears speech has failed ({error})", "try again")


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        hearing_command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        # Ctrl-C is for the server, which then ends this.
        start_new_session=True,
    )


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise BrokenPipeError("it has no pipes")
    return process.stdin, process.stdout


def _read(stream: IO[bytes], size: int) -> bytes:
    content = b""
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    while len(content) < size:
        if not poll.poll(_PATIENCE * 1000):
            raise TimeoutError("it does not answer")
        piece = stream.read(size - len(content))
        if not piece:
            raise BrokenPipeError("it has died")
        content += piece
    return content


def _await_end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
        return
    process.kill()
    process.wait()
