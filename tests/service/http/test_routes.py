"""Which handler answers which path."""

from __future__ import annotations

import pytest

from service.http.serving import hello
from transcriber.service.http.errors import HttpError
from transcriber.service.http.routes import Route, Router

PATTERNS = [
    ("GET", "/api/jobs/{id}"),
    ("DELETE", "/api/jobs/{id}"),
    ("GET", "/api/jobs/new"),
    ("POST", "/api/jobs"),
    ("GET", "/api/jobs/{id}/events"),
    ("GET", "/{rest...}"),
    ("GET", "/api/{name}.json"),
]


@pytest.fixture
def router() -> Router:
    return Router(Route(method, pattern, hello) for method, pattern in PATTERNS)


@pytest.mark.parametrize(
    ("method", "path", "pattern", "parameters"),
    [
        ("GET", "/api/jobs/7", "/api/jobs/{id}", {"id": "7"}),
        ("HEAD", "/api/jobs/7", "/api/jobs/{id}", {"id": "7"}),
        ("DELETE", "/api/jobs/new", "/api/jobs/{id}", {"id": "new"}),
        ("GET", "/api/jobs/new", "/api/jobs/new", {}),
        ("GET", "/api/jobs/7/events", "/api/jobs/{id}/events", {"id": "7"}),
        ("GET", "/api/jobs/a b\n", "/api/jobs/{id}", {"id": "a b\n"}),
        ("GET", "/static/a/b.js", "/{rest...}", {"rest": "static/a/b.js"}),
        ("GET", "/...", "/{rest...}", {"rest": "..."}),
        ("GET", "/api/x.json", "/api/{name}.json", {"name": "x"}),
        ("GET", "/api/jobs", "/{rest...}", {"rest": "api/jobs"}),
    ],
)
def test_finds_the_route_that_says_most(
    router: Router, method: str, path: str, pattern: str, parameters: dict[str, str]
) -> None:
    route, found = router.find(method, path)
    assert (route.pattern, dict(found)) == (pattern, parameters)


@pytest.mark.parametrize(
    "path",
    ["/", "", "*", "/a//b", "/a/", "/..", "/a/../b", "/a/..", "/./a", "/api/jobs/../x", "//etc"],
)
def test_no_path_climbs(router: Router, path: str) -> None:
    with pytest.raises(HttpError) as raised:
        router.find("GET", path)
    assert raised.value.status == 404


def test_tells_which_methods_a_path_has(router: Router) -> None:
    with pytest.raises(HttpError) as raised:
        router.find("PUT", "/api/jobs/7")
    assert raised.value.status == 405
    assert raised.value.headers == (("Allow", "DELETE, GET, HEAD, OPTIONS"),)
    assert router.methods("/") == ()


@pytest.mark.parametrize("patterns", [["/a", "/a"], ["/{a...}/b"], ["/{a"], ["/a}"], ["/{a-b}"]])
def test_refuses_routes_that_make_no_sense(patterns: list[str]) -> None:
    with pytest.raises(ValueError, match=r"route|pattern|rest"):
        Router(Route("GET", pattern, hello) for pattern in patterns)
