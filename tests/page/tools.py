"""What the tests of the page need beyond Python, and whether it is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.layout import BROWSERS, FIREFOX, NODE

HERE = Path(__file__).resolve().parent

FIREFOX_VARIABLE = "PAGE_FIREFOX"
"""Names another Firefox than that of the set-up."""

_REMEDY = "`make setup` gets it, or says why it cannot"


def node_path() -> str | None:
    """Return the node of the set-up, else the machine's, else nothing."""
    return str(NODE) if NODE.is_file() else shutil.which("node")


def no_node() -> str:
    """Return why modules cannot be run, or nothing."""
    return "" if node_path() else f"there is no node: {_REMEDY}"


def no_browser(name: str) -> str:
    """Return why a browser cannot be driven, or nothing.

    Parameters
    ----------
    name : str
        ``chromium`` or ``firefox``.
    """
    if not (BROWSERS / "set-up.json").is_file():
        return f"there is no Chromium: {_REMEDY}"
    if name == "firefox" and not os.environ.get(FIREFOX_VARIABLE):
        return "" if (FIREFOX / "set-up.json").is_file() else f"there is no Firefox: {_REMEDY}"
    return ""


def node(*words: str | Path, timeout: float, browser: str = "") -> subprocess.CompletedProcess[str]:
    """Run node, and return what it said."""
    return subprocess.run(
        [node_path() or "node", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={
            **os.environ,
            "PYTHON": sys.executable,
            "PAGE_TOOLS": str(BROWSERS),
            "PAGE_BROWSER": browser,
        },
    )
