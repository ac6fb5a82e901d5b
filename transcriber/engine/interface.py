"""The seam between the program and whatever decodes: the engine, and what it hands on.

All data here is plain and survives a trip through JSON, because the journal stores it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, Protocol, TypedDict

if TYPE_CHECKING:
    from transcriber.engine.heard import HeardRecording

FRAMES_PER_SECOND = 100
"""Frames of the log-mel spectrogram: one every 160 samples at 16 kHz."""

PLAIN_KERNELS = "float32"
"""The name of PyTorch's own kernels on a processor, as `Engine.kernels` has it."""

Clip = tuple[int, int]
"""A part of a recording: its first frame, and the one behind its last."""


class Word(TypedDict):
    """A word of a segment, under openai-whisper's names.

    Attributes
    ----------
    word : str
        With the blank before it, if there is one, and the punctuation that belongs to it.
    start, end : float
        Seconds from the beginning of the recording.
    probability : float
        Mean probability of its tokens; what stands for a word without being one has none.
    """

    word: str
    start: float
    end: float
    probability: NotRequired[float]


class TimedText(TypedDict):
    """What of a segment its readers see.

    Attributes
    ----------
    start, end : float
        Seconds from the beginning of the recording.
    text : str
        What is said.
    words : list of Word
        Its words, where those were asked for.
    """

    start: float
    end: float
    text: str
    words: NotRequired[list[Word]]


class Segment(TimedText):
    """A segment of a window, under openai-whisper's names.

    Attributes
    ----------
    id : int
        Its number in the transcript; a window does not know it.
    seek : int
        First frame of the window that it is of.
    tokens : list of int
        What it is written with, timestamps included.
    temperature : float
        At which it was sampled; 0 is greedy or beam search.
    avg_logprob : float
        Mean log probability of the window's tokens.
    compression_ratio : float
        How often the window's text repeats itself: its length over that of its zlib form.
    no_speech_prob : float
        Probability that nobody speaks in the window.
    """

    id: NotRequired[int]
    seek: int
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class Transcript(TypedDict):
    """All that is said in a recording, in the form that openai-whisper's writers take.

    Attributes
    ----------
    text : str
        The text of all segments.
    segments : list of Segment
        In the order in which they are said.
    language : str
        Code of the language.
    """

    text: str
    segments: list[Segment]
    language: str


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where the loop stands between two windows: all that it needs to go on.

    Attributes
    ----------
    clip : int
        Index of the clip that is being worked on.
    seek : int
        Frame that the next window begins with.
    prompt_start : int
        Index of the first token, of all so far, that conditions the next window.
    last_speech : float
        End of the last word, in seconds; known only with word timestamps.
    stuck : int
        Windows in a row that began at the same frame.
    """

    clip: int = 0
    seek: int = 0
    prompt_start: int = 0
    last_speech: float = 0.0
    stuck: int = 0


@dataclass(frozen=True, kw_only=True)
class SpokenLanguage:
    """The language of a recording.

    Attributes
    ----------
    code : str
        Its code.
    probability : float or None
        How probably it is that one; None where it did not have to be detected.
    """

    code: str
    probability: float | None = None


@dataclass(frozen=True, kw_only=True)
class WindowResult:
    """One decoded window.

    Attributes
    ----------
    segments : tuple of Segment
        What is said in it; empty when it is silent.
    position : Position
        Where the loop goes on.
    """

    segments: tuple[Segment, ...]
    position: Position


@dataclass(frozen=True, kw_only=True)
class DecodedWindows:
    """What an earlier run has already decoded of the same recording.

    Attributes
    ----------
    language : str or None
        Code of the language, None when it is yet to be detected.
    windows : tuple of WindowResult
        In the order in which they were decoded.
    """

    language: str | None = None
    windows: tuple[WindowResult, ...] = ()

    @property
    def position(self) -> Position | None:
        """Where to go on, or None at the beginning."""
        return self.windows[-1].position if self.windows else None

    @property
    def segments(self) -> list[Segment]:
        """The segments of all windows as they are said, numbered as openai-whisper does."""
        # Clips may have been decoded side by side; the windows of each are in order.
        windows = sorted(self.windows, key=lambda window: window.position.clip)
        segments = [segment for window in windows for segment in window.segments]
        return [{"id": number, **segment} for number, segment in enumerate(segments)]


class Engine(Protocol):
    """Something that turns one recording after the other into windows of text."""

    def identity(self) -> Mapping[str, Any]:
        """Return all of its own that decides the text: versions, weights, settings."""

    def kernels(self) -> str:
        """Return a name for what computes, where that can change the text.

        It is empty for a GPU: what one device has begun another has to be able to finish.
        """

    def use_kernels(self, wanted: str) -> None:
        """Compute the next recording with the kernels that are named so, if they are there.

        Without a name, and where they are not there or the user wants others, with the best.
        """

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""

    def read(self, blocks: Iterable[bytes]) -> float:
        """Take in a recording, as signed 16-bit mono samples at 16 kHz; return its seconds.

        What was read before is forgotten.
        """

    @property
    def clips(self) -> Sequence[Clip] | None:
        """The parts of the recording in which somebody speaks; None where nobody listened."""

    def use_clips(self, clips: Sequence[Clip] | None) -> None:
        """Decode the parts that an earlier run has found."""

    def language(self) -> SpokenLanguage:
        """Return the recording's language."""

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        """Decode the recording from where `done` ends."""

    def result(self, decoded: DecodedWindows) -> Transcript:
        """Return the transcript of what was decoded."""

    def close(self) -> None:
        """Forget the recording."""


class FallibleEngine(Engine, Protocol):
    """An engine that another can stand in for when it fails, with the recording it has read.

    Its `prepare`, `language` and `windows` raise `EngineFailedError` then.
    """

    def prepare(self) -> None:
        """Load what decodes, so that `read` meets no failure of it."""

    def release(self) -> HeardRecording | None:
        """Hand over the recording, if one was read."""

    def abandon(self) -> None:
        """Let go of what has failed, without waiting for it. It is never used again."""


class StandbyEngine(Engine, Protocol):
    """An engine that takes over another's recording."""

    def adopt(self, recording: HeardRecording) -> None:
        """Take over a recording that another engine has read, for the same model."""
