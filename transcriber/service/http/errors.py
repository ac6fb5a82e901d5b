"""Failures as clients see them: a status, and the object that OpenAI's clients read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from transcriber import errors
from transcriber.errors import TranscriberError

_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}

_STATUSES: dict[type[TranscriberError], int] = {
    # The request asks for what does not exist or contradicts itself.
    errors.UsageError: 400,
    # The recording that was sent is at fault; the same one will fail again.
    errors.InputError: 400,
    # The request named it; OpenAI answers so for a model that it does not have.
    errors.ModelError: 404,
    # The recording is larger than the time and memory that it may take.
    errors.LimitError: 413,
    # This machine is too small at the moment, and another request may fit.
    errors.OutOfMemoryError: 503,
    errors.EngineFailedError: 503,
    # What this server fetches from others did not come, or is not what was published.
    errors.NetworkError: 502,
    errors.SignatureError: 502,
    # The administrator forbids the download that it would take.
    errors.OfflineError: 503,
    errors.StorageError: 507,
    # The installation is incomplete, which no client can mend.
    errors.DependencyError: 500,
}
"""What each failure of the program is to a client. OpenAI's clients ask again after 408, 409,
429 and 5xx, so what fails again is a 4xx."""


class HttpError(Exception):
    """A request that gets an error for an answer.

    Parameters
    ----------
    status : int
        The status of the answer, 400 to 599.
    message : str
        What is wrong and what to do about it, for the person at the client.
    kind : str, optional
        OpenAI's ``type``. By default it follows from the status.
    param : str, optional
        The parameter of the request that is at fault.
    code : str, optional
        A word for programs.
    headers : Sequence[tuple[str, str]], optional
        Headers that the answer carries as well.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "",
        param: str | None = None,
        code: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind or _kind(status)
        self.param = param
        self.code = code
        self.headers = tuple(headers)

    def payload(self) -> dict[str, dict[str, str | None]]:
        """Return the body of the answer, as OpenAI writes it."""
        return {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }


def http_error(failure: TranscriberError) -> HttpError:
    """Return what a failure of the program is to a client: its message with the remedy."""
    for known in type(failure).__mro__:
        if known in _STATUSES:
            return HttpError(_STATUSES[known], str(failure), code=_code(known))
    return HttpError(500, str(failure))


def _kind(status: int) -> str:
    return _KINDS.get(status) or ("invalid_request_error" if status < 500 else "server_error")


def _code(failure: type) -> str:
    """Return the class's name in the manner of OpenAI's codes: ``out_of_memory_error``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", failure.__name__).lower()
