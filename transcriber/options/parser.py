"""The parser of a transcription's command line, and what makes it easier to write.

Every option may be written with dashes or with underscores, and one that is True or False without
a value.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from transcriber import __version__
from transcriber.errors import UsageError
from transcriber.options.decoding import add_decoding, add_text
from transcriber.options.groups import add_fetching, add_reading, add_words, add_writing
from transcriber.options.help_text import USAGE, full_help, short_help
from transcriber.options.machine import add_machine, add_speech
from transcriber.options.values import boolean
from transcriber.streams import print_whole

RECORDINGS = "audio"
"""openai-whisper's name of what is no option."""


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line, as every other failure."""

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` instead of printing the whole usage."""
        raise UsageError(message, f"see {self.prog} --help")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help so that a full disk is told as everywhere."""
        if file is sys.stdout:
            print_whole(message)
        else:
            super()._print_message(message, file)

    def option(self, name: str) -> argparse.Action | None:
        """Return the option of this very name."""
        return self._option_string_actions.get(name)

    def parse_mixed(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse options and recordings in any order; behind ``--`` are recordings only."""
        at = words.index("--") if "--" in words else len(words)
        behind = words[at + 1 :]
        recordings = next(action for action in self._actions if action.dest == RECORDINGS)
        recordings.nargs = "*" if behind else "+"
        given = self.parse_intermixed_args(words[:at])
        setattr(given, RECORDINGS, [*(getattr(given, RECORDINGS) or ()), *behind])
        return given

    def option_meant(self, word: str) -> argparse.Action | None:
        """Return the option that a word names, which may be an unambiguous beginning of it."""
        options = self._option_string_actions
        names = [word] if word in options else [name for name in options if name.startswith(word)]
        return options[names[0]] if len(names) == 1 else None


def with_underscores(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with ``--some-option=x`` written as ``--some_option=x``."""
    converted = list(arguments)
    for index, argument in enumerate(converted):
        if argument == "--":
            break
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            converted[index] = "--" + name[2:].replace("-", "_") + equals + value
    return converted


def with_truth(arguments: Sequence[str], parser: Parser) -> list[str]:
    """Return the arguments with ``=True`` behind what is True or False and has no value."""
    converted = list(arguments)
    for index, argument in enumerate(converted):
        if argument == "--":
            break
        if not argument.startswith("--") or "=" in argument:
            continue
        option = parser.option_meant(argument)
        if option is not None and option.type is boolean and _begins_anew(converted[index + 1 :]):
            converted[index] = f"{argument}=True"
    return converted


def _begins_anew(words: Sequence[str]) -> bool:
    """Whether the next word is an option or a recording, not a value that may be mistaken."""
    if not words or words[0].startswith(("-", "@")):
        return True
    word = words[0]
    if word.lower() in ("true", "false"):
        return False
    return any(sign in word for sign in "./*?[") or os.path.lexists(word)


def make_parser() -> Parser:
    """Return the parser of a transcription."""
    parser = Parser(prog="transcriber", usage=USAGE, add_help=False)
    add_recordings(parser)
    add_options(parser)
    return parser


def add_recordings(parser: Parser) -> None:
    """Add what is to be transcribed."""
    parser.add_argument_group("what to transcribe").add_argument(
        RECORDINGS,
        nargs="+",
        metavar="RECORDING",
        help="recordings, folders or quoted patterns; - is standard input; @FILE names a file of "
        "them, one a line",
    )


def add_options(parser: Parser) -> None:
    """Add all options of a transcription, in their groups."""
    for title, add in GROUPS.items():
        add(parser.add_argument_group(title))


def _add_general(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--help", "-h", action=_Show, const=short_help, help="show the most common options")
    everything = add(
        "--help-all",
        action=_Show,
        const=full_help,
        help="show all options, exit codes and environment variables",
    )
    # As `with_underscores` writes it: it is shown in the usual spelling only.
    group._option_string_actions["--help_all"] = everything
    add("--version", "-V", action=_Show, const=_version, help="show the version")
    add("--no_defaults", action="store_true", help="leave your own defaults out")


def _version(_: argparse.ArgumentParser) -> str:
    return f"transcriber {__version__}\n"


class _Show(argparse.Action):
    """Print what a function makes of the parser, and end the program."""

    const: Callable[[argparse.ArgumentParser], str]

    def __init__(
        self,
        option_strings: Sequence[str],
        dest: str,
        const: Callable[[argparse.ArgumentParser], str],
        help: str,
    ) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, const=const, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print_whole(self.const(parser))
        parser.exit()


GROUPS: Mapping[str, Callable[[argparse._ArgumentGroup], None]] = {
    "what to write": add_writing,
    "which model and language": add_text,
    "words and subtitles": add_words,
    "where it runs": add_machine,
    "reading recordings": add_reading,
    "fetching": add_fetching,
    "detecting speech": add_speech,
    "decoding": add_decoding,
    "this program": _add_general,
}
"""The groups of options, in the order of `--help-all`; each option is in one of them."""
