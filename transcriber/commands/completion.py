"""The sub-command ``completion``: what lets a shell complete command lines of the program."""

from __future__ import annotations

import argparse

from transcriber.commands.terminal_files import COMPLETIONS, terminal_file
from transcriber.streams import print_whole

_PLACES = """\
Write it to where the shell looks for it, and open a new shell:

  bash  ~/.local/share/bash-completion/completions/transcriber
  zsh   a file named _transcriber in a folder of $fpath
  fish  ~/.config/fish/completions/transcriber.fish

The AppImage has to be called transcriber, or a link to it, in a folder of $PATH."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``completion`` to `parser`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _PLACES
    parser.add_argument("shell", choices=[*COMPLETIONS], help="for which it is")


def run(arguments: argparse.Namespace) -> int:
    """Print the script.

    Returns
    -------
    int
        0.

    Raises
    ------
    DependencyError
        When the program has none.
    """
    print_whole(terminal_file(COMPLETIONS[arguments.shell]).read_text(encoding="utf-8"))
    return 0
