"""The native functions by their names, without the Python functions that wrap some of them."""  # noqa: N999 - upstream's name

from __future__ import annotations

from typing import Any

import torch._C
from torch._absent import is_special, missing

_native = torch._C._VariableFunctions


def __getattr__(name: str) -> Any:
    if is_special(name):
        raise AttributeError(f"module 'torch._VF' has no attribute {name!r}", name=name)
    try:
        function = getattr(_native, name)
    except AttributeError:
        return missing(f"torch.{name}")
    globals()[name] = function
    return function
