"""A Whisper model in a Python of the system, with the methods of one in this process."""

from __future__ import annotations

import itertools
import weakref
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from whisper.tokenizer import get_tokenizer

from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import Segment
from transcriber.engine.rows.room import has_room
from transcriber.engine.word_request import WordRequest
from transcriber.models.registry import find_official
from transcriber.models.stored import StoredModel
from transcriber.other_pythons.session import GPU_SECONDS, LOAD_SECONDS, Session
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from transcriber.engine.request import Request


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
        self._settings = settings
        self._numbers = itertools.count()
        self._forgotten: list[int] = []
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
        self._room: int = loaded["room"]

    def room(self) -> int:
        """Return how many windows are decoded side by side where the user does not say."""
        return self._room

    def batch(self, windows: int) -> RemoteBatch:
        """Return a batch for so many windows, which are decoded in the child."""
        return RemoteBatch(self._request, self._settings, windows)

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language and the task of the settings."""
        return get_tokenizer(
            self.multilingual, num_languages=self.languages, language=language, task=self._task
        )

    def encode(self, window: torch.Tensor) -> RemoteWindow:
        """Run the encoder; what it makes of the window stays in the child."""
        encoded = RemoteWindow(next(self._numbers))
        weakref.finalize(encoded, self._forgotten.append, encoded.number)
        self._request("encode", payload=_content(window), number=encoded.number)
        return encoded

    def language_probabilities(self, encoded: RemoteWindow) -> dict[str, float]:
        """Return how probably each language is spoken in a window."""
        found = self._request("languages", number=encoded.number)
        return {str(code): float(probability) for code, probability in found.items()}

    def decode(
        self, encoded: RemoteWindow, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode a window at one temperature."""
        found = self._request(
            "decode",
            number=encoded.number,
            language=language,
            prompt=prompt,
            temperature=temperature,
        )
        return _hypothesis(found)

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
        forgotten, self._forgotten[:] = self._forgotten[:], []
        if forgotten:
            arguments["forget"] = forgotten
        return self._session.request(what, payload=payload, seconds=self._seconds, **arguments)


class RemoteWindow:
    """A window whose encoding the child keeps as long as this object lives.

    Parameters
    ----------
    number : int
        What the child knows it by.
    """

    def __init__(self, number: int) -> None:
        self.number = number


class RemoteBatch:
    """A `transcriber.engine.batching.RequestBatch` that a child decodes.

    Parameters
    ----------
    ask : callable
        Sends the child a request.
    settings : DecodingSettings
        How it decodes.
    windows : int
        How many windows there may be.
    """

    def __init__(self, ask: Callable[..., Any], settings: DecodingSettings, windows: int) -> None:
        self._ask = ask
        self._settings = settings
        self._windows = windows
        self._fresh = True
        self._added: list[dict[str, Any]] = []
        self._held: dict[int, Request] = {}

    def fits(self, request: Request) -> bool:
        """Whether there is room for the rows that it takes."""
        held = [one.temperature for one in self._held.values()]
        return has_room(self._settings, self._windows, held, request.temperature)

    def add(self, number: int, request: Request) -> None:
        """Take a request in, under its number; the child hears of it with the next run."""
        self._held[number] = request
        self._added.append(
            {
                "number": number,
                "window": request.encoded.number,
                "language": request.language,
                "prompt": request.prompt,
                "temperature": request.temperature,
            }
        )

    def run(self) -> list[tuple[int, Hypothesis]]:
        """Decode until at least one request is done; return those that are."""
        if not self._held:
            return []
        added, self._added = self._added, []
        # What another batch has left in the child is not for this one.
        fresh, self._fresh = self._fresh, False
        found = self._ask("run", windows=self._windows, fresh=fresh, added=added)
        for number, _ in found:
            del self._held[number]
        return [(number, _hypothesis(content)) for number, content in found]


def _hypothesis(content: dict[str, Any]) -> Hypothesis:
    return Hypothesis(**{**content, "tokens": tuple(content["tokens"])})


def _content(window: torch.Tensor) -> bytes:
    return bytes(window.contiguous().numpy().tobytes())
