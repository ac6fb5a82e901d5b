"""Calling an overload of an operator by its name, on whichever build is loaded.

Stock PyTorch has ``torch.ops``. The stripped build lacks it, because it needs the JIT's registry,
and has ``torch._C._call_operator(name, overload, *args, **kwargs)`` for these tests instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch


def call(operator: str, overload: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call an operator through the dispatcher.

    Parameters
    ----------
    operator, overload : str
        ``add`` and ``Tensor``; an overload without a name is the empty string.
    args, kwargs : sequence, mapping
        As the schema has them.

    Returns
    -------
    object
        What the operator returned; several results as a tuple or list.
    """
    if operator == "set_":
        # Python has no value for a storage that the boxed call of either build takes.
        return args[0].set_(*args[1:], **kwargs)
    hook = getattr(torch._C, "_call_operator", None)
    if hook is not None:
        return hook(f"aten::{operator}", overload, *args, **kwargs)
    packet = getattr(torch.ops.aten, operator)
    return getattr(packet, overload or "default")(*args, **kwargs)
