"""From a request to its answer: the gate, the route, the handler, and whatever goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from transcriber.errors import TranscriberError
from transcriber.service.http.access_log import defect_line
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.gate import Access, Gate, Visit
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, error_response
from transcriber.service.http.routes import Answer, Handler, Router

_ALWAYS = (
    # Browsers must not take an upload for a page.
    ("X-Content-Type-Options", "nosniff"),
    # The address may hold a token.
    ("Referrer-Policy", "no-referrer"),
)

_PAGE_POLICY = (
    "Content-Security-Policy",
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
)
"""Our pages load nothing of others, and no page of others shows them in a frame."""


class Dispatcher:
    """Answers requests, and never raises.

    Parameters
    ----------
    application : Router | Handler
        What is to be answered. A handler alone gets every path and method, with `Access.API`.
    gate : Gate
        Who may ask.
    log : Callable[[str], None]
        Gets one line for each defect of a handler.
    """

    def __init__(
        self, application: Router | Handler, gate: Gate, log: Callable[[str], None]
    ) -> None:
        self._application = application
        self._gate = gate
        self._log = log

    def answer(self, request: Request) -> Answer:
        """Return the answer to `request`."""
        visit = Visit()
        try:
            visit = self._gate.examine(request)
            answer = self._admitted(request, visit)
            if not isinstance(answer, Response):
                return answer
        except HttpError as error:
            answer = error_response(error, plain=_is_read_by_a_person(request))
        except TranscriberError as error:
            answer = error_response(http_error(error))
        except Exception as error:
            self._log(defect_line(request.client, request.method, request.loggable, error))
            answer = error_response(HttpError(500, "the server has a defect: its log tells more"))
        # Several Vary headers add up.
        answer = dataclasses.replace(answer, headers=(*answer.headers, *visit.headers))
        return _with(answer, *_ALWAYS)

    def _admitted(self, request: Request, visit: Visit) -> Answer:
        exchanged = self._gate.exchange(request)
        if exchanged is not None:
            return exchanged
        if not isinstance(self._application, Router):
            session = self._gate.admit(request, visit, Access.API)
            return self._application(dataclasses.replace(request, session=session))
        if request.method == "OPTIONS":
            methods = self._application.methods(request.path)
            return self._gate.preflight(request, visit, methods)
        route, parameters = self._application.find(request.method, request.path)
        session = self._gate.admit(request, visit, route.access)
        request = dataclasses.replace(request, parameters=parameters, session=session)
        answer = route.handler(request)
        if route.access is Access.PAGE and isinstance(answer, Response):
            return _with(answer, _PAGE_POLICY)
        return answer


def _with(response: Response, *headers: tuple[str, str]) -> Response:
    """Return `response` with those of `headers` that it does not have."""
    further = [(name, value) for name, value in headers if not response.header(name)]
    return dataclasses.replace(response, headers=(*response.headers, *further))


def _is_read_by_a_person(request: Request) -> bool:
    """Return whether a browser shows the answer as a page."""
    return request.headers.get("accept").startswith("text/html")
