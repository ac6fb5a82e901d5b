"""Ask git about a checkout, and change it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from buildkit.commands import last_line
from buildkit.errors import ToolError


def git(checkout: Path, *words: str) -> str:
    """Run git in a checkout, and return what it prints; its warnings are not in it.

    Raises
    ------
    ToolError
        When it cannot start, or fails.
    """
    try:
        done = subprocess.run(
            ["git", *words], cwd=checkout, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise ToolError(f"cannot start git: {error.strerror}", "install it") from error
    if done.returncode:
        said = last_line(done.stderr + done.stdout)
        raise ToolError(f"git {words[0]} failed: {said}", "mend that, try again")
    return done.stdout.strip()


def revision(checkout: Path) -> str:
    """Return the commit that a checkout is at.

    Raises
    ------
    ToolError
        When git cannot tell.
    """
    return git(checkout, "rev-parse", "HEAD")
