"""The manual: argparse-manpage's page of the options, with the program's tables behind it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from argparse_manpage.manpage import Manpage, _ManpageFormatter, bold, underline

from transcriber import __version__
from transcriber.environment import variable_lines
from transcriber.exit_codes import exit_code_lines
from transcriber.options.help_text import EXAMPLES, SUMMARY

_SYNOPSIS = r"""
.B transcriber
.RI [ OPTION " ...] " RECORDING " ..."
.br
.B transcriber
.I COMMAND
.RI [ OPTION " ...]"
"""

_FILES = (
    (
        "~/.config/whisper-transcriber/defaults",
        "defaults of your own: options without their dashes, one a line, such as language = de",
    ),
    ("~/.config/whisper-transcriber/model", "the model that was chosen at the first start"),
    ("~/.cache/whisper", "the models, where openai-whisper keeps them, too"),
    (
        "~/.cache/whisper-transcriber",
        "what can be made or fetched again: packed weights, the CUDA add-on, unpacked AppImages",
    ),
    (
        "NAME.transcriber-journal",
        "beside the output files: what was decoded so far; the same command continues there",
    ),
    (
        "NAME.transcriber-partial.txt",
        "beside them after Ctrl-C, and others for other formats: the text so far",
    ),
)

_SEE_ALSO = r"""
.BR ffmpeg (1),
.BR minisign (1),
https://github.com/openai/whisper
"""


class _Formatter(_ManpageFormatter):  # type: ignore[misc]
    """Shows a value once, behind all names of an option, and of a sub-command what it is for."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings:
            shown: str = super()._format_action_invocation(action)
            return shown + r" \&..." * (action.nargs in ("+", "*"))
        # The first of two spellings stands for both.
        spelled = {name.replace("-", "_"): name for name in reversed(action.option_strings)}
        names = ", ".join(bold(name) for name in sorted(spelled.values(), key=len))
        if action.nargs == 0:
            return names
        return f"{names} {underline(self._format_args(action, action.dest.upper()))}"

    def _format_parser(
        self,
        parser: argparse.ArgumentParser,
        subcommand: str | None = None,
        *_: object,
        **more: object,
    ) -> list[str]:
        lines: list[str] = super()._format_parser(parser, subcommand, **more)
        if subcommand:
            # The usage: all of it follows.
            del lines[1:3]
        return lines


def manual(parser: argparse.ArgumentParser) -> str:
    """Return the source of the manual, for section 1.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of everything.
    """
    parser.description = f"{SUMMARY} Options may be written with dashes or with underscores."
    page = Manpage(parser, format="single-commands-section")
    page.mf = _Formatter(parser.prog, page.mf.of, page.mf.format)
    # Of the day that it was made on, otherwise.
    page.date = ""
    page.source = f"transcriber {__version__}"
    page.manual = "User Commands"
    page.description = "speech to text with OpenAI's Whisper"
    page.add_section("synopsis", "=", _SYNOPSIS.strip())
    page.add_section("exit status", "=", _list(exit_code_lines()))
    page.add_section("environment", "=", _list(variable_lines()))
    page.add_section("files", "=", _list(_FILES))
    page.add_section("examples", "=", _list((text, f"$ {line}") for line, text in EXAMPLES))
    page.add_section("see also", "=", _SEE_ALSO.strip())
    return str(page)


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f".TP\n.B {_escaped(name)}\n{_escaped(text)}" for name, text in rows)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti")
