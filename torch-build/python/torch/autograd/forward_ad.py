"""Forward derivatives are not in this build; printing a tensor asks for one."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch._absent import module_getattr


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent."""

    primal: torch.Tensor
    tangent: None


def unpack_dual(tensor: torch.Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """Return the tensor, which has no tangent."""
    return UnpackedDualTensor(tensor, None)


__getattr__ = module_getattr(__name__)
