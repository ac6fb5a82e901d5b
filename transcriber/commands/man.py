"""The sub-command ``man``: the manual."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from transcriber.commands.terminal_files import MANUAL, terminal_file
from transcriber.streams import print_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tell what ``man`` does; it has no options."""
    parser.epilog = "On a terminal man shows it; elsewhere its source is printed, as man reads it."


def run(_: argparse.Namespace) -> int:
    """Show or print the manual.

    Returns
    -------
    int
        0, or what man has ended with.

    Raises
    ------
    DependencyError
        When the program has none.
    """
    page = terminal_file(MANUAL)
    viewer = shutil.which("man") if sys.stdout.isatty() else None
    if viewer:
        return subprocess.run([viewer, "-l", str(page)], check=False).returncode
    print_whole(page.read_text(encoding="utf-8"))
    return 0
