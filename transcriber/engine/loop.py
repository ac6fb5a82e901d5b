"""The loop over a recording: one window of 30 s after the other.

The semantics are those of openai-whisper's ``transcribe``, so that both give the same text. What
differs is the form: the loop yields each window as it is done, and can go on from any of them,
which progress, the journal and Ctrl-C rely on. And it decodes nothing itself: it yields what it
wants decoded, so that the loops of several clips can run side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from whisper.audio import N_FRAMES

from transcriber.engine.encoding import EncodedWindow, WindowEncoder
from transcriber.engine.features import LogMelSpectrogram
from transcriber.engine.hallucinations import Window, judge
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import (
    FRAMES_PER_SECOND,
    Clip,
    DecodedWindows,
    Position,
    Segment,
    WindowResult,
)
from transcriber.engine.segmentation import (
    FRAMES_PER_TIMESTAMP,
    clear_empty,
    cut,
    last_word_end,
    within,
)
from transcriber.engine.stillness import Stillness, stillness
from transcriber.engine.word_request import WordRequest
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    import torch

RELIABLE_TEMPERATURE = 0.5
"""Text that was sampled at a higher temperature does not condition what follows."""

_REST = 100
"""Frames of a window that is too short for a sentence."""

_OVERRUN = 100
"""Frames by which the times of a text may run over the end of its window."""

STUCK_LIMIT = 5
"""Windows in a row that may begin at the same frame. The decoder may say that nothing before its
first timestamp is finished; with the same words in the prompt it would say so for ever."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a loop wants decoded; it is sent the `Hypothesis`.

    Attributes
    ----------
    encoded : object
        What the model's `encode` made of the window.
    language : str
        Its code.
    prompt : list of int
        Tokens of the text before the window.
    temperature : float
        0 for beam search or greedy decoding, else for sampling.
    """

    encoded: Any
    language: str
    prompt: list[int]
    temperature: float


@dataclass(frozen=True, kw_only=True)
class Clips:
    """Clips that a loop goes through.

    Attributes
    ----------
    parts : sequence of Clip
        All of the recording.
    first, end : int
        The first one that it goes through, and the one behind the last.
    heard : bool
        Whether the clips end where somebody stops to speak.
    """

    parts: Sequence[Clip]
    first: int
    end: int
    heard: bool


Loop = Generator[Request | WindowResult, Hypothesis | None, None]
"""Yields requests, which are answered with a hypothesis, and windows, which are not."""


class Network(Protocol):
    """What the loop asks of a model: see `WhisperModel`, whose methods these are."""

    mels: int
    multilingual: bool
    prompt_limit: int

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language."""

    def encode(self, window: torch.Tensor) -> Any:
        """Run the encoder; return what the other methods take."""

    def language_probabilities(self, encoded: Any) -> dict[str, float]:
        """Return how probably each language is spoken in a window, by its code."""

    def decode(
        self, encoded: Any, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode one window at one temperature."""

    def add_words(self, segments: list[Segment], request: WordRequest) -> None:
        """Give each segment its words with their times."""


def clips(timestamps: Sequence[float], content_frames: int) -> list[Clip]:
    """Return the parts of a recording to transcribe, as first and last frame.

    Parameters
    ----------
    timestamps : sequence of float
        Start, end, start, end, ... in seconds; the last end may be missing.
    content_frames : int
        Frames of the recording, 100 a second.

    Examples
    --------
    >>> clips([0.0, 1.5, 3.0], 1000)
    [(0, 150), (300, 1000)]
    """
    points = [round(timestamp * FRAMES_PER_SECOND) for timestamp in timestamps] or [0]
    if len(points) % 2:
        points.append(content_frames)
    # openai-whisper decodes for ever where a clip ends after the recording.
    ends = [min(end, content_frames) for end in points[1::2]]
    return list(zip(points[::2], ends, strict=True))


def transcribe_windows(
    model: Network,
    features: LogMelSpectrogram,
    settings: DecodingSettings,
    *,
    language: str,
    done: DecodedWindows,
    encoder: WindowEncoder | None = None,
    parts: Sequence[Clip] | None = None,
) -> Iterator[WindowResult]:
    """Decode a recording window by window.

    Parameters
    ----------
    model : Network
        A model, here or in another process.
    features : LogMelSpectrogram
        The recording.
    settings : DecodingSettings
        How to decode.
    language : str
        Code of the language that is spoken.
    done : DecodedWindows
        What an earlier run has decoded; the loop goes on behind it.
    encoder : WindowEncoder, optional
        One of the same model and recording, which may know the first window already.
    parts : sequence of Clip, optional
        What to decode; otherwise the clips of the settings.

    Yields
    ------
    WindowResult
        Each window that is not in `done`, in order.
    """
    heard = parts is not None
    if parts is None:
        parts = clips(settings.clip_timestamps, features.content_frames)
    if not parts:
        return
    encoder = encoder or WindowEncoder(model, features)
    every = Clips(parts=parts, first=0, end=len(parts), heard=heard)
    loop = decode_clips(encoder, settings, language=language, done=done, clips=every)
    answer: Hypothesis | None = None
    with contextlib.closing(loop), contextlib.suppress(StopIteration):
        while True:
            asked = loop.send(answer)
            answer = None
            if isinstance(asked, WindowResult):
                yield asked
            else:
                answer = model.decode(
                    asked.encoded,
                    language=asked.language,
                    prompt=asked.prompt,
                    temperature=asked.temperature,
                )


def decode_clips(
    encoder: WindowEncoder,
    settings: DecodingSettings,
    *,
    language: str,
    done: DecodedWindows,
    clips: Clips,
) -> Loop:
    """Go through clips of a recording, one behind the other.

    Parameters
    ----------
    encoder : WindowEncoder
        One of the recording, with the model.
    settings, language, done
        As for `transcribe_windows`.
    clips : Clips
        Which clips.
    """
    decoder = _Decoder(encoder, settings, language, heard=clips.heard)
    for window in done.windows:
        decoder.remember(window.segments)
    parts = clips.parts
    position = done.position or Position(clip=clips.first, seek=parts[clips.first][0])
    while (position := _enter_clip(position, parts)).clip < clips.end:
        seek = position.seek
        frames = min(N_FRAMES, parts[position.clip][1] - seek)
        segments, position = yield from decoder.decode(position, frames)
        position = _unstick(position, seek, frames)
        yield WindowResult(segments=tuple(segments), position=position)


def _enter_clip(position: Position, parts: Sequence[Clip]) -> Position:
    """Move on to the clip that has frames left, if there is one."""
    while position.clip < len(parts):
        start, end = parts[position.clip]
        position = replace(position, seek=max(position.seek, start))
        if position.seek < end:
            break
        following = position.clip + 1
        seek = parts[following][0] if following < len(parts) else position.seek
        position = replace(position, clip=following, seek=seek)
    return position


def _unstick(position: Position, seek: int, frames: int) -> Position:
    """Skip a window that has been decoded again and again without getting further."""
    if position.seek > seek:
        return replace(position, stuck=0)
    if position.stuck + 1 < STUCK_LIMIT:
        return replace(position, stuck=position.stuck + 1)
    return replace(position, seek=seek + frames, stuck=0)


class _Decoder:
    """Decodes the windows of one recording, and remembers their text for the prompts."""

    def __init__(
        self, encoder: WindowEncoder, settings: DecodingSettings, language: str, *, heard: bool
    ) -> None:
        self._heard = heard
        self._model = encoder.model
        self._features = encoder.features
        self._encoder = encoder
        self._settings = settings
        self._language = language
        self._tokenizer = self._model.tokenizer(language)
        self._initial: list[int] = []
        if settings.initial_prompt is not None:
            self._initial = _plain_tokens(self._tokenizer, settings.initial_prompt)
        self._tokens = list(self._initial)
        self._hotwords: list[int] = []
        if settings.hotwords is not None:
            self._hotwords = _plain_tokens(self._tokenizer, settings.hotwords)

    def remember(self, segments: Sequence[Segment]) -> None:
        """Append the text of a window to what later windows are conditioned on."""
        for segment in segments:
            self._tokens.extend(segment["tokens"])

    def decode(
        self, position: Position, frames: int
    ) -> Generator[Request, Hypothesis | None, tuple[list[Segment], Position]]:
        """Decode the window at `position`; return its segments and where to go on."""
        settings = self._settings
        seek = position.seek
        window = self._encoder.encode(seek, frames)
        still = stillness(window.mel, frames)
        if still is Stillness.SILENT:
            return [], replace(position, seek=seek + frames)
        if settings.multilingual and self._model.multilingual:
            probabilities = self._model.language_probabilities(window.encoded)
            self._language = max(probabilities, key=probabilities.__getitem__)
        prompt = self._prompt(position)
        hypothesis = yield from self._with_fallback(window, prompt)
        if not window.whole and self._is_doubtful(hypothesis, frames):
            window = self._encoder.encode(seek, frames, whole=True)
            hypothesis = yield from self._with_fallback(window, prompt)
        if (
            _is_silent(hypothesis, settings)
            # However probable the text is.
            or (still is Stillness.STEADY and _is_no_speech(hypothesis, settings))
            # What is left of a clip behind its last word.
            or (self._heard and frames < _REST and _improbable(hypothesis, settings))
        ):
            return [], replace(position, seek=seek + frames)

        parts = cut(hypothesis, seek=seek, frames=frames, tokenizer=self._tokenizer)
        segments = parts.segments
        if self._heard:
            segments = within(segments, (seek + frames) / FRAMES_PER_SECOND)
        position = replace(position, seek=seek + parts.frames)
        if settings.word_timestamps:
            asked = WordRequest(
                window=window.mel,
                encoded=window.encoded,
                language=self._language,
                frames=frames,
                last_speech=position.last_speech,
            )
            self._model.add_words(segments, asked)
            place = Window(
                seek=seek,
                frames=frames,
                span=N_FRAMES,
                content_frames=self._features.content_frames,
            )
            kept, position = self._refine(segments, position, place, complete=parts.complete)
            if kept is None:
                return [], position
            segments = kept
        clear_empty(segments)
        self.remember(segments)
        unreliable = hypothesis.temperature > RELIABLE_TEMPERATURE
        if unreliable or not settings.condition_on_previous_text:
            position = replace(position, prompt_start=len(self._tokens))
        return segments, position

    def _is_doubtful(self, hypothesis: Hypothesis, frames: int) -> bool:
        """Whether a text that was found in a part of the window is worth another try in all of it.

        A time far behind what was spoken is a sign of words that nobody said.
        """
        settings = self._settings
        if _needs_fallback(hypothesis, settings) or _is_silent(hypothesis, settings):
            return True
        latest = self._tokenizer.timestamp_begin + (frames + _OVERRUN) // FRAMES_PER_TIMESTAMP
        return any(token > latest for token in hypothesis.tokens)

    def _prompt(self, position: Position) -> list[int]:
        if not self._hotwords:
            return self._previous(position)
        # Half of the room at most, as faster-whisper has it.
        words = self._hotwords[: self._model.prompt_limit // 2]
        return words + self._previous(position)[len(words) - self._model.prompt_limit :]

    def _previous(self, position: Position) -> list[int]:
        if not self._settings.carry_initial_prompt:
            return self._tokens[position.prompt_start :]
        room = self._model.prompt_limit - len(self._initial)
        recent = self._tokens[max(len(self._initial), position.prompt_start) :]
        # Where there is no room, openai-whisper takes what this slice means then.
        return self._initial + recent[-room:]

    def _refine(
        self, segments: list[Segment], position: Position, window: Window, *, complete: bool
    ) -> tuple[list[Segment] | None, Position]:
        """Go on where the last word ends, and drop what nobody said; None drops the window."""
        seek = position.seek
        end = last_word_end(segments)
        if not complete and end is not None and end > window.start:
            seek = round(end * FRAMES_PER_SECOND)
        threshold = self._settings.hallucination_silence_threshold
        if threshold is not None:
            verdict = judge(
                segments,
                window,
                seek=seek,
                complete=complete,
                threshold=threshold,
                last_speech=position.last_speech,
            )
            seek = verdict.seek
            if verdict.keep is None:
                return None, replace(position, seek=seek)
            segments = segments[: verdict.keep]
        end = last_word_end(segments)
        last_speech = position.last_speech if end is None else end
        return segments, replace(position, seek=seek, last_speech=last_speech)

    def _with_fallback(
        self, window: EncodedWindow, prompt: list[int]
    ) -> Generator[Request, Hypothesis | None, Hypothesis]:
        """Decode at rising temperatures until the text passes the checks."""
        # What went wrong in a part of the window is worth another try in the whole.
        for temperature in self._settings.temperatures[: None if window.whole else 1]:
            answer = yield Request(
                encoded=window.encoded,
                language=self._language,
                prompt=prompt,
                temperature=temperature,
            )
            if answer is None:
                raise RuntimeError("a request was not answered")
            hypothesis = answer
            if not _needs_fallback(hypothesis, self._settings):
                break
        return hypothesis


def _plain_tokens(tokenizer: Any, text: str) -> list[int]:
    """Return the tokens of what a user wrote: the name of a special token is text, too."""
    tokens: list[int] = tokenizer.encode(" " + text.strip(), disallowed_special=())
    return tokens


def _needs_fallback(hypothesis: Hypothesis, settings: DecodingSettings) -> bool:
    repetitive = _above(hypothesis.compression_ratio, settings.compression_ratio_threshold)
    return (repetitive or _improbable(hypothesis, settings)) and not (
        # Nothing is said, so no temperature finds a better text.
        _above(hypothesis.no_speech_prob, settings.no_speech_threshold)
        and _improbable(hypothesis, settings)
    )


def _is_no_speech(hypothesis: Hypothesis, settings: DecodingSettings) -> bool:
    return _above(hypothesis.no_speech_prob, settings.no_speech_threshold)


def _is_silent(hypothesis: Hypothesis, settings: DecodingSettings) -> bool:
    if not _is_no_speech(hypothesis, settings):
        return False
    return not _above(hypothesis.avg_logprob, settings.logprob_threshold)


def _improbable(hypothesis: Hypothesis, settings: DecodingSettings) -> bool:
    threshold = settings.logprob_threshold
    return threshold is not None and hypothesis.avg_logprob < threshold


def _above(value: float, threshold: float | None) -> bool:
    return threshold is not None and value > threshold
