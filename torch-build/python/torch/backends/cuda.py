"""CUDA is not in this build."""

from __future__ import annotations

from torch._absent import module_getattr


def is_built() -> bool:
    """Return False."""
    return False


__getattr__ = module_getattr(__name__)
