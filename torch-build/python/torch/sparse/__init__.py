"""Sparse tensors' functions are not in this build; ``Tensor.to_sparse`` and ``to_dense`` are."""

from __future__ import annotations

from torch._absent import module_getattr

__getattr__ = module_getattr(__name__)
