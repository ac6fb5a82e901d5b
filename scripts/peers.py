"""The other programs that the benchmarks compare with, in an environment of their own."""

from __future__ import annotations

from buildkit.places import CHECKOUT
from scripts.environment import provide_beside
from scripts.layout import PEERS

REQUIREMENTS = CHECKOUT / "requirements" / "peers.txt"


def provide_peers() -> None:
    """See to it that there is an environment with faster-whisper and whisper.cpp.

    What is measured starts as it would for its users, without what our own environment adds to
    each start of Python.

    Raises
    ------
    ToolError
        When Python cannot make the environment.
    SourceError
        When pip cannot install the packages.
    """
    provide_beside(PEERS, REQUIREMENTS, "the programs that the benchmarks compare with")
