"""Say what the benchmarks ran on, and of which revision of the program."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from benchmarks.judging.file_versions import git
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


def describe_machine(root: Path = Path("/")) -> dict[str, str]:
    """Return what of the machine decides how long something takes.

    The name of the machine is left out: it says nothing about it, and results are published.
    `root` is that of its file system.
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
    # An archive may have been unpacked somewhere inside another project's repository.
    if shutil.which("git") is None or not (checkout / ".git").exists():
        return UNKNOWN, UNKNOWN
    try:
        commit = git(checkout, "show", "-s", "--format=%H %cI", "HEAD").strip()
        changes = git(checkout, "--no-optional-locks", "status", "--porcelain").strip()
    except ToolError as error:
        raise ToolError(f"git cannot read {checkout}: {error}", "mend the checkout") from error
    revision, _, date = commit.partition(" ")
    return (f"{revision}+" if changes else revision), date
