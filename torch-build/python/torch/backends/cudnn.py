"""cuDNN is not in this build."""

from __future__ import annotations

from torch._absent import module_getattr

# What upstream's layers hand to the native functions, and what programs set.
enabled = False
benchmark = False
deterministic = False


def is_available() -> bool:
    """Return False."""
    return False


def version() -> None:
    """Return None."""


__getattr__ = module_getattr(__name__)
