"""One client: what it asks, and what it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

from transcriber import __version__
from transcriber.errors import TranscriberError
from transcriber.languages import language_names
from transcriber.models.registry import find_official
from transcriber.models.store import stored_models
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.job_options import is_model, job_words
from transcriber.service.openai.answers import text_of
from transcriber.service.openai.parameters import spoken_language
from transcriber.service.waiting import ClientLeftError, wait
from transcriber.service.wyoming.events import Event, ProtocolError, read_event
from transcriber.service.wyoming.sound_file import SoundFile

_OURS = {"name": "OpenAI", "url": "https://github.com/openai/whisper"}


class Session:
    """A client's connection.

    Parameters
    ----------
    context : Context
        The service.
    client : str
        Who it is: clients take turns.
    send : callable
        Sends an event.
    gone : callable
        Returns whether the client has left.
    """

    def __init__(
        self,
        context: Context,
        client: str,
        *,
        send: Callable[[Event], None],
        gone: Callable[[], bool],
    ) -> None:
        self._context = context
        self._client = client
        self._send = send
        self._gone = gone
        self._wishes: dict[str, Any] = {}
        self._job = ""
        self._sound: SoundFile | None = None
        self._deaf = False

    def run(self, stream: IO[bytes]) -> None:
        """Answer until the client leaves."""
        try:
            while (event := read_event(stream)) is not None:
                self._take(event)
        except ProtocolError as error:
            self._drop()
            self._send(Event(kind="error", data={"text": str(error), "code": "protocol"}))
        except ClientLeftError:
            return
        finally:
            self._drop()

    def _take(self, event: Event) -> None:
        """Do what an event asks for; what is unknown is left alone, as the protocol has it."""
        if event.kind == "describe":
            self._send(Event(kind="info", data=self._description()))
        elif event.kind == "ping":
            self._send(Event(kind="pong", data=event.data))
        elif event.kind == "transcribe":
            self._wishes = dict(event.data)
        elif event.kind in ("audio-start", "audio-chunk", "audio-stop"):
            try:
                self._hear(event)
            except (HttpError, TranscriberError) as error:
                self._drop()
                self._deaf = event.kind != "audio-stop"
                self._send(Event(kind="error", data={"text": str(error), "code": "failed"}))

    def _hear(self, event: Event) -> None:
        if self._deaf and event.kind != "audio-start":
            # What was wrong with its beginning has been told.
            self._deaf = event.kind != "audio-stop"
            return
        self._deaf = False
        if event.kind == "audio-start" or (self._sound is None and event.payload):
            self._drop()
            self._job = self._context.queue.folders.new()
            folder = self._context.queue.folders.of(self._job)
            self._sound = SoundFile(folder, event.data)
        if self._sound is None:
            return
        self._sound.add(event.payload)
        if event.kind == "audio-stop":
            sound, self._sound = self._sound, None
            sound.close()
            self._transcribe(sound)

    def _transcribe(self, sound: SoundFile) -> None:
        queue, job = self._context.queue, self._job
        wishes, self._wishes = self._wishes, {}
        names = [*_texts(wishes, "transcript_names"), *_texts(wishes, "transcript_terms")]
        model = wishes.get("name")
        options = {
            "model": model if isinstance(model, str) and is_model(self._context, model) else None,
            "language": spoken_language(str(wishes.get("language") or "")),
            "hotwords": ", ".join(names),
        }
        queue.submit(
            name="a voice",
            recording=sound.path,
            words=job_words(self._context, options),
            client=self._client,
            job=job,
            kept=False,
        )
        wait(queue, job, self._gone)
        transcript = queue.transcript(job)
        segments = transcript["segments"] if transcript else []
        language = transcript["language"] if transcript else None
        self._drop()
        answer = {"text": text_of(segments), "language": language}
        self._send(Event(kind="transcript", data=answer))

    def _drop(self) -> None:
        """Let go of what was heard."""
        if self._sound is not None:
            self._sound.discard()
            self._sound = None
        if self._job:
            if not self._context.queue.remove(self._job):
                self._context.queue.folders.remove(self._job)
            self._job = ""

    def _description(self) -> dict[str, Any]:
        program = {
            **_artefact("transcriber", "Whisper on this machine"),
            "models": [self._model(name) for name in self._names()],
            # A command is short: what was said is told at once, at its end.
            "supports_transcript_streaming": False,
        }
        return {"asr": [program]}

    def _names(self) -> list[str]:
        """Return the models that are here, the default first."""
        default = self._context.settings.model
        stored = {model.name for model in stored_models(self._context.models)}
        return [default, *sorted(stored - {default})]

    def _model(self, name: str) -> dict[str, Any]:
        official = find_official(name)
        english = official is not None and not official.dimensions.multilingual
        languages = ["en"] if english else list(language_names())
        return {**_artefact(name, f"the model {name}"), "languages": languages}


def _artefact(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "attribution": _OURS,
        "installed": True,
        "version": __version__,
    }


def _texts(wishes: dict[str, Any], name: str) -> list[str]:
    values = wishes.get(name)
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []
