"""The sub-command ``man``: the manual."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from transcriber.commands.terminal_files import MANUAL, terminal_file
from transcriber.options.help_text import full_help
from transcriber.options.parser import make_parser
from transcriber.streams import print_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tell what ``man`` does; it has no options."""
    parser.epilog = (
        "On a terminal man shows it, or the text of --help-all; elsewhere its source is printed."
    )


def run(_: argparse.Namespace) -> int:
    """Show or print the manual.

    Returns
    -------
    int
        0.

    Raises
    ------
    DependencyError
        When the program has none.
    """
    page = terminal_file(MANUAL)
    if not sys.stdout.isatty():
        print_whole(page.read_text(encoding="utf-8"))
    elif not _shown(page):
        print_whole(full_help(make_parser()))
    return 0


def _shown(page: Path) -> bool:
    """Show a manual with man, and return whether that could be done."""
    viewer = shutil.which("man")
    # Nobody reads markup: where man is missing or fails, the same is shown as text.
    return (
        viewer is not None
        and subprocess.run([viewer, "-l", str(page)], check=False).returncode == 0
    )
