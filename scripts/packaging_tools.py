"""What checks and installs wheels in the tests, in an environment of its own."""

from __future__ import annotations

from buildkit.commands import say
from buildkit.errors import SourceError
from buildkit.places import CHECKOUT
from scripts.environment import STAMP, provide_beside
from scripts.layout import CACHE

FOLDER = CACHE / "packaging"
REQUIREMENTS = CHECKOUT / "requirements" / "packaging.txt"

MADE = FOLDER / STAMP.name
"""There when the environment is finished."""


def provide_packaging_tools() -> None:
    """See to it that there is an environment with twine, uv and what else looks at wheels.

    What cannot be had is said, and its tests are skipped: all the rest does without.

    Raises
    ------
    ToolError
        When Python cannot make the environment.
    """
    try:
        provide_beside(FOLDER, REQUIREMENTS, "the tools that check wheels")
    except SourceError as error:
        say(f"no tools for the tests of wheels, which are skipped: {error}")
