"""The process that decodes, as the one that watches has it: a fork of it, which holds the model."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping

from transcriber.errors import TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted
from transcriber.machine.memory import general_error, is_out_of_memory
from transcriber.progress.reporter import Reporter
from transcriber.watching.feed import ENDED, READY, Feed, Lines, send
from transcriber.watching.retries import Ended

_PARENT_DEATH_SIGNAL = 1

Decode = Callable[[Feed], None]
"""Transcribes what a feed gives until it ends."""


class Decoder:
    """Starts the process when there is work, feeds it, and ends it when there is none.

    Parameters
    ----------
    decode : callable
        What the process does.
    reporter : Reporter
        Whom it tells what goes wrong.
    keep_alive : float
        Seconds that it lives without work.
    """

    def __init__(self, decode: Decode, reporter: Reporter, *, keep_alive: float) -> None:
        self._decode = decode
        self._reporter = reporter
        self._keep_alive = keep_alive
        self._idle_since = 0.0
        self._pid: int | None = None
        self._orders = self._answers = -1
        self._lines = Lines(-1)
        self._in_hand: dict[str, Recording] = {}
        self._ended: list[Ended] = []
        self._was_ready = False

    @property
    def in_hand(self) -> Mapping[str, Recording]:
        """The recordings that it has, by their labels."""
        return self._in_hand

    @property
    def accepts(self) -> bool:
        """Whether a recording may be given: not while the process is about to end."""
        return self._pid is None or self._orders >= 0

    @property
    def was_ready(self) -> bool:
        """Whether the process, or the last one, had its model."""
        return self._was_ready

    def fileno(self) -> int:
        """Return what becomes readable when the process says something; below 0 without one."""
        return self._answers

    def start(self) -> None:
        """Start the process, unless there is one."""
        if self._pid is not None:
            return
        orders, answers = os.pipe(), os.pipe()
        # What waits to be written would be written twice.
        sys.stdout.flush()
        sys.stderr.flush()
        watcher = os.getpid()
        pid = os.fork()
        if not pid:
            os.close(orders[1])
            os.close(answers[0])
            self._run(watcher, Feed(orders[0], answers[1], self._reporter.note))
        os.close(orders[0])
        os.close(answers[1])
        self._pid, self._orders, self._answers = pid, orders[1], answers[0]
        self._lines = Lines(self._answers)
        self._was_ready = False
        self._idle_since = time.monotonic()

    def give(self, recording: Recording, told: str = "") -> None:
        """Have a recording decoded, of whose failure something was told already."""
        self.start()
        self._in_hand[recording.label] = recording
        words = str(recording.path), recording.label, str(recording.stem), told
        self._send({"recording": words})

    def note(self, text: str) -> None:
        """Tell something, above what the process may have drawn."""
        if self._pid is None:
            self._reporter.note(text)
        else:
            self._send({"note": text})

    def hear(self) -> int | None:
        """Take what the process says; where it has ended, return how, as `Popen.returncode`."""
        for message in self._lines.read(wait=False):
            self._was_ready = self._was_ready or message["event"] == READY
            if message["event"] == ENDED:
                recording = self._in_hand.pop(message["label"], None)
                if recording is not None and recording.path is not None:
                    code, told = message["code"], message["told"]
                    self._ended.append(Ended(path=recording.path, code=code, told=told))
                self._idle_since = time.monotonic()
        return self._reap() if self._lines.ended and self._pid is not None else None

    def ended(self) -> list[Ended]:
        """Return how recordings have ended since this was asked last."""
        ended, self._ended = self._ended, []
        return ended

    def lost(self) -> list[Recording]:
        """Return what a process had that has ended; it is in nobody's hand any more."""
        lost = list(self._in_hand.values())
        self._in_hand.clear()
        return lost

    def patience(self) -> float:
        """Return how many seconds it may still have nothing to do; infinite where it is busy."""
        if self._pid is None or self._in_hand or self._orders < 0:
            return float("inf")
        return max(0.0, self._idle_since + self._keep_alive - time.monotonic())

    def dismiss(self) -> None:
        """Have the process end once it has nothing to do."""
        if self._orders >= 0:
            os.close(self._orders)
            self._orders = -1

    def end(self) -> bool:
        """End the process at once, and wait for it; return whether it tells what is kept."""
        if self._pid is None:
            return False
        self.hear()
        tells = self._pid is not None and (bool(self._in_hand) or not self._was_ready)
        if tells:
            os.kill(self._pid, signal.SIGTERM)
        self.dismiss()
        if self._pid is not None:
            self._reap()
        return tells

    def _send(self, message: object) -> None:
        # Of its end is heard as of an answer.
        with contextlib.suppress(BrokenPipeError):
            send(self._orders, message)

    def _reap(self) -> int:
        _, status = os.waitpid(self._pid or 0, 0)
        self._pid = None
        self.dismiss()
        os.close(self._answers)
        self._answers = -1
        return os.waitstatus_to_exitcode(status)

    def _run(self, watcher: int, feed: Feed) -> None:
        """Be the process, up to its end."""
        code = TranscriberError.exit_code
        try:
            # Ctrl-C is for the one that watches, which then ends this; and nobody else does.
            os.setsid()
            ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
            if os.getppid() == watcher:
                code = self._told(feed)
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _told(self, feed: Feed) -> int:
        try:
            self._decode(feed)
        except Interrupted as interruption:
            self._reporter.interrupted(interruption.message, interruption.exit_code)
            return interruption.exit_code
        except TranscriberError as error:
            failure = error
        except Exception as error:
            text = " ".join(f"{type(error).__name__}: {error}".split())
            failure = TranscriberError(f"this is a defect of the program: {text}")
            if is_out_of_memory(error):
                failure = general_error()
        else:
            return 0
        finally:
            self._reporter.close()
        self._reporter.fail("", failure)
        return failure.exit_code
