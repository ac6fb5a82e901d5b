"""The other programs that the benchmarks compare with, in an environment of their own."""

from __future__ import annotations

import json
import platform
import shutil
import sys

from buildkit.commands import Command, last_line, run, run_quietly, say
from buildkit.errors import ToolError
from buildkit.files import atomic_writer
from buildkit.places import CHECKOUT
from scripts.environment import (
    INSTALL,
    check,
    digest,
    only_one,
    provide_environment,
    read_stamp,
)
from scripts.layout import PEERS, PEERS_PYTHON, PYTHON

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
        shutil.rmtree(PEERS, ignore_errors=True)
        code, output = run_quietly([PYTHON, "-m", "venv", "--without-pip", PEERS])
        if code:
            raise ToolError(f"cannot make {PEERS}: {last_line(output)}")
        # Wheels only: there is nothing in it that a source archive could be built with.
        pip: Command = [PYTHON, "-m", "pip", "--python", PEERS_PYTHON, *INSTALL[3:]]
        code = run([*pip, "--quiet", "--only-binary", ":all:", "-r", REQUIREMENTS])
        check(code, "requirements/peers.txt")
        with atomic_writer(STAMP) as stream:
            stream.write(json.dumps(wanted, indent=1).encode() + b"\n")
