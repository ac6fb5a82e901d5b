"""Where the recipe of PyTorch has its lists."""

from __future__ import annotations

from pathlib import Path

RECIPE = Path(__file__).resolve().parent.parent
"""The folder ``torch-build``."""

SOURCES = RECIPE / "sources.toml"
"""What it is made from."""

EDITS = RECIPE / "edits.toml"
"""Our changes in the sources."""
