"""The parser of a transcription's command line, and what makes it easier to write.

Every option may be written with dashes or with underscores, and one that is True or False without
a value.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from transcriber import __version__
from transcriber.errors import UsageError
from transcriber.options.decoding import add_decoding
from transcriber.options.groups import add_beyond, add_words
from transcriber.options.values import boolean, output_formats
from transcriber.settings import DEFAULT_MODEL, OUTPUT_FORMATS

_DESCRIPTION = """\
Transcribe recordings with OpenAI's Whisper, and write text and subtitles.

  transcriber talk.mp3                      transcribe a recording
  transcriber --language de interviews/     all recordings in a folder
  transcriber @list.txt                     all recordings that a file names, one a line
  transcriber models list                   the models; also fetch, verify, import, remove, path
  transcriber cuda status                   the CUDA add-on; also fetch, import, remove
  transcriber doctor                        what was found on this machine
  transcriber verify FILE                   whether a download is what was published
  transcriber help models                   the options of these; also cuda, doctor, verify
"""

_EPILOG = """\
defaults of your own: lines such as `language = de` in the file that `transcriber doctor` names

exit codes: 0 done; 1 defect of the program; 2 usage; 3 a recording cannot be read; 4 model;
5 network; 6 offline and not there; 7 a file cannot be written; 8 ffmpeg or a library is missing;
9 time or memory do not suffice; 10 some of several recordings failed;
11 the GPU, or the Python that decodes, has failed; 12 a download is not what was published;
129, 130 or 143 ended by a signal: the same command continues where it stopped;
141 whoever read standard output has gone
"""


RECORDINGS = "audio"
"""openai-whisper's name of what is no option."""


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a mistake in one line, as every other failure."""

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` instead of printing the whole usage."""
        raise UsageError(message, f"see {self.prog} --help")

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
    parser = Parser(
        prog="transcriber",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--version", "-V", action="version", version=f"transcriber {__version__}")
    add(
        RECORDINGS,
        nargs="+",
        help="recordings, folders or quoted patterns; - is standard input; @FILE names a file of "
        "them, one a line",
    )
    add(
        "--model",
        help=f"name of a model, or path of a checkpoint ({DEFAULT_MODEL}, unless another was "
        "chosen when the first one was fetched)",
    )
    add("--model_dir", type=Path, help="folder of the models (~/.cache/whisper)")
    add("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    add("--output_dir", "-o", default=".", help="folder of the files; - prints the transcript (.)")
    add(
        "--output_format",
        "-f",
        type=output_formats,
        default="all",
        metavar="FORMAT,...",
        help=f"which files to write: {', '.join(OUTPUT_FORMATS)} or all (%(default)s)",
    )
    add(
        "--verbose",
        type=boolean,
        help="print segments as they come (True, but with --quiet False)",
    )
    add_decoding(parser.add_argument_group("decoding"))
    add_words(parser.add_argument_group("words and subtitles"))
    add_beyond(parser.add_argument_group("beyond openai-whisper"))
    return parser
