"""Hooks for MkDocs: the documents outside of this folder become pages of the site, too.

The links in the documents are those that a reader of the repository can follow. Here they are
turned into links between pages. A link to a file that is no page, such as a list of pins, keeps its
text only.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

REPOSITORY = Path(__file__).resolve().parents[1]

OUTSIDE = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "benchmarks/README.md",
    "torch-build/README.md",
    "native-build/README.md",
)
"""The documents that lie elsewhere, by their paths in the repository."""

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?ms)^```.*?^```$")


def _place(path: str) -> str:
    """Return where a document of the repository lies among the pages; empty where it is none.

    A page that is called README would be the first of its folder, and the site has one already.
    """
    if path in OUTSIDE:
        return path.replace("README.md", "about.md")
    return posixpath.relpath(path, "docs") if path.startswith("docs/") else ""


_ORIGINS = {_place(path): path for path in OUTSIDE}


def on_config(config: Any) -> Any:
    """Let the order of the pages name the documents as they are called in the repository."""
    config.nav = _renamed(config.nav)
    return config


def _renamed(entry: Any) -> Any:
    if isinstance(entry, dict):
        return {title: _renamed(value) for title, value in entry.items()}
    if isinstance(entry, list):
        return [_renamed(value) for value in entry]
    return _place(entry) or entry


def on_files(files: Any, config: Any) -> Any:
    """Add the documents outside of the folder."""
    for place, path in _ORIGINS.items():
        text = (REPOSITORY / path).read_text("utf-8")
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links within the repository into links between pages."""
    here = _ORIGINS.get(page.file.src_uri) or f"docs/{page.file.src_uri}"

    def turned(link: re.Match[str]) -> str:
        mark, text, target = link.groups()
        path, hash_sign, anchor = target.partition("#")
        if not path or "://" in path:
            return link[0]
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(here), path))
        place = _place(meant)
        if not place:
            return text if (REPOSITORY / meant).exists() else link[0]
        relative = posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or ".")
        return f"{mark}[{text}]({relative}{hash_sign}{anchor})"

    parts, last = [], 0
    for block in _CODE.finditer(markdown):
        parts += [_LINK.sub(turned, markdown[last : block.start()]), block[0]]
        last = block.end()
    return "".join([*parts, _LINK.sub(turned, markdown[last:])])
