"""The recordings of a folder with a ``manifest.tsv``: its columns file, language and reference."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Speech:
    """A recording and what is said in it."""

    path: Path
    language: str
    transcript: str


def read_manifest(folder: Path) -> list[Speech]:
    """Return the recordings of a folder, as its ``manifest.tsv`` lists them."""
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Speech(path=folder / row["file"], language=row["language"], transcript=row["reference"])
        for row in rows
    ]
