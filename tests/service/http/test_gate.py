"""Who may ask."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from service.http.serving import Answer, Served, hello, opened, serving
from transcriber.service.http.errors import HttpError
from transcriber.service.http.gate import Access, Gate, GateSettings, loopback_hosts
from transcriber.service.http.request import LOCAL, Headers, Request
from transcriber.service.http.response import text_response
from transcriber.service.http.routes import Route

HOST = "127.0.0.1:8000"
ONCE = "once"
PLAIN = GateSettings(allowed_hosts=loopback_hosts(8000))
NAMED = GateSettings(allowed_hosts=loopback_hosts(8000) | {"Box:8000"})
KEYED = dataclasses.replace(PLAIN, api_keys=("first", "sécret"))
TOKEN = dataclasses.replace(PLAIN, session_token=ONCE)
SITE = "https://notes.example"
OPEN_TO_SITE = dataclasses.replace(PLAIN, allow_origins=frozenset({SITE}))
OPEN_TO_ALL = dataclasses.replace(PLAIN, allow_origins=frozenset({"*"}))


def asked(
    headers: Mapping[str, str] | None = None, client: str = "127.0.0.1", path: str = "/api"
) -> Request:
    return Request(
        "GET",
        path,
        headers=Headers({"host": HOST, **(headers or {})}.items()),
        client=client,
    )


def outcome(
    settings: GateSettings,
    access: Access,
    headers: Mapping[str, str] | None = None,
    client: str = "127.0.0.1",
) -> int:
    """Return the status that the gate gives a request, 200 for none of its own."""
    gate, request = Gate(settings), asked(headers, client)
    try:
        gate.admit(request, gate.examine(request), access)
    except HttpError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    ("settings", "host", "client", "status"),
    [
        (PLAIN, HOST, "127.0.0.1", 200),
        (PLAIN, "localhost:8000", "127.0.0.1", 200),
        (PLAIN, "LOCALHOST:8000", "127.0.0.1", 200),
        (PLAIN, "[::1]:8000", "::1", 200),
        (PLAIN, "", "127.0.0.1", 400),
        (PLAIN, "127.0.0.1", "127.0.0.1", 421),
        (PLAIN, "127.0.0.1:8001", "127.0.0.1", 421),
        (PLAIN, "evil.example:8000", "127.0.0.1", 421),
        (PLAIN, "localhost:8000.evil.example", "127.0.0.1", 421),
        (PLAIN, "box:8000", "127.0.0.1", 421),
        (NAMED, "box:8000", "127.0.0.1", 200),
        (GateSettings(allowed_hosts=loopback_hosts(80)), "localhost", "127.0.0.1", 200),
        (PLAIN, "anything", LOCAL, 200),
        (PLAIN, "", LOCAL, 400),
    ],
)
def test_the_host_must_be_ours(settings: GateSettings, host: str, client: str, status: int) -> None:
    assert outcome(settings, Access.OPEN, {"host": host}, client) == status


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize(
    ("settings", "headers", "refused"),
    [
        (PLAIN, {"sec-fetch-site": "cross-site"}, True),
        (PLAIN, {"sec-fetch-site": "same-site"}, True),
        (PLAIN, {"sec-fetch-site": "same-origin"}, False),
        (PLAIN, {"sec-fetch-site": "none"}, False),
        (PLAIN, {"origin": f"http://{HOST}"}, False),
        (PLAIN, {"origin": f"https://{HOST}"}, False),
        (PLAIN, {"origin": "http://127.0.0.1:9000"}, True),
        (PLAIN, {"origin": "http://localhost:8000"}, True),
        (PLAIN, {"origin": SITE}, True),
        (PLAIN, {"origin": "null"}, True),
        (OPEN_TO_SITE, {"origin": SITE, "sec-fetch-site": "cross-site"}, False),
        (OPEN_TO_SITE, {"origin": SITE + ".evil.example"}, True),
        (OPEN_TO_SITE, {"sec-fetch-site": "cross-site"}, True),
        (OPEN_TO_ALL, {"origin": "null", "sec-fetch-site": "cross-site"}, False),
        (OPEN_TO_ALL, {"sec-fetch-site": "cross-site"}, False),
    ],
)
def test_pages_of_other_sites_are_refused(
    access: Access, settings: GateSettings, headers: dict[str, str], refused: bool
) -> None:
    request = asked(headers)
    if refused:
        with pytest.raises(HttpError) as raised:
            Gate(settings).examine(request)
        assert raised.value.status == 403
    else:
        Gate(settings).examine(request)
    if access is Access.PAGE:
        # Whatever the origin, a page needs more.
        assert outcome(settings, access, headers) == 403


@pytest.mark.parametrize(
    ("access", "authorization", "status"),
    [
        (Access.API, "", 401),
        (Access.API, "Bearer first", 200),
        (Access.API, "bearer first", 200),
        (Access.API, "Bearer sécret".encode().decode("latin-1"), 200),
        (Access.API, "Bearer firs", 401),
        (Access.API, "Bearer firstt", 401),
        (Access.API, "Bearer ", 401),
        (Access.API, "Basic first", 401),
        (Access.API, "first", 401),
        (Access.PAGE, "Bearer first", 200),
        (Access.PAGE, "Bearer other", 403),
        (Access.OPEN, "", 200),
        (Access.OPEN, "Bearer other", 200),
    ],
)
def test_a_key_is_a_bearer(access: Access, authorization: str, status: int) -> None:
    assert outcome(KEYED, access, {"authorization": authorization}) == status


@pytest.mark.parametrize(
    ("headers", "client", "status"),
    [
        ({}, "127.0.0.1", 200),
        ({}, "127.9.9.9", 200),
        ({}, "::1", 200),
        ({}, LOCAL, 200),
        ({"authorization": "Bearer whatever"}, "127.0.0.1", 200),
        ({}, "192.168.1.2", 403),
        ({"host": "box:8000"}, "127.0.0.1", 403),
        ({"x-forwarded-for": "1.2.3.4"}, "127.0.0.1", 403),
        ({"forwarded": "for=1.2.3.4"}, LOCAL, 403),
    ],
)
def test_without_keys_programs_of_this_machine_may_ask(
    headers: dict[str, str], client: str, status: int
) -> None:
    assert outcome(NAMED, Access.API, headers, client) == status
    assert outcome(NAMED, Access.PAGE, headers, client) == 403


def test_a_session_tells_who_asks_without_the_secret() -> None:
    gate = Gate(KEYED)
    request = asked({"authorization": "Bearer first"})
    session = gate.admit(request, gate.examine(request), Access.API)
    assert session.startswith("key-")
    assert "first" not in session + repr(KEYED) + repr(TOKEN)
    other = asked({"authorization": "Bearer sécret".encode().decode("latin-1")})
    assert gate.admit(other, gate.examine(other), Access.API) != session


def exchanged(gate: Gate, token: str, headers: Mapping[str, str] | None = None) -> str:
    """Return the cookie for `token`, as a browser sends it."""
    request = dataclasses.replace(asked(headers, path="/"), query={"token": (token,)})
    response = gate.exchange(request)
    assert response is not None
    assert (response.status, response.header("Location")) == (303, "/")
    return response.header("Set-Cookie").partition(";")[0]


def test_a_token_is_good_for_one_cookie() -> None:
    gate = Gate(TOKEN)
    cookie = exchanged(gate, "once")
    request = asked({"cookie": f"other=1; {cookie}"})
    assert gate.admit(request, gate.examine(request), Access.PAGE).startswith("page-")
    assert gate.admit(request, gate.examine(request), Access.API).startswith("page-")
    for token in ("once", "", "other"):
        with pytest.raises(HttpError) as raised:
            exchanged(gate, token)
        assert raised.value.status == 403
    # The browser that has the cookie may go back to the address.
    assert exchanged(gate, "once", {"cookie": cookie}) == ""


@pytest.mark.parametrize("cookie", ["", "transcriber-8000=", "transcriber-8000=once", "x=y"])
def test_a_page_needs_the_right_cookie(cookie: str) -> None:
    assert outcome(TOKEN, Access.PAGE, {"cookie": cookie}) == 403


def test_a_cookie_counts_for_its_port_only() -> None:
    gate = Gate(dataclasses.replace(TOKEN, allowed_hosts=loopback_hosts(8000) | {"box:1"}))
    cookie = exchanged(gate, "once")
    request = asked({"cookie": cookie, "host": "box:1"})
    with pytest.raises(HttpError):
        gate.admit(request, gate.examine(request), Access.PAGE)


def test_a_cookie_does_not_count_for_a_page_of_another_site() -> None:
    gate = Gate(dataclasses.replace(KEYED, session_token=ONCE, allow_origins=frozenset({SITE})))
    request = asked({"cookie": exchanged(gate, "once"), "origin": SITE})
    with pytest.raises(HttpError) as raised:
        gate.admit(request, gate.examine(request), Access.API)
    assert raised.value.status == 401


def test_further_tokens_are_for_further_browsers() -> None:
    gate = Gate(PLAIN)
    first, second = gate.issue_token(), gate.issue_token()
    cookies = {exchanged(gate, second), exchanged(gate, first)}
    assert len(cookies) == 2
    with pytest.raises(HttpError):
        exchanged(gate, first)


def test_the_oldest_of_many_sessions_is_forgotten() -> None:
    gate = Gate(PLAIN)
    cookies = [exchanged(gate, gate.issue_token()) for _ in range(101)]
    oldest, newest = asked({"cookie": cookies[0]}), asked({"cookie": cookies[-1]})
    assert gate.admit(newest, gate.examine(newest), Access.PAGE)
    with pytest.raises(HttpError):
        gate.admit(oldest, gate.examine(oldest), Access.PAGE)


def settings(port: int) -> GateSettings:
    return GateSettings(
        allowed_hosts=loopback_hosts(port),
        api_keys=("key",),
        allow_origins=frozenset({SITE}),
        session_token=ONCE,
    )


ROUTES = [
    Route("GET", "/", lambda request: text_response(request.session), Access.PAGE),
    Route("GET", "/api", hello),
    Route("PUT", "/api", hello),
    *opened(hello, pattern="/health"),
]


def test_a_browser_gets_in_by_its_address() -> None:
    with serving(ROUTES, settings=settings) as running:
        assert running.ask("/").status == 403
        first = running.ask("/?token=once")
        assert (first.status, first.headers["Location"]) == (303, "/")
        cookie, *attributes = first.headers["Set-Cookie"].split("; ")
        assert attributes == ["Path=/", "HttpOnly", "SameSite=Strict"]
        page = running.ask("/", Cookie=cookie)
        assert (page.status, page.body[:5]) == (200, b"page-")
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert running.ask("/api", Cookie=cookie).status == 200
        assert running.ask("/?token=once").status == 403
        # HEAD takes no token away.
        token = running.gate.issue_token()
        running.ask(f"/?token={token}", "HEAD")
        assert running.ask(f"/?token={token}").status == 303
        secrets = (cookie.partition("=")[2], "once", token)
        assert not any(secret in line for line in running.lines for secret in secrets)


def test_another_site_gets_what_it_may_have() -> None:
    with serving(ROUTES, settings=settings) as running:
        denied = running.ask("/api", Origin=SITE)
        assert (denied.status, denied.headers["WWW-Authenticate"]) == (401, "Bearer")
        # It must be able to read why.
        assert denied.headers["Access-Control-Allow-Origin"] == SITE
        answer = running.ask("/api", Origin=SITE, Authorization="Bearer key")
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        foreign = running.ask("/health", Origin="https://other.example")
        assert foreign.status == 403
        assert "Access-Control-Allow-Origin" not in foreign.headers


def preflight(running: Served, origin: str) -> Answer:
    return running.ask(
        "/api",
        "OPTIONS",
        Origin=origin,
        Access_Control_Request_Method="PUT",
        Access_Control_Request_Headers="authorization,x-stainless-os",
    )


def test_a_preflight_is_answered_before_the_key_is_asked_for() -> None:
    with serving(ROUTES, settings=settings) as running:
        answer = preflight(running, SITE)
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, PUT"
        assert answer.headers["Access-Control-Allow-Headers"] == "authorization,x-stainless-os"
        assert preflight(running, "https://other.example").status == 403


def test_all_origins_are_an_asterisk() -> None:
    def to_all(port: int) -> GateSettings:
        return GateSettings(allowed_hosts=loopback_hosts(port), allow_origins=frozenset({"*"}))

    with serving(ROUTES, settings=to_all) as running:
        answer = running.ask("/api", Origin=SITE)
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_every_answer_is_safe_to_show() -> None:
    with serving(ROUTES) as running:
        for path in ("/health", "/nothing"):
            headers = running.ask(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "no-referrer"
