"""Read earlier versions of a file of the repository from git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from buildkit.commands import last_line
from buildkit.errors import InputError, ToolError

_SECONDS = 60.0


def last_versions(checkout: Path, path: Path, count: int = 2) -> list[str]:
    """Return the texts that a file of `checkout` had in the last `count` commits that changed it.

    The newest is the first. A commit that took the file away has no version of it.

    Raises
    ------
    BuildError
        When git cannot tell: there is none, no repository, or not all of its history.
    """
    return list(versions_by_commit(checkout, path, count).values())


def versions_by_commit(checkout: Path, path: Path, count: int) -> dict[str, str]:
    """Return the same as `last_versions`, by the commits."""
    if git(checkout, "rev-parse", "--is-shallow-repository").strip() != "false":
        remedy = "git fetch --unshallow gets the rest"
        raise InputError("the clone has not the whole history", remedy)
    place = path.relative_to(checkout) if path.is_absolute() else path
    commits = git(checkout, "log", f"-{count}", "--format=%H", "--", str(place)).split()
    texts = {commit: version_of(checkout, place, commit) for commit in commits}
    return {commit: text for commit, text in texts.items() if text is not None}


def version_of(checkout: Path, place: Path, commit: str) -> str | None:
    """Return the text of a file in a commit, None where it has none."""
    if not git(checkout, "ls-tree", "--name-only", commit, str(place)).strip():
        return None
    return git(checkout, "show", f"{commit}:{place}")


def git(checkout: Path, *words: str) -> str:
    """Return what git prints on standard output; `ToolError` when it fails or is not there.

    Its warnings are no part of an answer.
    """
    # A signature that the user has shown with each commit would stand before the answer.
    command = ["git", "-C", str(checkout), "-c", "log.showSignature=false", *words]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise ToolError(f"git cannot be started: {error.strerror}", "install it") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"git took longer than {_SECONDS:.0f} s in {checkout}") from error
    if done.returncode:
        raise ToolError(f"git cannot tell: {last_line(done.stderr)}")
    return done.stdout
