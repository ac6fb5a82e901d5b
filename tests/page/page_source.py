"""The files of the page, as the tests read them."""

from __future__ import annotations

import json
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "transcriber" / "page"
LANGUAGES = ("en", "de", "fr")

_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`\\\w])//[^\n]*", re.S)


def files() -> list[Path]:
    """Return all files that the program ships of the page."""
    return sorted(
        path for path in PAGE.rglob("*") if path.is_file() and path.suffix not in {".py", ".pyc"}
    )


def modules() -> dict[str, str]:
    """Return the text of each module without its comments, by name."""
    return {
        path.name: _COMMENT.sub("", path.read_text("utf-8"))
        for path in sorted((PAGE / "js").glob("*.js"))
    }


def texts(language: str) -> dict[str, str]:
    """Return the texts of a language."""
    loaded: dict[str, str] = json.loads((PAGE / "locales" / f"{language}.json").read_text("utf-8"))
    return loaded
