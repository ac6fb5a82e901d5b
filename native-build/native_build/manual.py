"""The manual: argparse-manpage's page of the options, with the program's tables behind it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from argparse_manpage.manpage import Manpage

from transcriber import __version__
from transcriber.environment import variable_lines
from transcriber.exit_codes import exit_code_lines
from transcriber.options.help_text import DEFAULTS, EXAMPLES, SUMMARY

_SYNOPSIS = r"""
.B transcriber
.RI [ OPTION " ...] " RECORDING " ..."
.br
.B transcriber
.I COMMAND
.RI [ OPTION " ...]"
"""


def manual(parser: argparse.ArgumentParser) -> str:
    """Return the source of the manual, for section 1.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of everything.
    """
    parser.description = f"{SUMMARY} Options may be written with dashes or with underscores."
    page = Manpage(parser, format="single-commands-section")
    # Of the day that it was made on, otherwise.
    page.date = ""
    page.source = f"transcriber {__version__}"
    page.manual = "User Commands"
    page.description = "speech to text with OpenAI's Whisper"
    page.add_section("synopsis", "=", _SYNOPSIS.strip())
    page.add_section("exit status", "=", _list(exit_code_lines()))
    page.add_section("environment", "=", _list(variable_lines()))
    page.add_section("files", "=", _escaped(DEFAULTS[0].upper() + DEFAULTS[1:].strip() + "."))
    page.add_section("examples", "=", _list((text, f"$ {line}") for line, text in EXAMPLES))
    return str(page)


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f".TP\n.B {_escaped(name)}\n{_escaped(text)}" for name, text in rows)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-")
