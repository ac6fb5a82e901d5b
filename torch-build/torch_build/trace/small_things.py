"""What a user of the library does with tensors between two calls of Whisper."""

from __future__ import annotations

import copy
import io
import operator
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

_OPERATIONS: tuple[Callable[[Any, Any], Any], ...] = (
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv),
    *(operator.mod, operator.pow, operator.eq, operator.ne),
    *(operator.lt, operator.le, operator.gt, operator.ge),
)

_ATTRIBUTES = (
    *("shape", "ndim", "nbytes", "itemsize", "dtype", "device", "layout", "T", "mT", "data"),
    *("is_cuda", "is_cpu", "is_sparse", "is_leaf", "requires_grad", "grad"),
)


def tensors() -> None:
    """Make, index, change, compare and convert tensors."""
    torch.manual_seed(1)
    torch.set_num_threads(torch.get_num_threads())
    torch.get_num_interop_threads()
    for dtype in (torch.float32, torch.float16, torch.int64, torch.bool):
        values = torch.tensor([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]], dtype=dtype)
        _index(values)
        _convert(values)
        _copies(values)
        if dtype in (torch.float32, torch.int64):
            _calculate(values)
            _calculate_in_place(values)
    # What a model's alignment heads do on their way to a GPU.
    torch.eye(2).bool().to_sparse().to("cpu", copy=True)
    # What the search for true elements does with its result on a GPU.
    torch.empty(0).set_(torch.ones(2))  # type: ignore[call-overload]
    _create()
    _reduce(torch.arange(12, dtype=torch.float32).reshape(3, 4))
    _reduce(torch.arange(12).reshape(3, 4))


def _create() -> None:
    like = torch.zeros(2, 3)
    for dtype in (torch.float32, torch.float16, torch.int64, torch.int32, torch.bool):
        torch.empty(2, dtype=dtype)
        torch.zeros(2, dtype=dtype)
        torch.ones(2, 2, dtype=dtype)
        torch.full((2,), 1, dtype=dtype)
        torch.zeros_like(like, dtype=dtype)
        torch.ones_like(like, dtype=dtype)
        torch.empty_like(like, dtype=dtype)
        like.to(dtype).new_zeros(2)
    torch.full_like(like, 2.0)
    torch.arange(3)
    torch.arange(0, 3, 0.5)
    torch.rand(2, 2)
    torch.randn(2, generator=torch.Generator().manual_seed(1))
    torch.tensor(1.5)
    torch.tensor([True, False])
    torch.as_tensor([1.0, 2.0])
    torch.as_tensor(np.arange(3))
    torch.from_numpy(np.zeros((2, 2), np.float32))
    torch.frombuffer(bytearray(8), dtype=torch.float32)
    torch.Tensor([1.0, 2.0])
    torch.is_tensor(like)


def _index(values: Any) -> None:
    mask = torch.tensor([True, False, True])
    rows = torch.tensor([0, 2])
    for index in (
        0,
        -1,
        (1, 2),
        slice(1, 3),
        (slice(None), slice(0, 4, 2)),
        [0, 2],
        ([0, 1], [1, 2]),
        mask,
        (mask, 1),
        rows,
        (rows, rows),
        (slice(None), rows),
        None,
        (None, 0),
        ...,
        (..., 0),
        np.array([0, 1]),
        (torch.tensor(1), 0),
    ):
        values[index]
        changed = values.clone()
        changed[index] = 1
        changed[index] = values[index]
    changed = values.clone()
    changed[values > 1] = 0
    values[values > 1]
    for row in values:
        row[0]
    list(values[0])
    len(values)
    values.index_select(0, rows)
    values.masked_fill(mask[:, None], 0)
    values.nonzero()


def _convert(values: Any) -> None:
    values.tolist()
    values[0, 1].item()
    values.numpy()
    np.asarray(values)
    np.array(values)
    bool(values[0, 0])
    float(values[0, 0])
    int(values[0, 0])
    if not values.is_floating_point():
        [7, 8, 9, 10, 11][values[0, 0]]
    for convert in ("float", "half", "double", "int", "long", "bool", "cpu", "short", "byte"):
        getattr(values, convert)()
    for dtype in (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64):
        values.to(dtype)
        values.to("cpu", dtype)
        values.type(dtype)
    values.to(torch.device("cpu"))
    values.type()
    for attribute in _ATTRIBUTES:
        getattr(values, attribute)
    values.dim(), values.size(), values.size(0), values.numel(), values.stride()
    values.is_contiguous(), values.data_ptr(), values.element_size(), values.storage_offset()
    values.reshape(4, 3), values.reshape(-1), values.view(-1), values.flatten()
    values.t(), values.transpose(0, 1), values.permute(1, 0), values.contiguous()
    values.squeeze(), values[None].squeeze(0), values.unsqueeze(0), values.expand(2, 3, 4)
    values.repeat(2, 1), values.split(2), values.chunk(2), values.unbind()
    values.narrow(0, 0, 1), values.select(0, 1)
    torch.cat([values, values]), torch.stack([values, values])
    torch.where(values > 1, values, values), torch.equal(values, values)
    functional.pad(values, (1, 1))


def _copies(values: Any) -> None:
    copy.copy(values)
    copy.deepcopy(values)
    pickle.loads(pickle.dumps(values))  # noqa: S301  its own pickle
    values.clone(), values.detach(), values.detach().clone()
    values.clone().copy_(values).fill_(1).zero_()


def _calculate(values: Any) -> None:
    for other in (2, 1.5, values + 1, values[0, 1], torch.tensor(2.0)):
        for operation in _OPERATIONS:
            operation(values, other)
            operation(other, values + 1)
        torch.maximum(values, torch.as_tensor(other)), torch.minimum(values, torch.as_tensor(other))
    for change in (operator.neg, operator.pos, operator.abs):
        change(values)
    operator.matmul(values, values.T)
    operator.matmul(values[0], values[0])
    torch.add(values, values, alpha=2), torch.matmul(values, values.T)
    truth = values > 1
    ~truth, truth & truth, truth | truth, truth ^ truth, truth.any(), truth.all(), truth.sum()
    if not values.is_floating_point():
        values & 1, values | 1, values ^ 1, ~values
        return
    for name in ("exp", "log", "log10", "sqrt", "sin", "cos"):
        getattr(torch, name)(values)
    values.isnan(), values.isinf(), values.isfinite(), values.abs(), values.pow(2)
    torch.allclose(values, values), values.round(), values.floor(), values.ceil()
    values.softmax(-1), values.log_softmax(-1), values.mean(), values.mean(0, keepdim=True)
    values.std(), functional.gelu(values)


def _calculate_in_place(values: Any) -> None:
    for other in (2, 1.5, values + 1):
        if not values.is_floating_point() and isinstance(other, float):
            continue
        changed = values.clone()
        changed += other
        changed -= other
        changed *= other
        if values.is_floating_point():
            changed /= other
            changed **= 2
        else:
            changed //= other
            changed %= 3
            changed |= 1
            changed &= 3
            changed ^= 1
    truth = values > 1
    truth &= truth.clone()
    truth |= truth.clone()
    values.clone().add_(1).mul_(2).sub_(1).clamp_(0, 5).neg_().abs_()
    values.clone().masked_fill_(values > 1, 0)


def _reduce(values: Any) -> None:
    values.sum(), values.sum(0), values.sum(dim=(0, 1))
    values.max(), values.min(), values.max(0), values.min(dim=1, keepdim=True)
    values.argmax(), values.argmin(), values.argmax(-1)
    values.sort(), values.argsort(), values.topk(2), torch.sort(values, descending=True)
    values.clamp(1, 3), values.clamp(min=1), values.cumsum(-1)
    torch.max(values, values), torch.min(values, values)


def files(folder: Path) -> None:
    """Save and load weights in the ways that torch offers."""
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.LayerNorm(3))
    path = folder / "weights.pt"
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        torch.save(network.to(dtype).state_dict(), path)
        for options in (
            {"weights_only": True},
            {"weights_only": False},
            {"map_location": "cpu"},
            {"map_location": torch.device("cpu"), "mmap": True},
        ):
            network.load_state_dict(torch.load(path, **options))
    torch.save(network, path)
    torch.load(path, weights_only=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)
        torch.load(path, weights_only=True)
    stream = io.BytesIO()
    torch.save([torch.zeros(2), torch.tensor([1, 2]), torch.tensor(True), 3, "text"], stream)
    stream.seek(0)
    torch.load(stream)
    with path.open("wb") as target:
        torch.save(torch.eye(2).bool().to_sparse(), target)
    torch.load(path)


def layers() -> None:
    """Make layers like Whisper's from nothing, and use them outside of Whisper."""
    torch.manual_seed(2)
    network = torch.nn.Sequential(
        torch.nn.Conv1d(4, 8, kernel_size=3, stride=2, padding=1),
        torch.nn.Conv1d(8, 8, kernel_size=3, padding=1, bias=False),
        torch.nn.GELU(),
        torch.nn.Linear(6, 8),
        torch.nn.LayerNorm(8),
        torch.nn.Linear(8, 8, bias=False),
        torch.nn.Dropout(),
    ).eval()
    for mode in (torch.no_grad, torch.inference_mode, torch.enable_grad):
        with mode():
            network(torch.randn(1, 4, 12))
    torch.nn.Embedding(5, 3)(torch.tensor([[1, 2]]))
    query = torch.randn(1, 2, 5, 4)
    with torch.no_grad():
        functional.scaled_dot_product_attention(query, query, query)
        functional.scaled_dot_product_attention(query, query, query, is_causal=True)
        mask = torch.ones(5, 5).tril().bool()
        functional.scaled_dot_product_attention(query, query, query, attn_mask=mask)
    network.train().eval()
    network.half().float().to("cpu").to(torch.float32)
    network.requires_grad_(False)
    sum(parameter.numel() for parameter in network.parameters())
    {name: tensor.shape for name, tensor in network.named_buffers()}
    list(network.named_modules()), list(network.children())
    copy.deepcopy(network).load_state_dict(network.state_dict())
    distribution = torch.distributions.Categorical(logits=torch.randn(2, 5))
    drawn = distribution.sample()  # type: ignore[no-untyped-call]
    distribution.log_prob(drawn)  # type: ignore[no-untyped-call]
    repr(distribution)
