"""Which handler answers which path."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from transcriber.service.http.errors import HttpError
from transcriber.service.http.gate import Access
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response
from transcriber.service.http.websocket import Upgrade

Answer = Response | Upgrade
Handler = Callable[[Request], Answer]

_PARAMETER = re.compile(r"\{(\w+)(\.\.\.)?\}")


@dataclass(frozen=True)
class Route:
    """A method and a pattern of paths, and what answers them.

    Parameters
    ----------
    method : str
        In capitals. A route of GET answers HEAD as well.
    pattern : str
        A path. ``{name}`` stands for one segment, ``{name...}`` at the end for all that are
        left. None of them is empty, ``.`` or ``..``, so that no path climbs.
    handler : Callable[[Request], Response | Upgrade]
        Runs in a thread of its own request.
    access : Access
        Who may ask.
    """

    method: str
    pattern: str
    handler: Handler
    access: Access = Access.API


class Router:
    """Finds the route of a request.

    Parameters
    ----------
    routes : Iterable[Route]
        Where several patterns fit a path, a plain segment comes before a parameter, and a
        parameter before a rest, however they are listed.

    Raises
    ------
    ValueError
        When two routes have the same method and pattern, or a pattern is none.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[str, dict[str, Route]] = {}
        patterns: dict[str, dict[str, Route]] = {}
        for route in routes:
            plain = "{" not in route.pattern and "}" not in route.pattern
            methods = (self._exact if plain else patterns).setdefault(route.pattern, {})
            if route.method in methods:
                raise ValueError(f"{route.method} {route.pattern} has two routes")
            methods[route.method] = route
        self._patterns = [
            (_compile(pattern), methods)
            for pattern, methods in sorted(patterns.items(), key=lambda item: _rank(item[0]))
        ]

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """Return the route of a request, and what the path says for its parameters.

        Raises
        ------
        HttpError
            404 when no pattern fits, 405 when none that fits has the method.
        """
        found: set[str] = set()
        for methods, parameters in self._fitting(path):
            route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
            if route is not None:
                return route, parameters
            found |= methods.keys()
        if not found:
            raise HttpError(404, "there is nothing at this address")
        allowed = ", ".join(self.methods(path))
        raise HttpError(405, f"this address answers {allowed} only", headers=(("Allow", allowed),))

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that `path` answers, in the order of the alphabet."""
        found = {method for methods, _ in self._fitting(path) for method in methods}
        if found:
            found |= {"OPTIONS"} | ({"HEAD"} if "GET" in found else set())
        return tuple(sorted(found))

    def _fitting(self, path: str) -> Iterable[tuple[dict[str, Route], Mapping[str, str]]]:
        exact = self._exact.get(path)
        if exact is not None:
            yield exact, {}
        for pattern, methods in self._patterns:
            match = pattern.fullmatch(path)
            if match is not None:
                yield methods, match.groupdict()


def _compile(pattern: str) -> re.Pattern[str]:
    expression, end = "", 0
    for match in _PARAMETER.finditer(pattern):
        name, rest = match.groups()
        if rest and match.end() != len(pattern):
            raise ValueError(f"in {pattern} something follows the rest")
        expression += re.escape(pattern[end : match.start()])
        segment = r"(?!\.\.?(?:/|\Z))[^/]+"
        expression += f"(?P<{name}>{segment}(?:/{segment})*)" if rest else f"(?P<{name}>{segment})"
        end = match.end()
    if "{" in pattern[end:] or "}" in pattern[end:]:
        raise ValueError(f"{pattern} is no pattern of a path")
    return re.compile(expression + re.escape(pattern[end:]), re.DOTALL)


def _rank(pattern: str) -> list[int]:
    """Return what sorts patterns by how much they say, segment by segment."""
    return [
        0 if "{" not in segment else 2 if segment.endswith("...}") else 1
        for segment in pattern.split("/")
    ]
