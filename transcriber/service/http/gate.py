"""Who may ask: hosts, pages of other sites, API keys, and the one-time token of the browser.

A server on the loopback address is reachable by every page that the user opens, since a browser
sends what a page asks for. So the rules are those of Jupyter: the ``Host`` must be ours, a page
of another site is refused, and our own page shows a cookie that it got for a token.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from transcriber.service.http.errors import HttpError
from transcriber.service.http.request import LOCAL, Request
from transcriber.service.http.response import Response

_SESSIONS = 100
"""Cookies that are known at once; the oldest is forgotten. A user has a few browsers."""

_PREFLIGHT_SECONDS = 600
"""How long a browser may remember a preflight; Chrome's own limit is 7,200."""

_SECRET_BYTES = 32
"""Of random in tokens and cookies, as much as a key of AES-256."""

_KEY_NAME = "openai-insecure-api-key."
"""What OpenAI's clients in browsers put before the key where they name protocols of a WebSocket."""


class Access(enum.Enum):
    """Who may use a route."""

    OPEN = "open"
    """Everybody who may reach the server: whether it is healthy."""
    API = "api"
    """Programs with a key; without keys, programs of this machine; and our own page."""
    PAGE = "page"
    """Our own page: a browser with the cookie, or whoever has a key."""


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """What the operator of a server decides.

    Parameters
    ----------
    allowed_hosts : frozenset[str]
        Values of ``Host``, with the port: `loopback_hosts` and the names of this machine.
    api_keys : tuple[str, ...], optional
        The keys that open everything.
    allow_origins : frozenset[str], optional
        Origins whose pages may ask, such as ``https://notes.example``; ``*`` for all. Their
        requests never count by a cookie.
    session_token : str, optional
        The first one-time token of a browser; none when there are no pages.
    """

    allowed_hosts: frozenset[str]
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    allow_origins: frozenset[str] = frozenset()
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Visit:
    """Where a request comes from.

    Parameters
    ----------
    foreign : bool
        Whether a page of another site asks, which `GateSettings.allow_origins` lets in.
    headers : tuple[tuple[str, str], ...]
        What the answer needs for the browser to show it to that page.
    """

    foreign: bool = False
    headers: tuple[tuple[str, str], ...] = ()


def loopback_hosts(port: int) -> frozenset[str]:
    """Return what ``Host`` says for a server on this machine's loopback addresses."""
    names = ("127.0.0.1", "localhost", "[::1]")
    with_port = frozenset(f"{name}:{port}" for name in names)
    return with_port | frozenset(names) if port == 80 else with_port


def new_secret() -> str:
    """Return a new token."""
    return os.urandom(_SECRET_BYTES).hex()


class Gate:
    """Decides about each request. Safe to use from several threads."""

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self._hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self._keys = tuple(key.encode() for key in settings.api_keys)
        # The oldest first. Secrets are kept and looked up by their digests only.
        self._tokens = [_digest(settings.session_token)] if settings.session_token else []
        self._sessions: dict[str, None] = {}
        # What a cache keeps for one origin is not for another.
        self._vary = (("Vary", "Origin"),) if settings.allow_origins else ()
        self._lock = threading.Lock()

    def issue_token(self) -> str:
        """Return a further one-time token, for another browser."""
        token = new_secret()
        with self._lock:
            self._tokens = [*self._tokens[-_SESSIONS:], _digest(token)]
        return token

    def examine(self, request: Request) -> Visit:
        """Look where a request comes from.

        Raises
        ------
        HttpError
            400 without a host, 421 for a foreign host, 403 for a page of another site.
        """
        host = request.headers.get("host").lower()
        if not host:
            raise HttpError(400, "the request names no host")
        # Whoever makes a name of theirs point to this address reads its answers as their own
        # (DNS rebinding). No browser speaks to a unix socket.
        if host not in self._hosts and request.client != LOCAL:
            raise HttpError(
                421, "this server does not answer for that host: name it among the allowed hosts"
            )
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site").lower()
        allowed = self._settings.allow_origins
        if origin and origin.lower().partition("://")[2] != host:
            if "*" not in allowed and origin not in allowed:
                raise HttpError(403, "pages of that origin may not ask this server")
            named = "*" if "*" in allowed else origin
            cors = ("Access-Control-Allow-Origin", named)
            return Visit(foreign=True, headers=(cors, *self._vary))
        if site in ("cross-site", "same-site"):
            if "*" not in allowed:
                raise HttpError(403, "pages of other sites may not ask this server")
            return Visit(foreign=True, headers=self._vary)
        return Visit(headers=self._vary)

    def admit(self, request: Request, visit: Visit, access: Access) -> str:
        """Return who asks, as `Request.session` has it, when they may use a route.

        Raises
        ------
        HttpError
            401 without a valid key, 403 for a browser without the cookie.
        """
        session = self._key(request) or (not visit.foreign and self._cookie(request)) or ""
        if session or access is Access.OPEN:
            return session
        if access is Access.PAGE:
            raise HttpError(403, "open the address with the token that the program shows")
        if self._keys:
            raise HttpError(
                401,
                "this server needs one of its keys, as Authorization: Bearer",
                code="invalid_api_key",
                headers=(("WWW-Authenticate", "Bearer"),),
            )
        if not _from_this_machine(request):
            raise HttpError(403, "without keys, this server answers programs of its machine only")
        return ""

    def exchange(self, request: Request) -> Response | None:
        """Return the cookie for the one-time token in ``/?token=...``; None for what is no such.

        Raises
        ------
        HttpError
            403 when the token is wrong or was used.
        """
        if request.method != "GET" or request.path != "/" or "token" not in request.query:
            return None
        given = _digest(request.first("token"))
        headers = [("Location", "/"), ("Cache-Control", "no-store")]
        with self._lock:
            if given in self._tokens:
                self._tokens.remove(given)
                secret = new_secret()
                kept = [*self._sessions, _digest(secret)][-_SESSIONS:]
                self._sessions = dict.fromkeys(kept)
                attributes = "Path=/; HttpOnly; SameSite=Strict"
                headers.append(("Set-Cookie", f"{_cookie_name(request)}={secret}; {attributes}"))
                return Response(303, headers)
        # The user went back to the address in the history.
        if self._cookie(request):
            return Response(303, headers)
        raise HttpError(403, "this address was used before: ask the program for a new one")

    def preflight(self, request: Request, visit: Visit, methods: Iterable[str]) -> Response:
        """Return the answer to OPTIONS for a path that has `methods`."""
        allowed = ", ".join(methods)
        headers = [("Allow", allowed)]
        if visit.foreign:
            # OpenAI's client sends a dozen headers of its own; none does any harm.
            wanted = request.headers.get("access-control-request-headers", "Authorization")
            headers += [
                ("Access-Control-Allow-Methods", allowed),
                ("Access-Control-Allow-Headers", wanted),
                ("Access-Control-Allow-Private-Network", "true"),
                ("Access-Control-Max-Age", str(_PREFLIGHT_SECONDS)),
            ]
        return Response(204, headers)

    def _key(self, request: Request) -> str:
        given = _given_key(request)
        # Headers are read as Latin-1; these are the bytes that came.
        sent = given.encode("latin-1")
        # All are compared, so that the time tells nothing.
        matches = [hmac.compare_digest(key, sent) for key in self._keys]
        return f"key-{_digest(given)[:16]}" if given and any(matches) else ""

    def _cookie(self, request: Request) -> str:
        wanted = _cookie_name(request)
        for pair in request.headers.get("cookie").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == wanted and (digest := _digest(value)) in self._sessions:
                return f"page-{digest[:16]}"
        return ""


def _given_key(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    # A page cannot send that header with a WebSocket.
    names = (name.strip() for name in request.headers.get("sec-websocket-protocol").split(","))
    keys = (name.removeprefix(_KEY_NAME) for name in names if name.startswith(_KEY_NAME))
    return next(keys, "")


def _cookie_name(request: Request) -> str:
    """Return a name of its own for each port: browsers give cookies to all ports of a host."""
    port = request.headers.get("host").rpartition(":")[2]
    return f"transcriber-{port}" if port.isdecimal() else "transcriber"


def _from_this_machine(request: Request) -> bool:
    """Return whether no other machine asks, neither directly nor through a proxy on this one."""
    if "forwarded" in request.headers or "x-forwarded-for" in request.headers:
        return False
    host = request.headers.get("host").lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    client = request.client.removeprefix("::ffff:")
    if client == LOCAL:
        return True
    loopback = client == "::1" or client.startswith("127.")
    return loopback and name in ("127.0.0.1", "localhost", "[::1]")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
