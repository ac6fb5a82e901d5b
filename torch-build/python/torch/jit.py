"""TorchScript is not in this build; this answers those who ask whether it is at work."""

from __future__ import annotations

from typing import TypeVar

from torch._absent import module_getattr

Value = TypeVar("Value")


class ScriptModule:
    """Has no instances."""


class TracerWarning(Warning):
    """Never given."""


def is_scripting() -> bool:
    """Return False."""
    return False


def is_tracing() -> bool:
    """Return False."""
    return False


def annotate(kind: object, value: Value) -> Value:
    """Return the value."""
    return value


__getattr__ = module_getattr(__name__)
