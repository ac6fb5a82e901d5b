"""The user's own defaults: lines ``option = value`` of a file in the folder of settings.

A line begins with the long name of an option, with dashes or underscores. An empty line, and one
that begins with ``#``, says nothing. What the command line says goes before.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from transcriber.errors import UsageError
from transcriber.options.parser import Parser, make_parser
from transcriber.options.values import boolean
from transcriber.paths import PROGRAM, config_home

_LONGEST = 1 << 20
"""Bytes that are read: a file that a person wrote has far less."""

_NO_DEFAULTS = frozenset({argparse.SUPPRESS, "no_defaults"})
"""Options that mean something on the command line only."""


def defaults_path() -> Path | None:
    """Return the file of the user's own defaults, there or not; None where there is no home."""
    home = config_home()
    return home / PROGRAM / "defaults" if home else None


def read_defaults(
    path: Path | None, parser: Parser, check: Callable[[argparse.Namespace], None]
) -> dict[str, Any]:
    """Return the values that a file gives to options.

    Parameters
    ----------
    path : Path or None
        The file, which need not be there.
    parser : Parser
        Knows the options.
    check : callable
        Raises a `UsageError` for a value that the parser takes and that means nothing.

    Raises
    ------
    UsageError
        When it cannot be read, or a line of it makes no sense.
    """
    values: dict[str, Any] = {}
    for number, name, value in _lines(path):
        try:
            values |= _values(parser, name, value, check)
        except UsageError as error:
            raise UsageError(
                f"{path}, line {number}: {error.message}",
                "mend the line, or add --no_defaults",
            ) from error
    return values


def own_defaults() -> str | None:
    """Tell which file gives defaults to which options, for whoever looks for a cause.

    Raises
    ------
    UsageError
        As `read_defaults` does.
    """
    path = defaults_path()
    if path is None:
        return None
    found = _own()
    if found:
        return f"{path}: {', '.join(found)}"
    return f"{path} {'sets nothing' if os.path.exists(path) else 'is not there'}"


def words_for(names: frozenset[str]) -> list[str]:
    """Return the file's lines for some options, as a command line has them.

    A file that makes no sense says nothing here: whoever transcribes is told.
    """
    try:
        found = _own()
        lines = list(_lines(defaults_path()))
    except UsageError:
        return []
    words = []
    for _, name, value in lines:
        if name not in names:
            continue
        if found[name] is True:
            words.append(f"--{name}")
        elif value and found[name] is not False:
            words.append(f"--{name}={value}")
    return words


def default_of(name: str) -> str | None:
    """Return what the file says of one option, as it is written there."""
    words = words_for(frozenset({name}))
    return words[-1].partition("=")[2] if words else None


def network_defaults() -> tuple[bool, tuple[str, ...]]:
    """Return whether the file forbids the network, and the mirrors that it names."""
    mirrors = [word.partition("=")[2] for word in words_for(frozenset({"model_mirror"}))]
    return bool(words_for(frozenset({"offline"}))), tuple(mirrors)


def _own() -> dict[str, Any]:
    from transcriber.options.command_line import check_values  # noqa: PLC0415  which reads the defaults

    return read_defaults(defaults_path(), make_parser(), check_values)


def _lines(path: Path | None) -> Iterator[tuple[int, str, str | None]]:
    """Yield the number, the name and the value of each line that says something."""
    try:
        if path is None:
            return
        with path.open("rb") as stream:
            content = stream.read(_LONGEST)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}", "mend that, or add --no_defaults"
        ) from error
    text = content.decode("utf-8-sig", "surrogateescape")
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if line.strip() and not name.startswith("#"):
            if value.startswith("~/"):
                # No shell is there to do it.
                value = os.path.expanduser(value)  # noqa: PTH111 - of text
            yield number, name.removeprefix("--").replace("-", "_"), value if equals else None


def _values(
    parser: Parser, name: str, value: str | None, check: Callable[[argparse.Namespace], None]
) -> dict[str, Any]:
    option = parser.option(f"--{name}")
    if option is None or option.dest in _NO_DEFAULTS:
        raise UsageError(f"{name!r} is no option that may have a default: write OPTION = VALUE")
    if option.nargs == 0 or option.type is boolean:
        try:
            return {option.dest: boolean("True" if value is None else value)}
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"{name}: {error}") from error
    if value is None:
        raise UsageError(f"{name} has no value: write {name} = VALUE")
    given = parser.parse_args([f"--{name}={value}", "--", "recording"])
    check(given)
    return {option.dest: getattr(given, option.dest)}
