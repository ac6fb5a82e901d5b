"""Find files with the same content in a folder."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path


def duplicate_files(folder: Path) -> list[list[Path]]:
    """Return the groups of files in `folder` that have the same bytes, empty files left out.

    Returns
    -------
    list of list of Path
        Each group and the groups in the order of their paths.
    """
    groups: dict[tuple[int, str], list[Path]] = defaultdict(list)
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            groups[path.stat().st_size, digest].append(path)
    return [group for group in groups.values() if len(group) > 1]
