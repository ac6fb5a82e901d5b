"""The sub-command ``serve``: the service for other programs, and for the page."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from transcriber.commands.parts import add_keep_alive
from transcriber.errors import UsageError
from transcriber.options.values import number
from transcriber.paths import program_data
from transcriber.service.application import ServiceSettings, serve

_MOST_PORT = 65535

KEY_VARIABLE = "TRANSCRIBER_API_KEY"
"""The variable with the key that programs must have."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``serve`` to `parser`."""
    parser.epilog = "The options of a transcription hold for every recording, too."
    add = parser.add_argument
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="where to listen (%(default)s)")
    add(
        "--port",
        type=number(int, low=0, high=_MOST_PORT),
        default=8000,
        metavar="N",
        help="port; 0: any that is free (%(default)s)",
    )
    add("--socket", type=Path, metavar="PATH", help="listen at a socket of the file system instead")
    add(
        "--api_key_file",
        type=Path,
        metavar="FILE",
        help="file of keys, one a line, of which programs must have one; "
        f"${KEY_VARIABLE} is a key, too",
    )
    add(
        "--allow_origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let web pages of this site ask, such as https://notes.example; may be repeated",
    )
    add(
        "--allow_host",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="further name that the server is called by, behind a proxy for instance; may be "
        "repeated",
    )
    add(
        "--wyoming",
        type=address,
        metavar="[ADDRESS:]PORT",
        help="answer Home Assistant's satellites there, too, such as 10300; the protocol has no "
        "keys, so whoever reaches the address may ask",
    )
    add_shared(parser)


def address(text: str) -> tuple[str, int]:
    """Return the address and the port that an option names; without an address, this computer's.

    Examples
    --------
    >>> address("10300"), address("0.0.0.0:10300"), address("[::1]:10300")
    (('127.0.0.1', 10300), ('0.0.0.0', 10300), ('::1', 10300))
    """
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > _MOST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, and no address with one")
    return host.strip("[]") or "127.0.0.1", int(port)


def add_shared(parser: argparse.ArgumentParser) -> None:
    """Add the options that ``serve`` and ``ui`` have in common."""
    add_keep_alive(parser)
    add = parser.add_argument
    add(
        "--data_dir",
        type=Path,
        default=program_data(),
        metavar="DIR",
        help="folder of jobs, recordings and transcripts (%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal ends it.

    Returns
    -------
    int
        The exit code.
    """
    settings = ServiceSettings(
        host=arguments.host,
        port=arguments.port,
        socket=arguments.socket,
        api_keys=_keys(arguments.api_key_file),
        allow_origins=tuple(arguments.allow_origin),
        allow_hosts=tuple(arguments.allow_host),
        keep_alive=arguments.keep_alive,
        data=arguments.data_dir,
        options=tuple(arguments.options),
        wyoming=arguments.wyoming,
    )
    return serve(settings, ready=_tell)


def _tell(address: str, _: str) -> None:
    # What is printed may be kept for years, and the page's address lets a browser in.
    print(f"listening at {address} (the page: transcriber ui)", file=sys.stderr, flush=True)


def _keys(path: Path | None) -> tuple[str, ...]:
    keys = [os.environ.pop(KEY_VARIABLE, "")]
    if path is not None:
        try:
            keys += path.read_text().splitlines()
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read {path}: {error}", "name a file of keys") from error
        if not any(key.strip() for key in keys):
            raise UsageError(f"{path} has no key", "write one into it")
    return tuple(key.strip() for key in keys if key.strip())
