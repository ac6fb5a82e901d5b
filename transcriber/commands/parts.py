"""What several sub-commands share: parsers of their own sub-commands, and options."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from transcriber.download.sources import OFFLINE_VARIABLE
from transcriber.options.values import number

Add = Callable[[str, str], argparse.ArgumentParser]
"""Adds a sub-command, by its name and what it does, and returns its parser."""


def parts_of(parser: argparse.ArgumentParser, name: str) -> Add:
    """Return what adds sub-commands to the sub-command `name`."""
    commands = parser.add_subparsers(dest=f"{name}_command", required=True, metavar="COMMAND")

    def add(part: str, description: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            part, help=description, description=f"{description.capitalize()}."
        )

    return add


def add_sources(
    parser: argparse.ArgumentParser, option: str, placeholders: str, variable: str
) -> None:
    """Add the options that say where something is fetched from.

    Parameters
    ----------
    parser : ArgumentParser
        Of the sub-command that fetches.
    option : str
        The one that names mirrors.
    placeholders : str
        What an address may hold.
    variable : str
        Of the environment; it sets the default.
    """
    parser.add_argument(
        option,
        action="append",
        default=[],
        metavar="ADDRESS",
        help="fetch from here first; may be repeated: an http, https or file address that the "
        f"file's name is appended to, or one with {placeholders} in it; ${variable} sets the "
        "default",
    )
    parser.add_argument(
        "--offline",
        action="store_true",
        help=f"fail instead of using the network, as ${OFFLINE_VARIABLE}=1 does",
    )


def add_keep_alive(parser: argparse.ArgumentParser) -> None:
    """Add how long what decodes stays without work."""
    parser.add_argument(
        "--keep_alive",
        type=number(float, low=0),
        default=300.0,
        metavar="SECONDS",
        help="how long the model stays in memory when there is nothing to do (%(default)g)",
    )
