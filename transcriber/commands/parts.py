"""What sub-commands that have sub-commands of their own share: their parsers, and two options."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from transcriber.download.sources import OFFLINE_VARIABLE

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
