"""What a dictation is asked to do, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

from transcriber.dictation.corrections import Correction

PASTES = ("no", "end", "piece")


@dataclass(frozen=True, kw_only=True)
class DictationSettings:
    """One dictation.

    Attributes
    ----------
    paste : str
        One of `PASTES`: whether the text goes into the window that has the focus, too, and
        whether at the end or piece by piece.
    terminal : bool
        Whether it is pasted as terminals want it.
    secret : bool
        Whether programs that keep what was copied are asked not to.
    chimes : bool
        Whether a tone says that it listens, and that it has stopped.
    corrections : tuple of Correction
        What is heard wrong, and what is meant.
    spoken_commands : bool
        Whether "new line" is one.
    history : bool
        Whether the text is kept.
    """

    paste: str = PASTES[0]
    terminal: bool = False
    secret: bool = True
    chimes: bool = True
    corrections: tuple[Correction, ...] = ()
    spoken_commands: bool = False
    history: bool = False
