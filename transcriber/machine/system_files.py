"""Reading what the kernel and the system tell about themselves."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """Return the file's text without surrounding space, or nothing where it cannot be read.

    Such a file may be absent or forbidden on any machine, and what it would have told is then
    unknown, which is no failure.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
