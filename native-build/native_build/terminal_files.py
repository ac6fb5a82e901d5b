"""Write what terminals use: the manual, and completion for shells, made of the program's parsers.

The same bytes each time, and nothing of this machine in them.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from functools import partial
from pathlib import Path

from native_build.manual import manual
from native_build.shell_completion import completions
from transcriber.commands.terminal_files import COMPLETIONS, MANUAL
from transcriber.options.help_text import USAGE
from transcriber.options.parser import Parser, add_options, add_recordings
from transcriber.subcommands import SUBCOMMANDS, module_of

MODELS = "~/.cache/whisper"
"""What stands for the folder of the models: that of this machine's user is nobody else's."""

_formatter = partial(argparse.RawDescriptionHelpFormatter, width=1000)
"""Breaks no line: that is left to who shows it, on a terminal of another width."""


def whole_parser(*, recordings: bool) -> Parser:
    """Return one parser of everything, the sub-commands included.

    Parameters
    ----------
    recordings : bool
        Whether it has recordings as well, which no parser could tell from sub-commands.
    """
    parser = Parser(prog="transcriber", usage=USAGE, add_help=False)
    if recordings:
        add_recordings(parser)
    add_options(parser)
    commands = parser.add_subparsers(title="sub-commands", metavar="COMMAND", prog=parser.prog)
    for name, meaning in SUBCOMMANDS.items():
        command = commands.add_parser(name, help=meaning, description=meaning)
        importlib.import_module(module_of(name)).add_arguments(command)
    _make_alike(parser)
    return parser


def write_terminal_files(folder: Path) -> None:
    """Write the manual and the scripts of all shells.

    Parameters
    ----------
    folder : Path
        The folder for them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {MANUAL: manual(whole_parser(recordings=True))}
    scripts = completions(whole_parser(recordings=False))
    texts |= {COMPLETIONS[shell]: script for shell, script in scripts.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def _make_alike(parser: argparse.ArgumentParser) -> None:
    """Take out of a parser, and of those in it, what is of this machine."""
    parser.formatter_class = _formatter
    for action in parser._actions:
        if isinstance(action.default, Path):
            action.default = MODELS
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                _make_alike(command)


if __name__ == "__main__":
    write_terminal_files(Path(sys.argv[1]))
