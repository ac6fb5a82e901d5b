"""The documents of the repository, as the tests of them read them."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

OUTSIDE = (
    "README.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "torch-build/README.md",
    "native-build/README.md",
    "benchmarks/README.md",
)
"""Those that are not in the folder of the documentation."""


def documents() -> list[Path]:
    """Return every document."""
    return [*(CHECKOUT / name for name in OUTSIDE), *sorted((CHECKOUT / "docs").glob("*.md"))]


def names() -> list[str]:
    """Return the documents' paths in the repository."""
    return [str(path.relative_to(CHECKOUT)) for path in documents()]


def prose(text: str) -> str:
    """Return a document's text without its blocks of code, and without the tables of a run."""
    text = re.sub(r"(?ms)^```.*?^```$", "", text)
    return re.sub(r"(?s)<!-- benchmark: .*? -->.*?<!-- end -->", "", text)
