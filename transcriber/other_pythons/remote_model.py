"""A Whisper model in a Python of the system, with the methods of one in this process."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from whisper.tokenizer import get_tokenizer

from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import Segment
from transcriber.engine.word_request import WordRequest
from transcriber.models.registry import find_official
from transcriber.models.stored import StoredModel
from transcriber.other_pythons.session import GPU_SECONDS, LOAD_SECONDS, Session
from transcriber.settings import DecodingSettings


class RemoteModel:
    """A checkpoint that a child process has in memory.

    Every method raises `EngineFailedError` when the child or its GPU fails.

    Parameters
    ----------
    session : Session
        The child.
    stored : StoredModel
        The checkpoint.
    device : str
        torch's name for where it is to run.
    settings : DecodingSettings
        How it is to decode.

    Raises
    ------
    ModelError
        When the file is no checkpoint of a Whisper model.
    UsageError
        When a token that is never to be written is none of the model's.
    """

    def __init__(
        self, session: Session, stored: StoredModel, *, device: str, settings: DecodingSettings
    ) -> None:
        self._session = session
        self._task = settings.task
        self._seconds = None if device == "cpu" else GPU_SECONDS
        official = find_official(stored.name)
        loaded = session.request(
            "load",
            seconds=None if device == "cpu" else LOAD_SECONDS,
            path=str(stored.path.absolute()),
            name=stored.name,
            official=official.name if official else None,
            device=device,
            settings=asdict(settings),
        )
        self.mels: int = loaded["mels"]
        self.multilingual: bool = loaded["multilingual"]
        self.languages: int = loaded["languages"]
        self.prompt_limit: int = loaded["prompt_limit"]

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language and the task of the settings."""
        return get_tokenizer(
            self.multilingual, num_languages=self.languages, language=language, task=self._task
        )

    def encode(self, window: torch.Tensor) -> None:
        """Run the encoder; what it makes of the window stays in the child."""
        self._request("encode", payload=_content(window))

    def language_probabilities(self, encoded: None) -> dict[str, float]:
        """Return how probably each language is spoken in the window that was encoded last."""
        found = self._request("languages")
        return {str(code): float(probability) for code, probability in found.items()}

    def decode(
        self, encoded: None, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode the window that was encoded last, at one temperature."""
        found = self._request("decode", language=language, prompt=prompt, temperature=temperature)
        return Hypothesis(**{**found, "tokens": tuple(found["tokens"])})

    def add_words(self, segments: list[Segment], request: WordRequest) -> None:
        """Give each segment its words with their times, and tighten its own times to them."""
        segments[:] = self._request(
            "words",
            payload=_content(request.window),
            segments=segments,
            language=request.language,
            frames=request.frames,
            last_speech=request.last_speech,
        )

    def _request(self, what: str, *, payload: bytes = b"", **arguments: Any) -> Any:
        return self._session.request(what, payload=payload, seconds=self._seconds, **arguments)


def _content(window: torch.Tensor) -> bytes:
    return bytes(window.contiguous().numpy().tobytes())
