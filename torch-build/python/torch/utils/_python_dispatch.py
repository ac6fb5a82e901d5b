"""Dispatching to Python is not in this build; upstream's modules ask whether it is at work."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from torch._absent import module_getattr


def is_traceable_wrapper_subclass(value: object) -> bool:
    """Return False: no such class is in this build."""
    return False


def _disable_current_modes() -> AbstractContextManager[None]:
    return nullcontext()


__getattr__ = module_getattr(__name__)
