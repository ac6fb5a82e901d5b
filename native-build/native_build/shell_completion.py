"""Completion for bash, zsh and fish: a script of our own, and shtab's with what it cannot know."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping

import shtab

from native_build.bash_completion import bash_script
from native_build.completion_values import Values, values_of

_COMMENT = re.compile(r"^ *#(?!compdef| AUTOMATICALLY GENERATED).*\n", flags=re.MULTILINE)
"""A tenth of the bytes in the AppImage, that nobody reads there. Where it is from stays."""

_ZSH_VALUE = re.compile(r'^(  (?:"\*"?)?["{]?--\w+)(?=(?:,[\w-]+\}")?\[.*\]:)', flags=re.MULTILINE)
"""The name of an option that takes a value; a = behind it lets that stand behind a =."""

_ZSH = """\
# Recordings, in the place of a sub-command and behind; the names of these only there.
functions[_transcriber_subcommand]=$functions[_shtab_transcriber]
_transcriber_options=("${_shtab_transcriber_options[@]}")
_transcriber_recordings() {
  if (( CURRENT == 2 )); then
    _shtab_transcriber_commands
    compadd help
  fi
  compset -P @
  _files
}
_shtab_transcriber() {
  local -a names=(COMMANDS)
  if (( CURRENT > 2 && ${names[(Ie)$words[2]]} )); then
    _transcriber_subcommand "$@"
  elif (( CURRENT == 3 )) && [[ $words[2] == help ]]; then
    _shtab_transcriber_commands
  else
    _arguments -s $_transcriber_options '*:recording:_transcriber_recordings'
  fi
}
"""

_FISH = """\
# Recordings, in the place of a sub-command and behind, and lists of them.
complete -c transcriber -n _shtab_transcriber_using -ka '(__fish_complete_path (commandline -ct))'
complete -c transcriber -n '_shtab_transcriber_using; and \
string match -q "@*" -- (commandline -ct)' \
-ka '(__fish_complete_path (string sub -s 2 -- (commandline -ct)) | \
string replace -r "^" @)'
complete -c transcriber -n '_shtab_transcriber_using; and test $_shtab_transcriber_npos -eq 0' \
-a help
complete -c transcriber -n '__fish_seen_subcommand_from help; and \
test (count (commandline -opc)) -eq 2' -a 'COMMANDS'
"""

_FISH_WORD = '    switch "$t"\n'
_FISH_FIRST = """\
    if string match -q -- '-*' "$t"; and test -z "$_shtab_transcriber_cmdpath"
      set -g _shtab_transcriber_npos 1
    end
"""
"""What no longer lets the name of a sub-command be one: an option before it."""


def completions(parser: argparse.ArgumentParser) -> Mapping[str, str]:
    """Return the script of each shell.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of everything but recordings; what its options may be is added to it.
    """
    bash = bash_script(parser)
    names = " ".join(_describe(parser))
    zsh = shtab.complete(parser, "zsh", preamble=_ZSH.replace("COMMANDS", names))
    fish = shtab.complete(parser, "fish") + _FISH.replace("COMMANDS", names)
    scripts = {
        "bash": bash,
        "zsh": _ZSH_VALUE.sub(r"\1=", zsh),
        "fish": fish.replace(_FISH_WORD, _FISH_FIRST + _FISH_WORD),
    }
    return {shell: _COMMENT.sub("", script.strip()) + "\n" for shell, script in scripts.items()}


def _describe(parser: argparse.ArgumentParser) -> list[str]:
    """Say of each option what it may be, as shtab wants it; return the names of sub-commands."""
    names: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            names += action.choices
            for command in action.choices.values():
                _describe(command)
        elif action.choices is None and action.nargs != 0:
            values = values_of(action)
            action.choices = values.names or None
            complete = _completed(values)
            if complete is not None:
                action.complete = complete  # type: ignore[attr-defined]
    return names


def _completed(values: Values) -> Mapping[str, object] | None:
    """Return what completes values that are more than names."""
    names = " ".join(values.names)
    if values.kind == "folders":
        return shtab.DIRECTORY
    if values.kind == "list":
        return {"zsh": f" _values -s , name {names}", "fish": names}
    if values.kind == "files" and names:
        fish = f"{names} {shtab.FILE['fish']}"
        return {"zsh": f"{{compadd {names}; _files}}", "fish": fish}
    return shtab.FILE if values.kind == "files" else None
