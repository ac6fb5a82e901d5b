"""Fake tensors, which upstream's loader asks about, are not in this build."""

from __future__ import annotations


def active_fake_mode() -> None:
    """Return None: no mode is ever active."""


def detect_fake_mode(inputs: object = None) -> None:
    """Return None: no input is ever fake."""
