"""Pack the page: its files without comments and without spaces that mean nothing.

tdewolff's minifier also shortens names, for 4 kB less in the AppImage. It let a variable be read
before it was there (2.24.24), so names and the order of what is done stay as they are.
"""

from __future__ import annotations

import json
from pathlib import Path

import rcssmin
import rjsmin


def pack_page(folder: Path) -> None:
    """Pack the files below a folder, each in its place.

    Parameters
    ----------
    folder : Path
        A copy: what was there is lost.
    """
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".js", ".css", ".json"}:
            path.write_text(packed(path), "utf-8")


def packed(path: Path) -> str:
    """Return the text of a file as it is packed; of HTML and SVG, nothing would go."""
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    made: str = rjsmin.jsmin(text) if path.suffix == ".js" else rcssmin.cssmin(text)
    return made
