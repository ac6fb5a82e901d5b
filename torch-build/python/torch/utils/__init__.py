"""Helpers of upstream's modules."""

from __future__ import annotations

from torch._absent import module_getattr

__getattr__ = module_getattr(__name__)
