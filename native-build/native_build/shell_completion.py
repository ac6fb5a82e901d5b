"""Completion for bash, zsh and fish: shtab's scripts, with what it cannot know of the program."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence

import shtab

from transcriber.languages import language_names
from transcriber.models.registry import official_models
from transcriber.options.values import ALL_FORMATS, boolean
from transcriber.settings import OUTPUT_FORMATS

_FOLDERS = frozenset({"model_dir", "output_dir"})
_FILES = frozenset({"ffmpeg", "python", "files", "public_key", "sums", "source"})

_FILE = {**shtab.FILE, "bash": "_transcriber_files"}
_FOLDER = {**shtab.DIRECTORY, "bash": "_transcriber_folders_of_files"}

_COMMENT = re.compile(r"^ *#(?!compdef| AUTOMATICALLY GENERATED).*\n", flags=re.MULTILINE)
"""A tenth of the bytes in the AppImage, that nobody reads there. Where it is from stays."""

_BASH = """\
# shtab splits a name at its blanks.
_transcriber_files() {
  compgen -f -- "${1//\\\\/}"
}
_transcriber_folders_of_files() {
  compgen -d -- "${1//\\\\/}"
}
# Recordings, in the place of a sub-command and behind.
_shtab_transcriber_pos_0_COMPGEN=_transcriber_files
_shtab_transcriber_pos_1_COMPGEN=_transcriber_files
_shtab_transcriber_pos_1_nargs='*'
"""

_ZSH = """\
# Recordings, in the place of a sub-command and behind.
functions[_transcriber_subcommand]=$functions[_shtab_transcriber]
_transcriber_options=("${_shtab_transcriber_options[@]}")
_transcriber_first() {
  _shtab_transcriber_commands
  _files
}
_shtab_transcriber() {
  local -a names=(COMMANDS)
  if (( CURRENT > 2 && ${names[(Ie)$words[2]]} )); then
    _transcriber_subcommand "$@"
  else
    _arguments -s $_transcriber_options '1: :_transcriber_first' '*:recording:_files'
  fi
}
"""

_FISH = """\
# Recordings, in the place of a sub-command and behind.
complete -c transcriber -n _shtab_transcriber_using -ka '(__fish_complete_path (commandline -ct))'
"""


def completions(parser: argparse.ArgumentParser) -> Mapping[str, str]:
    """Return the script of each shell.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of everything but recordings; what its options may be is added to it.
    """
    names = _describe(parser)
    zsh = _ZSH.replace("COMMANDS", " ".join(names))
    scripts = {
        "bash": shtab.complete(parser, "bash", preamble=_BASH),
        "zsh": shtab.complete(parser, "zsh", preamble=zsh),
        "fish": shtab.complete(parser, "fish") + _FISH,
    }
    return {shell: _COMMENT.sub("", script.strip()) + "\n" for shell, script in scripts.items()}


def _describe(parser: argparse.ArgumentParser) -> list[str]:
    """Say of each option what it may be; return the names of the sub-commands."""
    values = _values()
    names: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            names += action.choices
            for command in action.choices.values():
                _describe(command)
        elif action.choices is None:
            if action.dest in _FOLDERS:
                action.complete = _FOLDER  # type: ignore[attr-defined]
            elif action.dest in _FILES:
                action.complete = _FILE  # type: ignore[attr-defined]
            elif action.type is boolean:
                action.choices = ("True", "False")
            else:
                action.choices = values.get(action.dest)
    return names


def _values() -> Mapping[str, Sequence[str]]:
    """Return what is offered for options that take more than that."""
    models = [*official_models()]
    return {
        "model": models,
        # Of ``models``: what fetches, verifies, removes and locates.
        "names": models,
        "name": models,
        "language": [*language_names()],
        "device": ("auto", "cpu", "cuda"),
        "output_format": (ALL_FORMATS, *OUTPUT_FORMATS),
        "batch_size": ("auto", "1", "2", "4", "8"),
    }
