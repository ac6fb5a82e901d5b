"""The answers to what was committed: in its order, while more is heard."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.http.wire import Disconnected
from transcriber.service.openai.answers import Said, usage
from transcriber.service.openai.realtime_files import Heard
from transcriber.service.waiting import ClientLeftError, done, events_until_over

_MOST = 100
"""Recordings that wait for their answers. Whoever is so far behind never catches up."""

_KIND = "conversation.item.input_audio_transcription"

Send = Callable[..., None]
"""Sends an event: its type, and its fields."""


class Answers:
    """Answers one client, in a thread of its own.

    Parameters
    ----------
    context : Context
        The service.
    client : str
        Who it is: clients take turns.
    send : callable
        Sends an event.
    """

    def __init__(self, context: Context, client: str, send: Send) -> None:
        self._queue = context.queue
        self._client = client
        self._send = send
        self._is_over = False
        self._left: queue.Queue[Heard | None] = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_full(self) -> bool:
        """Whether no more can be put."""
        return self._left.qsize() >= _MOST

    def put(self, heard: Heard, words: tuple[str, ...]) -> None:
        """Have a recording transcribed, and answered."""
        self._queue.submit(
            name="a voice",
            recording=heard.path,
            words=words,
            client=self._client,
            job=heard.job,
            kept=False,
        )
        self._left.put(heard)

    def close(self) -> None:
        """Answer no more, and drop what is left to do."""
        self._is_over = True
        self._left.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (heard := self._left.get()) is not None:
            try:
                if not self._is_over:
                    self._answer(heard)
            except (ClientLeftError, Disconnected):
                self._is_over = True
            finally:
                self._queue.remove(heard.job)

    def _answer(self, heard: Heard) -> None:
        place = {"item_id": heard.item, "content_index": 0}
        job, said = heard.job, Said()
        try:
            for _ in events_until_over(self._queue, job, lambda: self._is_over):
                if delta := said.delta(self._queue.segments(job)):
                    self._send(f"{_KIND}.delta", **place, delta=delta)
            done(self._queue, job)
            # Whatever events there were: now all of it is known.
            if delta := said.delta(self._queue.segments(job)):
                self._send(f"{_KIND}.delta", **place, delta=delta)
        except HttpError as error:
            self._send(f"{_KIND}.failed", **place, **error.payload())
            return
        told = {"transcript": said.text.rstrip(), "usage": usage(heard.seconds)}
        self._send(f"{_KIND}.completed", **place, **told)
