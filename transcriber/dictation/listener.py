"""Waiting for the hot key, or a click on the icon in the tray: each dictation is a process."""

from __future__ import annotations

import contextlib
import select
import subprocess
from collections.abc import Sequence

from transcriber.beside import own_command
from transcriber.dictation.control import ask
from transcriber.dictation.hot_key import HotKey
from transcriber.dictation.tray import Tray
from transcriber.errors import DesktopError

_TICK_MS = 250
"""Between looks at whether a dictation has ended, while one runs."""


class Listener:
    """Starts and stops dictations.

    Parameters
    ----------
    key : HotKey
        The key.
    options : sequence of str
        What a dictation is started with.
    hold : bool
        Whether somebody speaks as long as the key is held; otherwise it starts and stops.
    """

    def __init__(self, key: HotKey, options: Sequence[str], *, hold: bool) -> None:
        self._key = key
        self._options = options
        self._hold = hold
        self._tray: Tray | None = None
        self._dictation: subprocess.Popen[bytes] | None = None
        # Without a message bus there is no tray.
        with contextlib.suppress(DesktopError):
            self._tray = Tray()

    def run(self) -> None:
        """Wait, and do what is wanted, until a signal ends that.

        Raises
        ------
        DesktopError
            When the desktop has gone, or has taken the key back.
        """
        try:
            while True:
                # First what has come already: it may have been read with the answer to a request.
                for event in self._key.events():
                    if event == "pressed":
                        self._press()
                    elif self._hold:
                        self._stop()
                self._attend_tray()
                self._wait()
        finally:
            self._stop()
            if self._dictation is not None:
                self._dictation.wait()
            self._key.close()
            if self._tray is not None:
                self._tray.close()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._key, select.POLLIN)
        if self._tray is not None:
            poll.register(self._tray, select.POLLIN)
        poll.poll(None if self._dictation is None else _TICK_MS)
        if self._dictation is not None and self._dictation.poll() is not None:
            self._dictation = None
            self._show("idle")

    def _attend_tray(self) -> None:
        if self._tray is None:
            return
        try:
            for _ in self._tray.events():
                self._press()
        except DesktopError:
            self._tray.close()
            self._tray = None

    def _press(self) -> None:
        if self._dictation is not None:
            if not self._hold:
                self._stop()
            return
        self._dictation = subprocess.Popen(
            # Another one may run, which was started otherwise: the key stops it.
            [*own_command(), "dictate", "start" if self._hold else "toggle", *self._options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        self._show("recording")

    def _stop(self) -> None:
        if self._dictation is not None and self._dictation.poll() is None:
            self._show("working")
            # A process that has only just begun has no socket yet: a signal does the same.
            if ask("end") is None:
                self._dictation.terminate()

    def _show(self, state: str) -> None:
        if self._tray is not None:
            self._tray.show(state)
