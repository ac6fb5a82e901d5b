"""Ending at a signal: at once, with what there is, and with the exit code that shells expect."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """A signal asks the program to end.

    Parameters
    ----------
    number : int
        The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = 128 + number
        self.message = "interrupted; nothing was decoded yet"


def end_at_signals() -> None:
    """Raise `Interrupted` at Ctrl-C, at a polite kill and when the terminal goes away.

    A second signal ends the program without further ado.
    """
    for number in _SIGNALS:
        # A shell's background job and nohup have them ignored, and that is to stay.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    for other in _SIGNALS:
        if signal.getsignal(other) is _interrupt:
            signal.signal(other, signal.SIG_DFL)
    raise Interrupted(number)
