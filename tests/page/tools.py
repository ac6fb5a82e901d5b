"""What the tests of the page need beyond Python, and whether it is here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

TOOLS_VARIABLE = "PAGE_TOOLS"
"""Names a folder where ``npm install puppeteer-core @sparticuz/chromium axe-core`` was run."""


def no_node() -> str:
    """Return why modules cannot be run, or nothing."""
    return "" if shutil.which("node") else "there is no node in PATH"


def no_browser() -> str:
    """Return why no browser can be driven, or nothing."""
    if reason := no_node():
        return reason
    folder = Path(os.environ.get(TOOLS_VARIABLE, ""))
    packages = ("puppeteer-core", "@sparticuz/chromium", "axe-core")
    if not os.environ.get(TOOLS_VARIABLE):
        return f"{TOOLS_VARIABLE} names no folder with puppeteer-core and @sparticuz/chromium"
    missing = [name for name in packages if not (folder / "node_modules" / name).is_dir()]
    return f"{folder}/node_modules lacks {', '.join(missing)}" if missing else ""


def node(*words: str | Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run node, and return what it said."""
    return subprocess.run(
        ["node", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "PYTHON": sys.executable},
    )
