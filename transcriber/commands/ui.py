"""The sub-command ``ui``: the page, in the user's own browser."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from transcriber.commands.serve import add_shared
from transcriber.desktop import OPENERS
from transcriber.jobs.folders import OccupiedError
from transcriber.options.values import number
from transcriber.service.address_file import SOCKET_SIGN, read_address
from transcriber.service.application import ServiceSettings, serve

_WINDOWS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("brave-browser", "brave", "microsoft-edge", "microsoft-edge-stable"),
)
"""Browsers that show an address in a window of its own, without tabs."""

_SIZE = "420,320"
"""Of that window: the page's Live view fits into it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``ui`` to `parser`."""
    parser.epilog = "The options of a transcription hold for every recording, too."
    add = parser.add_argument
    add(
        "--port",
        type=number(int, low=0, high=65535),
        default=0,
        metavar="N",
        help="port; 0: any that is free (%(default)s)",
    )
    add("--live", action="store_true", help="show only the Live view, in a small window")
    add("--no_browser", action="store_true", help="print the address, and open nothing")
    add(
        "--until_closed",
        action="store_true",
        help="end a minute after the page was closed, when nothing is left to do",
    )
    add_shared(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the page, and serve it until a signal ends that.

    Returns
    -------
    int
        The exit code.
    """
    settings = ServiceSettings(
        host="127.0.0.1",
        port=arguments.port,
        keep_alive=arguments.keep_alive,
        data=arguments.data_dir,
        options=tuple(arguments.options),
        until_closed=arguments.until_closed,
    )

    def show(_: str, page: str) -> None:
        page += "#/live" if arguments.live else ""
        print(f"The page is at {page}", file=sys.stderr)
        print("Keep this running; Ctrl-C ends it.", file=sys.stderr, flush=True)
        if not arguments.no_browser:
            open_page(page, is_small=arguments.live)

    try:
        return serve(settings, ready=show)
    except OccupiedError:
        # It runs already, perhaps as a service.
        page = read_address(arguments.data_dir)
        # A browser cannot reach one at a socket.
        if not page or SOCKET_SIGN in page:
            raise
        show("", page)
        return 0


def open_page(address: str, *, is_small: bool = False) -> bool:
    """Show an address in a browser; return whether there is one.

    Parameters
    ----------
    address : str
        What to show.
    is_small : bool, optional
        Whether in a small window of its own, where a browser can do that.
    """
    window = (f"--app={address}", f"--window-size={_SIZE}")
    commands = [(name, *window) for name in _WINDOWS if is_small]
    commands += [(*opener, address) for opener in OPENERS]
    for name, *words in commands:
        program = shutil.which(name)
        if program is not None:
            subprocess.Popen(
                [program, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            return True
    return False
