"""The options of a job, as clients name them, and as words of a command line.

A client may decide on the text, and on nothing else: not on files, devices or addresses.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from transcriber.engine.abilities import check_official
from transcriber.errors import UsageError
from transcriber.models.registry import find_official
from transcriber.models.store import stored_models
from transcriber.options.command_line import parse
from transcriber.options.decoding import add_decoding, add_text
from transcriber.options.groups import add_words
from transcriber.options.machine import add_speech
from transcriber.options.parser import Parser, make_parser, with_truth, with_underscores
from transcriber.service.context import Context
from transcriber.settings import RunSettings

GROUPS = {
    "Model and language": add_text,
    "Words and subtitles": add_words,
    "Detecting speech": add_speech,
    "Decoding": add_decoding,
}
"""Options that clients may give, in the groups of the command line."""

_OTHERS = frozenset({"compute_type", "batch_size", "audio_track", "clip_timestamps"})
"""Options of other groups that they may give, too."""

_THE_SERVERS = frozenset({"model_dir"})
"""Options of the groups that they may not give."""


_MOST_LETTERS = 10_000
"""Of a value: what a prompt has room for is a tenth of that."""

_MOST_ROWS = 100
"""Decoded side by side for one window: the memory is everybody's."""

_CALLS = frozenset(
    {
        *("audio", "queue", "no_defaults"),
        *("output_dir", "output_format", "skip_existing", "verbose", "quiet", "progress"),
    }
)
"""Options that are about a call of the command line, not about the job."""


@functools.cache
def option_actions() -> dict[str, argparse.Action]:
    """Return the options that clients may give, by their names without dashes."""
    parser = Parser(add_help=False)
    for title, add in GROUPS.items():
        add(parser.add_argument_group(title))
    names = {action.dest for action in parser._actions} | _OTHERS
    whole = make_parser()
    actions = ((name, whole.option(f"--{name}")) for name in sorted(names - _THE_SERVERS))
    return {name: action for name, action in actions if action is not None}


def given_options(arguments: Sequence[str]) -> dict[str, Any]:
    """Return the options of a job that a command line names, as it says them.

    Parameters
    ----------
    arguments : sequence of str
        Of a transcription.

    Raises
    ------
    UsageError
        When one of them is the service's business.

    Examples
    --------
    >>> given_options(["--queue", "a.mp3", "--language", "de", "-o", "texts", "--beam-size=3"])
    {'beam_size': '3', 'language': 'de'}
    """
    parser = make_parser()
    words = with_truth(with_underscores(arguments), parser)
    for action in parser._actions:
        if action.dest != "help":
            action.type, action.default = None, None
    given = {name: value for name, value in vars(parser.parse_mixed(words)).items() if value}
    others = sorted(given.keys() - option_actions().keys() - _CALLS)
    if others:
        raise UsageError(
            f"--{others[0]}: the running service decides on that",
            "leave it out, or give it to transcriber serve",
        )
    return {name: given[name] for name in sorted(given.keys() - _CALLS)}


def settings_of(words: Sequence[str]) -> RunSettings:
    """Return what options mean.

    Raises
    ------
    UsageError
        When they make no sense.
    """
    return parse([*words, "--output_dir", ".", "--", "recording"])


def job_words(context: Context, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words of a job: those of the service, and what a client wants.

    Parameters
    ----------
    context : Context
        The service.
    options : mapping
        By names of the command line, without dashes. What is None or empty is left as it is.

    Raises
    ------
    UsageError
        When an option is unknown, not the client's business, or has a value that makes no sense.
    """
    known = option_actions()
    words = list(context.words)
    # The same options have the same words, whatever order they came in: such jobs share a batch.
    for name, value in sorted(options.items()):
        if value is None or value in ("", [], ()):
            continue
        if name not in known:
            raise UsageError(f"there is no option {name!r} that a job may have")
        text = as_text(value)
        if len(text) > _MOST_LETTERS:
            raise UsageError(f"{name} has more than {_MOST_LETTERS:,} letters", "shorten it")
        words.append(f"--{name}={text}")
    if options.get("model"):
        check_model(context, str(options["model"]))
    settings = settings_of(words)
    decoding = settings.decoding
    if max(decoding.beam_size or 0, decoding.best_of or 0) > _MOST_ROWS:
        raise UsageError(f"beam_size and best_of may be {_MOST_ROWS} here", "lower them")
    check_official(settings.model, decoding)
    return tuple(words)


def as_text(value: object) -> str:
    r"""Return a value as the command line has it, on one line.

    Examples
    --------
    >>> as_text([1, 2])
    '1,2'
    >>> as_text("one line\nand another")
    'one line and another'
    """
    if isinstance(value, list | tuple):
        return ",".join(map(as_text, value))
    # Half of a surrogate pair is no text.
    return " ".join(str(value).encode("utf-8", "replace").decode().splitlines())


def check_model(context: Context, name: str) -> None:
    """Refuse what is no model's name: the server's files are not for clients to choose from.

    Raises
    ------
    UsageError
        When neither OpenAI nor the store has a model of that name.
    """
    if not is_model(context, name):
        raise UsageError(f"there is no model {name!r}", "see /v1/models")


def is_model(context: Context, name: str) -> bool:
    """Whether OpenAI or the store has a model of that name."""
    return find_official(name) is not None or any(
        model.name == name for model in stored_models(context.models)
    )


def shown_options(words: Sequence[str]) -> dict[str, Any]:
    """Return the options of a job as clients name them.

    Examples
    --------
    >>> shown_options(["--offline", "--model=base", "--word_timestamps=True", "--beam_size=5"])
    {'model': 'base', 'word_timestamps': True, 'beam_size': 5}
    """
    known = option_actions()
    pairs = (word.removeprefix("--").partition("=") for word in words)
    return {name: _value(known[name], value) for name, _, value in pairs if name in known}


def _value(action: argparse.Action, text: str) -> Any:
    if action.type is None:
        return text
    with contextlib.suppress(ValueError):
        value = json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
        # JSON has no word for what is not finite.
        if not isinstance(value, float) or math.isfinite(value):
            return value
    return text
