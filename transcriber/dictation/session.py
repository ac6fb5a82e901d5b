"""One dictation: from the first word to the text in the clipboard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from transcriber.dictation import chimes, history
from transcriber.dictation.clipboard import copy
from transcriber.dictation.pasting import paste
from transcriber.dictation.settings import DictationSettings
from transcriber.dictation.text import added, is_said, written
from transcriber.errors import DesktopError
from transcriber.live.decoding import PieceDecoder
from transcriber.live.events import Event, Final, Heard
from transcriber.live.inputs import Input
from transcriber.live.loop import Listening
from transcriber.live.pieces import Pieces

_UNTIL_PASTED = 0.5
"""Seconds in which a window asks for what it is to paste, before the clipboard has something else.
"""

Tell = Callable[[str], None]
"""Tells the user something in one line."""


class Session:
    """Listens until it is stopped, and gives the text to the desktop.

    Parameters
    ----------
    settings : DictationSettings
        What becomes of the text.
    tell : callable
        Is told what did not work.
    """

    def __init__(self, settings: DictationSettings, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell
        self._texts: list[str] = []
        self._language = ""
        self._pasted = ""
        self._pasted_at = -_UNTIL_PASTED
        self._is_pasting = settings.paste == "piece"
        self._sound: Input | None = None
        self._heard = Heard(seconds=0.0, level=0.0, behind=0.0)
        self._is_stopped = threading.Event()
        self._is_over = threading.Event()

    @property
    def text(self) -> str:
        """What was said so far."""
        return written(self._texts, self._language, self._settings)

    def begin(self, sound: Input) -> None:
        """Tell what is listened to, from here on."""
        self._sound = sound
        if self._is_stopped.is_set():
            sound.stop()

    def stop(self) -> None:
        """Listen no longer; what was said is still decoded."""
        self._is_stopped.set()
        if self._sound is not None:
            self._sound.stop()

    def answer(self, question: str) -> Mapping[str, Any]:
        """Answer another call: ``stop``, ``end``, which does not wait for the text, ``status``."""
        if question in ("stop", "end"):
            self.stop()
        if question == "stop":
            self._is_over.wait()
        return {
            "state": "working" if self._is_stopped.is_set() else "recording",
            "seconds": round(self._heard.seconds, 1),
            "level": round(self._heard.level, 3),
            "text": self.text,
        }

    def close(self) -> None:
        """Answer those who wait for the end."""
        self._is_over.set()

    def run(self, pieces: Pieces, decoder: PieceDecoder, show: Callable[[Event], None]) -> str:
        """Listen to the end; return the text, which lies in the clipboard then.

        Parameters
        ----------
        pieces : Pieces
            Cuts the sound.
        decoder : PieceDecoder
            Makes text of it.
        show : callable
            Is given each event.

        Raises
        ------
        TranscriberError
            When no more can be heard, or the text cannot be copied; what was said is in `text`.
        """
        if self._sound is None:
            raise ValueError("nothing is listened to")
        begun = time.time()
        has_chimed = False
        try:
            for event in Listening(self._sound.spool, pieces, decoder, None).events():
                if self._is_stopped.is_set() and not has_chimed:
                    has_chimed = True
                    self._chime("stop")
                if isinstance(event, Heard):
                    self._heard = event
                elif isinstance(event, Final) and is_said(event):
                    self._take(event)
                show(event)
        finally:
            self._is_stopped.set()
            if not has_chimed:
                self._chime("stop")
            text = self.text
            if text:
                self._keep(text, begun)
                self._give(text)
        return text

    def _take(self, final: Final) -> None:
        self._texts.append(final.text)
        self._language = final.language
        whole = self.text
        new = added(self._pasted, whole)
        self._pasted = whole
        if self._is_pasting and new:
            self._let_paste()
            try:
                paste(new, terminal=self._settings.terminal, secret=self._settings.secret)
            except DesktopError as error:
                # The next one would fail likewise, and all of it is in the clipboard at the end.
                self._is_pasting = False
                self._tell(str(error))
            self._pasted_at = time.monotonic()

    def _let_paste(self) -> None:
        time.sleep(max(0.0, self._pasted_at + _UNTIL_PASTED - time.monotonic()))

    def _give(self, text: str) -> None:
        settings = self._settings
        self._let_paste()
        if settings.paste == "end":
            paste(text, terminal=settings.terminal, secret=settings.secret)
        else:
            copy(text, secret=settings.secret)

    def _keep(self, text: str, begun: float) -> None:
        if self._settings.history:
            history.add(
                history.history_file(),
                history.Dictation(
                    time=begun, seconds=self._heard.seconds, language=self._language, text=text
                ),
            )

    def _chime(self, name: str) -> None:
        if self._settings.chimes:
            chimes.play(name)
