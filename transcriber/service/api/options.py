"""``/api/options`` and ``/api/defaults``: the options of a job, and what the user prefers."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from typing import Any

from transcriber.errors import TranscriberError
from transcriber.files import atomic_writer, make_directory
from transcriber.options.defaults import defaults_path
from transcriber.options.parser import make_parser
from transcriber.options.values import Number, boolean
from transcriber.service.api.views import read_object
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response
from transcriber.service.job_options import (
    GROUPS,
    as_text,
    job_words,
    option_actions,
    shown_options,
)

_COMMON = frozenset(
    {
        *("model", "language", "task", "word_timestamps", "subtitles"),
        *("hotwords", "initial_prompt", "beam_size", "compute_type"),
    }
)
"""Options that most people look for."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Answers what can be chosen, and what is.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context

    def everything(self, _: Request) -> Response:
        """Answer with the options of a job, in groups."""
        known = option_actions()
        groups = []
        for title, add in GROUPS.items():
            parser = argparse.ArgumentParser(add_help=False)
            add(parser.add_argument_group(title))
            names = [action.dest for action in parser._actions if action.dest in known]
            groups.append((title, names))
        rest = known.keys() - {name for _, names in groups for name in names}
        groups.append(("More", sorted(rest)))
        return json_response(
            {
                "groups": [
                    {"title": title, "options": [_shown(known[name]) for name in names]}
                    for title, names in groups
                ]
            }
        )

    def defaults(self, _: Request) -> Response:
        """Answer with the user's own defaults."""
        return json_response({"options": shown_options(_words_of_file())})

    def change(self, request: Request) -> Response:
        """Keep the user's own defaults; what is None or missing has none."""
        given = read_object(request).get("options")
        if not isinstance(given, dict):
            raise HttpError(400, "options: no object in JSON", param="options")
        try:
            job_words(self.context, given)
            _write({name: value for name, value in given.items() if value not in (None, "", [])})
        except TranscriberError as error:
            raise http_error(error) from error
        return self.defaults(request)


def _shown(action: argparse.Action) -> dict[str, Any]:
    kind = "text"
    if action.choices is not None:
        kind = "choice"
    elif action.type is boolean:
        kind = "boolean"
    elif isinstance(action.type, Number):
        kind = "number"
    default = action.default
    return {
        "name": action.dest,
        "help": (action.help or "") % {"default": default},
        "kind": kind,
        "choices": list(action.choices or ()),
        "default": default if isinstance(default, str | int | float | bool) else None,
        "common": action.dest in _COMMON,
        **_bounds(action.type),
    }


def _bounds(kind: object) -> dict[str, float | None]:
    """Return what a number may be, and how far from the next one it is; None where all goes."""
    if not isinstance(kind, Number):
        return {"minimum": None, "maximum": None, "step": None}
    return {
        "minimum": kind.low if math.isfinite(kind.low) else None,
        "maximum": kind.high if math.isfinite(kind.high) else None,
        "step": 1 if kind.convert is int else None,
    }


def _lines_of_file() -> list[str]:
    path = defaults_path()
    try:
        return path.read_text("utf-8", "surrogateescape").split("\n") if path else []
    except OSError:
        return []


def _name_of(line: str) -> str:
    return line.partition("=")[0].strip().removeprefix("--").replace("-", "_")


def _words_of_file() -> list[str]:
    return [
        f"--{_name_of(line)}={line.partition('=')[2].strip() or 'True'}"
        for line in _lines_of_file()
        if line.strip() and not line.lstrip().startswith("#")
    ]


def _write(options: dict[str, Any]) -> None:
    """Replace the lines of options that the page shows; all others stay as they are."""
    path = defaults_path()
    if path is None:
        raise HttpError(507, "there is no home folder to keep defaults in")
    known = make_parser()
    shown = option_actions().keys()
    kept = [line for line in _lines_of_file() if _name_of(line) not in shown]
    while kept and not kept[-1].strip():
        kept.pop()
    added = [
        f"{name} = {as_text(value)}" for name, value in options.items() if known.option(f"--{name}")
    ]
    make_directory(path.parent)
    with atomic_writer(path) as stream:
        text = "\n".join([*kept, *added, ""])
        stream.write(text.encode("utf-8", "surrogateescape"))
