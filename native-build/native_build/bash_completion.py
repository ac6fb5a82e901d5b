"""Completion for bash: a function of our own, and tables of the program's parsers.

shtab's function for bash knows neither `--option=value` nor words that readline parts, and takes
the name of a sub-command for one wherever it stands.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Iterator

from native_build.completion_values import Values, values_of

_FUNCTION = r"""
_transcriber() {
  local line=${COMP_LINE:0:COMP_POINT} words=("") word path= i=1 only= kind= values=
  local commands options takes names once first= full cur head= rest tail
  local IFS=$' \t\n'
  COMPREPLY=()
  # Readline parts words at = and @, too.
  for word in "${COMP_WORDS[@]:0:COMP_CWORD}" ""; do
    [[ $line == [[:space:]]* && ${words[0]} ]] && words+=("")
    line=${line#"${line%%[![:space:]]*}"}
    line=${line#"$word"}
    words[-1]+=$word
  done
  words[-1]+=$line
  local n=$((${#words[@]} - 1))
  while
    _transcriber_command "$path"
    ((i < n)) && [[ " $commands " == *" ${words[i]} "* ]]
  do
    path+=" ${words[i++]}"
  done
  ((i == n)) && first=$commands
  for word in "${words[@]:i:n-i}"; do
    if [[ ! $only && $word == -- ]]; then
      only=1 kind=
    elif [[ ! $only && $word == -* ]]; then
      _transcriber_option "$word"
    elif [[ $kind ]]; then
      kind=
    else
      [[ $once ]] && takes= names=
    fi
  done
  full=${words[n]#[\"\']} full=${full//\\/} cur=$full
  if [[ ! $only && $cur == --*=* ]]; then
    _transcriber_option "${cur%%=*}"
    head=${cur%%=*}= cur=${cur#*=}
    [[ $kind ]] || return
  elif [[ $kind == truth && ! $(compgen -W "$values" -- "$cur") ]]; then
    # Its value may be left out.
    kind=
  fi
  if [[ ! $kind && ! $only && $cur == -* ]]; then
    # Dashes or underscores, as somebody began.
    for word in $options; do
      [[ ${word//-/_} == "${cur//-/_}"* ]] || continue
      rest=${word:${#cur}}
      [[ ${cur:2} == *-* ]] && rest=${rest//_/-}
      COMPREPLY+=("$cur$rest")
    done
    return
  fi
  [[ $kind ]] || kind=$takes values="$names $first"
  if [[ $kind == list && $cur == *,* ]]; then
    head+=${cur%,*}, cur=${cur##*,}
  elif [[ $kind == names ]]; then
    # German is german.
    cur=${cur,,}
  elif [[ $kind == recordings && $cur == @* ]]; then
    # Readline would quote the sign.
    compopt +o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "${cur:1}")
    [[ ${#COMPREPLY[@]} == 1 && -d $COMPREPLY ]] && COMPREPLY+=/ && compopt -o nospace
    ((${#COMPREPLY[@]})) && mapfile -t COMPREPLY < <(printf '@%q\n' "${COMPREPLY[@]}")
    return
  fi
  mapfile -t COMPREPLY < <(
    compgen -P "$head" -W "$values" -- "$cur"
    case $kind in
    files | recordings) compgen -P "$head" -f -- "$cur" ;;
    folders) compgen -P "$head" -d -- "$cur" ;;
    esac
  )
  # What only readline can expand.
  [[ $full == *\$* ]] && compopt -o default
  # Readline replaces what is behind the last part.
  tail=${2//\\/}
  [[ $full == *"$tail" ]] && COMPREPLY=("${COMPREPLY[@]#"${full%"$tail"}"}")
}
complete -o filenames -F _transcriber transcriber
"""


def bash_script(parser: argparse.ArgumentParser) -> str:
    """Return the script.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        That of everything but recordings.
    """
    options: dict[str, Values] = {}
    rows = [*_commands(parser, "", options)]
    spellings: dict[str, list[str]] = {}
    for name, values in options.items():
        text = _set(kind=values.kind, values=" ".join(values.names))
        spellings.setdefault(text, []).append(name)
    tables = (
        "_transcriber_command() {",
        "  commands= options= takes= names= once=",
        *_case("$1", rows),
        "}",
        "_transcriber_option() {",
        "  kind= values=",
        *_case("${1//-/_}", (("|".join(names), text) for text, names in spellings.items())),
        "}",
    )
    return "\n".join(tables) + _FUNCTION


def _commands(
    parser: argparse.ArgumentParser, path: str, options: dict[str, Values]
) -> Iterator[tuple[str, str]]:
    """Give the pattern and the settings of each parser; add all options that take a value."""
    row = {} if path else {"takes": "recordings"}
    names: list[str] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            choices = " ".join(action.choices)
            # Of help as well, which stands before.
            row["commands"] = choices if path else f"{choices} help"
            yield shlex.quote(f" help{path}"), _set(commands=choices)
            for name, command in action.choices.items():
                yield from _commands(command, f"{path} {name}", options)
        elif not action.option_strings:
            values = values_of(action)
            row |= {"takes": values.kind, "names": " ".join(values.names)}
            row["once"] = "" if action.nargs in ("+", "*") else "1"
        else:
            # Either spelling stands for both.
            spelled = {name.replace("-", "_"): name for name in reversed(action.option_strings)}
            names += reversed(spelled.values())
            for name in spelled if action.nargs != 0 else ():
                if options.setdefault(name, values_of(action)) != values_of(action):
                    raise ValueError(f"{name} has other values in transcriber{path}")
    yield shlex.quote(path), _set(**row, options=" ".join(names))


def _set(**variables: str) -> str:
    return " ".join(f"{name}={shlex.quote(text)}" for name, text in variables.items() if text)


def _case(word: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"  case {word} in"
    yield from (f"  {pattern}) {settings} ;;" for pattern, settings in rows)
    yield "  esac"
