"""The layers that Whisper is made of, and the functions of upstream's that are in this build."""

from __future__ import annotations

import torch.__future__ as _future  # noqa: F401 - upstream's nn.Module finds it in torch
from torch import _C
from torch._absent import module_getattr, placeholders, rename_placeholders
from torch.nn.parameter import Buffer as Buffer
from torch.nn.parameter import Parameter as Parameter
from torch.nn.parameter import UninitializedBuffer as UninitializedBuffer
from torch.nn.parameter import UninitializedParameter as UninitializedParameter

__getattr__ = module_getattr(__name__)

# So that the native module's quick test for a tensor without overrides knows this class too. It
# cannot import it by itself, as upstream's does, before the native functions have their names.
_C._set_parameter_class(Parameter)

# Many of its functions are names for native ones, looked up when it is imported.
with placeholders():
    from torch.nn import functional as functional
rename_placeholders(functional)
functional.__getattr__ = module_getattr("torch.nn.functional")  # type: ignore[attr-defined]

from torch.nn import init as init  # noqa: E402
from torch.nn.modules import *  # noqa: E402, F403
