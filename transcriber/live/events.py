"""What somebody who listens along is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from transcriber.engine.interface import Segment


@dataclass(frozen=True, kw_only=True)
class Final:
    """A piece as it stays.

    Attributes
    ----------
    number : int
        From 0 on.
    start, end : float
        Seconds from the beginning of the sound.
    text : str
        What was said.
    language : str
        Its code.
    segments : list of Segment
        The same with times, from the beginning of the sound, as in a transcript.
    """

    number: int
    start: float
    end: float
    text: str
    language: str
    segments: list[Segment] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return it as an event for programs."""
        return {
            "event": "final",
            "id": self.number,
            "start": round(self.start, 2),
            "end": round(self.end, 2),
            "text": self.text,
            "language": self.language,
        }


@dataclass(frozen=True, kw_only=True)
class Partial:
    """What is known so far of the piece that is being spoken; the next one replaces it.

    Attributes
    ----------
    start : float
        Seconds from the beginning of the sound.
    text : str
        What was said, but for the last words that may still change.
    """

    start: float
    text: str

    def told(self) -> dict[str, Any]:
        """Return it as an event for programs."""
        return {"event": "partial", "start": round(self.start, 2), "text": self.text}


@dataclass(frozen=True, kw_only=True)
class Heard:
    """How far it is.

    Attributes
    ----------
    seconds : float
        How much was heard.
    level : float
        How loud it is, from 0 to 1.
    behind : float
        Seconds of what was heard that nobody has listened to yet.
    """

    seconds: float
    level: float
    behind: float

    def told(self) -> dict[str, Any]:
        """Return it as an event for programs."""
        return {
            "event": "level",
            "level": round(self.level, 3),
            "seconds": round(self.seconds, 1),
            "behind": round(self.behind, 1),
        }


@dataclass(frozen=True, kw_only=True)
class Slow:
    """The machine does not keep up; told once each time that it begins.

    Attributes
    ----------
    behind : float
        Seconds of what was heard that nobody has listened to yet.
    """

    behind: float

    def told(self) -> dict[str, Any]:
        """Return it as an event for programs."""
        return {"event": "slow", "behind": round(self.behind, 1)}


Event = Final | Partial | Heard | Slow
