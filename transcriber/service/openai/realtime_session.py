"""One live transcription: what the client says, and what it is told."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from transcriber.errors import TranscriberError
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.websocket import WebSocket
from transcriber.service.openai.realtime_answers import Answers
from transcriber.service.openai.realtime_files import Heard
from transcriber.service.openai.realtime_formats import FORMATS
from transcriber.service.openai.realtime_settings import (
    RealtimeSettings,
    nested,
    refusal,
    shown,
    shown_flat,
    updated,
    words_of,
)
from transcriber.service.openai.realtime_sound import CommittedSound, Sound, Started
from transcriber.service.openai.realtime_utterances import DetectedSound
from transcriber.worker.ears import Ears

_NAME_CHARACTERS = 512
"""Of an event's name that is told back, as OpenAI has it."""


class RealtimeSession:
    """A client's conversation.

    Parameters
    ----------
    context : Context
        The service.
    ears : Ears
        What hears speech.
    socket : WebSocket
        The connection.
    client : str
        Who it is: clients take turns.
    settings : RealtimeSettings
        What holds until the client says something else.
    is_older : bool
        Whether the client speaks the interface before today's, which had sessions of another
        shape.

    Raises
    ------
    TranscriberError
        When nothing hears.
    """

    def __init__(
        self,
        context: Context,
        ears: Ears,
        socket: WebSocket,
        *,
        client: str,
        settings: RealtimeSettings,
        is_older: bool,
    ) -> None:
        self._context = context
        self._ears = ears
        self._socket = socket
        self._is_older = is_older
        self._name = f"sess_{secrets.token_hex(8)}"
        self._settings = settings
        self._words = words_of(context, settings)
        self._milliseconds = 0.0
        self._last: str | None = None
        self._sound = self._new_sound(settings)
        self._answers = Answers(context, client, self._send)
        self._handlers: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "session.update": self._update,
            "transcription_session.update": self._update_older,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
        }

    def run(self) -> None:
        """Answer until the client leaves."""
        queue = self._context.queue
        # Somebody is there, whether or not there is anything to do.
        listener = queue.bulletin.listen(self._name)
        try:
            self._tell_session("created")
            while (message := self._socket.receive()) is not None:
                self._take(message)
        finally:
            queue.bulletin.leave(listener)
            self._sound.close()
            self._answers.close()

    def _take(self, message: str | bytes) -> None:
        event: Mapping[str, Any] = {}
        try:
            event = _event(message)
            handler = self._handlers.get(str(event.get("type")))
            if handler is None:
                raise refusal("type", f"it is one of {', '.join(self._handlers)}")
            handler(event)
        except HttpError as error:
            self._refuse(error, event)
        except TranscriberError as error:
            self._refuse(http_error(error), event)

    def _refuse(self, error: HttpError, event: Mapping[str, Any]) -> None:
        name = event.get("event_id")
        named = name[:_NAME_CHARACTERS] if isinstance(name, str) else None
        self._send("error", error={**error.payload()["error"], "event_id": named})

    def _update(self, event: Mapping[str, Any]) -> None:
        self._change(updated(self._settings, event.get("session")))
        self._tell_session("updated")

    def _update_older(self, event: Mapping[str, Any]) -> None:
        self._is_older = True
        self._change(updated(self._settings, nested(event.get("session"))))
        self._tell_session("updated")

    def _change(self, settings: RealtimeSettings) -> None:
        words = words_of(self._context, settings)
        if settings.heard_as() != self._settings.heard_as():
            if not self._sound.is_empty:
                raise HttpError(
                    400,
                    "format and turn_detection cannot change in the middle of a recording: commit"
                    " or clear it",
                    param="session.audio.input",
                )
            sound = self._new_sound(settings)
            self._sound.close()
            self._sound = sound
        self._settings, self._words = settings, words

    def _new_sound(self, settings: RealtimeSettings) -> Sound:
        folders = self._context.queue.folders
        if settings.detection is None:
            return CommittedSound(folders, settings.rate)
        return DetectedSound(
            folders,
            self._ears,
            settings.rate,
            detection=settings.detection,
            milliseconds=round(self._milliseconds),
        )

    def _append(self, event: Mapping[str, Any]) -> None:
        try:
            content = base64.b64decode(event["audio"], validate=True)
        except (KeyError, TypeError, ValueError):
            raise refusal("audio", "it is sound in base64") from None
        samples = FORMATS[self._settings.format][1](content)
        for change in self._sound.add(samples):
            if isinstance(change, Started):
                place = {"item_id": change.item, "audio_start_ms": change.milliseconds}
                self._send("input_audio_buffer.speech_started", **place)
                continue
            try:
                self._committed(change.heard, change.milliseconds)
            except HttpError as error:
                # What follows is heard all the same.
                self._refuse(error, event)
        self._milliseconds += 500 * len(samples) / self._settings.rate

    def _commit(self, _: Mapping[str, Any]) -> None:
        self._committed(self._sound.commit())

    def _committed(self, heard: Heard, end: int | None = None) -> None:
        """Tell of a recording, and where speech has ended if that ended it; have it answered."""
        try:
            if end is not None:
                place = {"item_id": heard.item, "audio_end_ms": end}
                self._send("input_audio_buffer.speech_stopped", **place)
            if self._answers.is_full:
                raise HttpError(
                    429, "too many recordings wait for their answers", code="rate_limit_exceeded"
                )
            self._tell_item(heard.item)
        except BaseException:
            # It is nobody's: neither of a job nor of the sound that comes in.
            self._context.queue.folders.remove(heard.job)
            raise
        self._answers.put(heard, self._words)

    def _tell_item(self, name: str) -> None:
        item = {
            "id": name,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": None}],
        }
        before, self._last = self._last, name
        self._send("input_audio_buffer.committed", item_id=name, previous_item_id=before)
        for kind in ("created",) if self._is_older else ("added", "done"):
            self._send(f"conversation.item.{kind}", item=item, previous_item_id=before)

    def _clear(self, _: Mapping[str, Any]) -> None:
        self._sound.clear()
        self._send("input_audio_buffer.cleared")

    def _tell_session(self, what: str) -> None:
        if self._is_older:
            session = shown_flat(self._settings, self._name)
            self._send(f"transcription_session.{what}", session=session)
        else:
            self._send(f"session.{what}", session=shown(self._settings, self._name))

    def _send(self, kind: str, **content: Any) -> None:
        event = {"type": kind, "event_id": f"event_{secrets.token_hex(8)}", **content}
        self._socket.send_text(json.dumps(event))


def _event(message: str | bytes) -> Mapping[str, Any]:
    try:
        event = json.loads(message) if isinstance(message, str) else None
    except (ValueError, RecursionError):
        event = None
    if not isinstance(event, dict):
        raise HttpError(400, "an event is an object in JSON, sent as text", code="invalid_json")
    return event
