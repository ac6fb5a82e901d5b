"""Say what the benchmarks ran on, and of which revision of the program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from buildkit.errors import ToolError
from transcriber.machine.processor import (
    allowed_processors,
    physical_cores,
    processor_features,
    processor_model,
)
from transcriber.machine.system_files import read_text

UNKNOWN = "unknown"
"""The revision and the date of a checkout that git knows nothing about."""

_LIMIT = 60.0
"""Seconds; the state of a checkout with a cold disk takes a few."""

_NOT_ONE = "not a git repository"


def describe_machine(root: Path = Path("/")) -> dict[str, str]:
    """Return what of the machine decides how long something takes.

    The name of the machine is left out: it says nothing about it, and results are published.

    Parameters
    ----------
    root : Path
        Of the file system.
    """
    allowed = allowed_processors()
    features = processor_features(root)
    wide = [feature for feature in features if feature.startswith(("avx2", "avx512", "amx"))]
    return {
        "processor": processor_model(root),
        "cores": f"{physical_cores(allowed, root)} cores, {len(allowed)} threads",
        "instructions": ", ".join(wide) or "none of AVX2, AVX-512 and AMX",
        "memory": _memory(root),
        "kernel": os.uname().release,
    }


def _memory(root: Path) -> str:
    found = re.search(r"^MemTotal:\s*(\d+) kB", read_text(root / "proc/meminfo"), re.MULTILINE)
    return f"{int(found[1]) / 2**20:.1f} GiB" if found else UNKNOWN


def describe_revision(checkout: Path) -> tuple[str, str]:
    """Return the revision that is checked out, and its date.

    Returns
    -------
    (str, str)
        The commit, with ``+`` behind it when files were changed that are in no commit, and the
        date at which it was committed (ISO 8601). Both are `UNKNOWN` where there is no git or
        `checkout` is not the folder of a repository, as in an unpacked archive.

    Raises
    ------
    ToolError
        When git cannot read the repository.
    """
    if shutil.which("git") is None:
        return UNKNOWN, UNKNOWN
    done = _git(checkout, "rev-parse", "--show-toplevel")
    if _NOT_ONE in done.stderr:
        return UNKNOWN, UNKNOWN
    # An archive may have been unpacked somewhere inside another project's repository.
    if Path(_answer(checkout, done)).resolve() != checkout.resolve():
        return UNKNOWN, UNKNOWN
    commit = _answer(checkout, _git(checkout, "show", "-s", "--format=%H %cI", "HEAD"))
    revision, _, date = commit.partition(" ")
    changes = _answer(checkout, _git(checkout, "status", "--porcelain"))
    return (f"{revision}+" if changes else revision), date


def _git(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # The message that is looked for above is translated otherwise.
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        return subprocess.run(
            ["git", "-C", str(checkout), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT,
            text=True,
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"git took longer than {_LIMIT:.0f} s in {checkout}") from error


def _answer(checkout: Path, done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        reason = done.stderr.strip().partition("\n")[0] or f"it ended with {done.returncode}"
        raise ToolError(f"git cannot read {checkout}: {reason}", "mend the checkout")
    return done.stdout.strip()
