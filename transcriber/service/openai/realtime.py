"""``/v1/realtime``: live transcription over WebSocket."""

from __future__ import annotations

import threading

from transcriber.errors import TranscriberError
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import MIB
from transcriber.service.http.request import Request
from transcriber.service.http.websocket import Upgrade, WebSocket
from transcriber.service.openai.realtime_session import RealtimeSession
from transcriber.service.openai.realtime_settings import first_settings
from transcriber.worker.ears import Ears

_MOST = 16
"""Clients at a time. Each takes one of the server's threads (`Limits.threads`)."""

_MESSAGE_BYTES = 4 * MIB
"""A minute of sound at 24 kHz in base64; clients send tenths of a second. It takes several times as
much memory for a moment."""

_TRY_AGAIN = 1013
"""The code with which a WebSocket ends that there is no room for (RFC 6455's registry)."""

_DEFECT = 1011
"""The code for one that the server cannot lead."""


class Realtime:
    """Answers requests for a live transcription.

    Parameters
    ----------
    context : Context
        The service.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ears = Ears()
        self._places = threading.BoundedSemaphore(_MOST)

    def __call__(self, request: Request) -> Upgrade:
        """Return who leads the conversation.

        Raises
        ------
        HttpError
            400 for any other conversation than a transcription.
        """
        if request.method != "GET" or request.first("intent", "transcription") != "transcription":
            raise HttpError(
                400,
                "this server transcribes: ask with GET and intent=transcription",
                param="intent",
            )
        return Upgrade(
            lambda socket: self._converse(socket, request),
            message_bytes=_MESSAGE_BYTES,
            subprotocols=("realtime",),
        )

    def _converse(self, socket: WebSocket, request: Request) -> None:
        if not self._places.acquire(blocking=False):
            socket.close(_TRY_AGAIN, "too many clients")
            return
        try:
            RealtimeSession(
                self._context,
                self._ears,
                socket,
                client=request.session or request.client,
                settings=first_settings(request.first("model")),
                is_older=_is_older(request),
            ).run()
        except (HttpError, TranscriberError) as error:
            # It never began: nothing hears speech, or the service's own options make no sense.
            self._context.log(f"/v1/realtime: {error}")
            socket.close(_DEFECT, str(error))
        finally:
            self._places.release()


def _is_older(request: Request) -> bool:
    """Return whether the client speaks the interface before today's."""
    named = request.headers.get("openai-beta"), request.headers.get("sec-websocket-protocol")
    return "realtime=v1" in named[0] or "openai-beta.realtime-v1" in named[1]
