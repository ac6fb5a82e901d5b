"""The compiler is not in this build; this answers those who ask whether it is at work."""

from __future__ import annotations

from torch._absent import module_getattr


def is_compiling() -> bool:
    """Return False."""
    return False


__getattr__ = module_getattr(__name__)
