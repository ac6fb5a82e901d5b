"""The decoding of one window of a recording, with the text before it as the prompt."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from whisper.audio import N_FRAMES

from transcriber.engine.encoding import EncodedWindow, WindowEncoder
from transcriber.engine.hallucinations import Window, judge
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import FRAMES_PER_SECOND, Position, Segment
from transcriber.engine.request import Request
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

RELIABLE_TEMPERATURE = 0.5
"""Text that was sampled at a higher temperature does not condition what follows."""

_REST = 100
"""Frames of a window that is too short for a sentence."""

_OVERRUN = 100
"""Frames by which the times of a text may run over the end of its window."""


class WindowDecoder:
    """Decodes the windows of one recording, and remembers their text for the prompts.

    Parameters
    ----------
    encoder : WindowEncoder
        One of the recording, with the model.
    settings : DecodingSettings
        How to decode.
    language : str
        Code of the language that is spoken.
    heard : bool
        Whether the clips end where somebody stops to speak.
    """

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
