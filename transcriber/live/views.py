"""Showing live captions: to somebody at a terminal, or to a program."""

from __future__ import annotations

import json
import shutil
import sys
from typing import Protocol

from transcriber.live.events import Event, Final, Heard, Partial, Slow
from transcriber.text_width import text_width, without_marks
from transcriber.times import clock

_BARS = " ▁▂▃▄▅▆▇█"


class View(Protocol):
    """Shows events."""

    def ready(self, name: str) -> None:
        """Tell that it hears."""

    def show(self, event: Event) -> None:
        """Show an event."""

    def end(self, seconds: float) -> None:
        """Clear what is not to stay."""


class Lines:
    """An event in each line, as JSON."""

    def ready(self, name: str) -> None:
        """Tell that it hears."""
        self._print({"event": "ready", "input": name})

    def show(self, event: Event) -> None:
        """Show an event."""
        self._print(event.told())

    def end(self, seconds: float) -> None:
        """Tell that it is over."""
        self._print({"event": "ended", "seconds": round(seconds, 2)})

    def _print(self, told: object) -> None:
        print(json.dumps(told, ensure_ascii=False), flush=True)


class Terminal:
    """Finals on standard output; below them, on a terminal, what is not final.

    Parameters
    ----------
    quiet : bool
        Whether nothing is told but what was said.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._draws = sys.stderr.isatty() and not quiet
        self._quiet = quiet
        self._partial = ""

    def ready(self, name: str) -> None:
        """Tell that it hears."""
        if not self._quiet:
            print(f"listening to {name}; Ctrl-C ends it", file=sys.stderr, flush=True)

    def show(self, event: Event) -> None:
        """Show an event."""
        if isinstance(event, Final):
            self._clear()
            self._partial = ""
            print(event.text, flush=True)
        elif isinstance(event, Slow):
            self._clear()
            if not self._quiet:
                text = f"{event.behind:.0f} s behind: this machine is too slow for the model"
                print(text, file=sys.stderr, flush=True)
        elif isinstance(event, Partial):
            self._partial = event.text
        elif self._draws:
            self._draw(event)

    def end(self, seconds: float) -> None:
        """Tell that it is over."""
        del seconds
        self._clear()

    def _draw(self, heard: Heard) -> None:
        columns = shutil.get_terminal_size().columns
        bar = _BARS[min(len(_BARS) - 1, int(heard.level * len(_BARS)))]
        head = f"{clock(heard.seconds)} {bar} "
        # The last words are the news.
        text = without_marks(self._partial)
        while text and text_width(text) > columns - len(head) - 1:
            text = text[1:]
        print(f"\r\033[K{head}{text}", end="", file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._draws:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
