"""What ``--help`` and ``--help-all`` print: a screen of what most need, and everything."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from transcriber.environment import variable_lines
from transcriber.exit_codes import exit_code_lines
from transcriber.subcommands import SUBCOMMANDS

USAGE = "transcriber [OPTION ...] RECORDING ..."
"""One line: the options of all groups would fill a screen by themselves."""

SUMMARY = "Transcribe recordings with OpenAI's Whisper, and write text and subtitles."

EXAMPLES: Sequence[tuple[str, str]] = (
    ("transcriber talk.mp3", "transcribe a recording"),
    ("transcriber -f srt --language de talks/", "German subtitles for a folder"),
)

COMMON: Mapping[str, str] = {
    "--model": "tiny, base, small, medium, turbo ... (small)",
    "--language": "code or name; detected when not given",
    "--task": "transcribe, or translate to English",
    "--output_dir": "folder of the files; - prints the text (.)",
    "--output_format": "txt, srt, vtt, docx ... or all (all)",
    "--hotwords": "names and words that occur in the recording",
    "--offline": "never open a network connection",
}
"""The options that most users come to need, each with what fits a line."""

DEFAULTS = """\
defaults of your own: lines such as `language = de` in the file that
`transcriber doctor` names
"""


def short_help(parser: argparse.ArgumentParser) -> str:
    """Return what fits a screen: examples, the options of `COMMON`, and the sub-commands.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of a transcription.
    """
    actions = {name: action for action in parser._actions for name in action.option_strings}
    options = [(_in_short(actions[name]), text) for name, text in COMMON.items()]
    commands = [(name, text.rstrip(".")) for name, text in SUBCOMMANDS.items()]
    parts = (
        f"usage: {USAGE}\n{SUMMARY}",
        _columns(EXAMPLES),
        _columns(options),
        f"sub-commands, each with a --help of its own:\n{_columns(commands)}",
        "`transcriber --help-all` shows all options, exit codes and variables.",
    )
    return "\n\n".join(parts) + "\n"


def full_help(parser: argparse.ArgumentParser) -> str:
    """Return all: every group of options, the exit codes and the environment variables.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of a transcription.
    """
    formatter = _Formatter(parser.prog)
    formatter.add_usage(USAGE, (), ())
    formatter.add_text(f"{SUMMARY}\n\n{_columns(EXAMPLES)}")
    for group in parser._action_groups:
        formatter.start_section(group.title)
        formatter.add_arguments(group._group_actions)
        formatter.end_section()
    for title, lines in (
        ("sub-commands", SUBCOMMANDS.items()),
        ("exit codes", exit_code_lines()),
        ("environment variables", variable_lines()),
    ):
        formatter.start_section(title)
        formatter.add_arguments([_entry(name, text) for name, text in lines])
        formatter.end_section()
    formatter.add_text(DEFAULTS)
    return formatter.format_help()


def _entry(name: str, text: str) -> argparse.Action:
    """Return what the formatter shows as it shows an option: argparse has no list of words."""
    return argparse.Action([], name, metavar="\n  ".join(textwrap.wrap(name, 76)), help=text)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Shows an option with its short name first, and its value once."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        return _invocation(action) if action.option_strings else str(action.metavar)


def _invocation(action: argparse.Action) -> str:
    names = ", ".join(sorted(action.option_strings, key=len))
    if action.nargs == 0:
        return names
    choices = f"{{{','.join(map(str, action.choices))}}}" if action.choices else ""
    return f"{names} {action.metavar or choices}"


def _in_short(action: argparse.Action) -> str:
    """Return the names of an option; what it may be is told beside it."""
    names = ", ".join(sorted(action.option_strings, key=len))
    return f"{names} KIND" if action.choices else _invocation(action)


def _columns(lines: Iterable[tuple[str, str]]) -> str:
    """Return names and what they are for in two columns."""
    rows = list(lines)
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"  {name:{width}}  {text}" for name, text in rows)
