"""The layers that Whisper is made of."""

from __future__ import annotations

from torch._absent import module_getattr

__getattr__ = module_getattr(__name__)

from torch.nn.modules.module import Module  # isort: skip
from torch.nn.modules.activation import GELU, ReLU, Sigmoid, Softmax, Tanh
from torch.nn.modules.container import (
    ModuleDict,
    ModuleList,
    ParameterDict,
    ParameterList,
    Sequential,
)
from torch.nn.modules.conv import Conv1d
from torch.nn.modules.dropout import Dropout
from torch.nn.modules.linear import Identity, Linear
from torch.nn.modules.normalization import LayerNorm
from torch.nn.modules.sparse import Embedding

__all__ = [
    "GELU",
    "Conv1d",
    "Dropout",
    "Embedding",
    "Identity",
    "LayerNorm",
    "Linear",
    "Module",
    "ModuleDict",
    "ModuleList",
    "ParameterDict",
    "ParameterList",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "Tanh",
]
