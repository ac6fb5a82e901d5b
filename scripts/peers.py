"""The other programs that the benchmarks compare with, in an environment of their own."""

from __future__ import annotations

import platform
import sys

from buildkit.commands import run, say
from buildkit.places import CHECKOUT
from scripts.environment import (
    check,
    digest,
    make_beside,
    only_one,
    provide_environment,
    read_stamp,
    write_stamp,
)
from scripts.layout import PEERS, PEERS_PYTHON

REQUIREMENTS = CHECKOUT / "requirements" / "peers.txt"
STAMP = PEERS / "set-up.json"
"""Written last: what the finished environment was made from."""


def provide_peers() -> None:
    """See to it that there is an environment with faster-whisper and whisper.cpp.

    It shares nothing with ``.venv``: what is measured starts as it would for its users, without
    what our own environment adds to each start of Python.

    Raises
    ------
    ToolError
        When Python cannot make the environment.
    SourceError
        When pip cannot install the packages.
    """
    provide_environment()
    wanted = {
        "requirement": digest([REQUIREMENTS]),
        "python": f"{platform.python_version()} {sys.base_prefix}",
        "place": str(PEERS),
    }
    with only_one():
        if read_stamp(STAMP) == wanted and PEERS_PYTHON.exists():
            return
        say("making an environment with the programs that the benchmarks compare with")
        # Wheels only: there is nothing in it that a source archive could be built with.
        wheels = ("--quiet", "--only-binary", ":all:")
        code = run([*make_beside(PEERS), *wheels, "-r", REQUIREMENTS])
        check(code, "requirements/peers.txt")
        write_stamp(STAMP, wanted)
