"""The description of the interface, held to the interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

from service.conftest import SHARED, Service
from transcriber.exporting.formats import FORMATS
from transcriber.service.http.gate import Access
from transcriber.service.openai import parameters
from transcriber.service.routes import service_routes


def description() -> dict[str, Any]:
    file = resources.files("transcriber.service") / "openapi.json"
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@SHARED
def test_it_has_all_routes_and_no_other(service: Service) -> None:
    routes = {(route.method, route.pattern) for route in service_routes(service.context)}
    assert {(method, path) for method, path, _ in operations()} == routes


@SHARED
def test_it_says_what_needs_no_key(service: Service) -> None:
    routes = service_routes(service.context)
    unlocked = {route.pattern for route in routes if route.access is Access.OPEN}
    assert {path for _, path, operation in operations() if "security" in operation} == unlocked


def test_it_names_the_parameters_of_each_path() -> None:
    for method, path, operation in operations():
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert all(f"{{{name}}}" in path for name in named), (method, path)
        assert path.count("{") == len(named), (method, path)


def test_every_reference_leads_somewhere() -> None:
    whole = description()

    def check(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                found = whole
                for name in part["$ref"].removeprefix("#/").split("/"):
                    found = found[name]
            for one in part.values():
                check(one)
        elif isinstance(part, list):
            for one in part:
                check(one)

    check(whole)


def test_it_has_the_formats_that_there_are() -> None:
    whole = description()
    asked = whole["components"]["schemas"]["Transcription"]["properties"]
    assert tuple(asked["response_format"]["enum"]) == parameters.FORMATS
    (chosen,) = [
        one
        for one in whole["paths"]["/api/jobs/{job}/export"]["get"]["parameters"]
        if one["name"] == "format"
    ]
    assert chosen["schema"]["enum"] == [*FORMATS]


@SHARED
def test_answers_have_the_fields_that_it_names(service: Service) -> None:
    job = service.done("say one")
    schemas = description()["components"]["schemas"]
    assert schemas["Job"]["properties"].keys() == service.ask(f"/api/jobs/{job}")[1].keys()
    transcript = service.ask(f"/api/jobs/{job}/transcript")[1]
    assert schemas["Transcript"]["properties"].keys() == transcript.keys()
    model = service.ask("/api/models")[1]["models"][0]
    assert schemas["Model"]["properties"].keys() == model.keys()
    _, verbose = service.transcribe(
        "say one", response_format="verbose_json", **{"timestamp_granularities[]": "word"}
    )
    assert schemas["Verbose"]["properties"].keys() == verbose.keys()
    _, refused = service.ask("/api/jobs/nobody")
    assert schemas["Error"]["properties"]["error"]["properties"].keys() == refused["error"].keys()


@SHARED
def test_it_is_served(service: Service) -> None:
    assert service.ask("/openapi.json") == (200, description())
