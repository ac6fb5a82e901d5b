"""Ending at a signal: at once, with what there is, and with the exit code that shells expect."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

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


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold a signal back while something is done that must not stop half-way.

    Python's modules are of no use when they are loaded in part, and C++ may end the program.
    """
    _State.undisturbed += 1
    try:
        yield
    finally:
        _State.undisturbed -= 1
    check_interrupted()


def check_interrupted() -> None:
    """Raise `Interrupted` if a signal has come.

    It was raised then, but perhaps where Python swallows it, as in a destructor.
    """
    if _State.received is not None and not _State.undisturbed:
        raise Interrupted(_State.received)


class _State:
    received: int | None = None
    undisturbed = 0


def _interrupt(number: int, _: FrameType | None) -> None:
    for other in _SIGNALS:
        if signal.getsignal(other) is _interrupt:
            signal.signal(other, signal.SIG_DFL)
    _State.received = number
    check_interrupted()
