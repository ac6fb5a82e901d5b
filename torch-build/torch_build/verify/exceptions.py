"""What is not compared, each with the reason."""

from __future__ import annotations

UNCOVERED: dict[str, str] = {}
"""Overloads without a comparison, and why."""

DIFFERENCES: dict[tuple[str, str], str] = {}
"""Overload and a part of a case's label, and why PyTorch 2.6 and 2.13 rightly differ there."""
