"""The table of what makes the arguments of an operator, and the maker for most of them.

A maker gives the arguments by name, and only those that matter to it: what the overload has no
parameter for is dropped, what it requires besides is filled in. So one maker serves all overloads
of an operator, the in-place ones and those with ``out`` too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch_build.verify.inputs import Inputs, plain_tensors
from torch_build.verify.schemas import Parameter, Schema
from torch_build.verify.values import Constant, TensorArgument


@dataclass(frozen=True, kw_only=True)
class Call:
    """Arguments by name, and how to judge the result; see `values.Case`."""

    label: str
    values: Mapping[str, Any]
    check: str = "values"
    terms: int = 1


Maker = Callable[[Schema, Inputs], Iterable[Call]]

MAKERS: dict[str, Maker] = {}
"""By the operator's name without overload and without the underscore of in-place variants."""


def makes(*names: str) -> Callable[[Maker], Maker]:
    """Enter a maker into the table."""

    def enter(maker: Maker) -> Maker:
        for name in names:
            if name in MAKERS:
                raise ValueError(f"two makers for {name}")
            MAKERS[name] = maker
        return maker

    return enter


_REDUCTIONS = frozenset(
    {
        "sum", "mean", "std", "var", "std_mean", "var_mean", "logsumexp", "norm", "prod",
        "cumsum", "softmax", "_softmax", "_safe_softmax", "log_softmax", "_log_softmax",
        "linalg_vector_norm", "nansum",
    }
)  # fmt: skip

_SHIFTS = frozenset(
    {"__lshift__", "__rshift__", "__ilshift__", "__irshift__",
     "bitwise_left_shift", "bitwise_right_shift"}
)  # fmt: skip

_DIVISIONS = frozenset({"div", "true_divide", "floor_divide", "remainder", "fmod"})

_BROADCASTS: tuple[tuple[tuple[int, ...], ...], ...] = (
    ((5, 3), (5, 3), (5, 3)),
    ((7,), (7,), (7,)),
    ((), (), ()),
    ((0,), (0,), (0,)),
    ((5, 1), (1, 7), (5, 7)),
    ((5, 3), (), ()),
    ((2, 4, 33), (33,), (4, 1)),
    ((0, 3), (1, 3), (3,)),
    ((), (3, 5), (5,)),
    ((5, 131, 67), (5, 131, 67), (67,)),
)
_PAIRED_LAYOUTS = (
    ("transposed", "contiguous"),
    ("stepped", "transposed"),
    ("contiguous", "expanded"),
    ("offset", "stepped"),
    ("expanded", "offset"),
)


def default_maker(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    """Make calls from the schema alone: one tensor, or several that broadcast."""
    tensors = [
        parameter
        for parameter in schema.parameters
        if parameter.kind in ("Tensor", "Tensor?")
        and parameter.name != "out"
        and not (parameter.written and parameter.keyword)
    ]
    if not any(parameter.kind == "Tensor" for parameter in tensors):
        return
    if len(tensors) == 1:
        yield from _with_one(schema, tensors[0], inputs)
    else:
        yield from _with_several(schema, tensors, inputs)


def _with_one(schema: Schema, first: Parameter, inputs: Inputs) -> Iterator[Call]:
    for label, tensor in plain_tensors(inputs):
        terms = tensor.elements if schema.base in _REDUCTIONS else 1
        values = {first.name: tensor}
        yield Call(label=label, values=fill(schema, values, inputs), terms=terms)
        yield from _variations(schema, values, inputs, label, terms)


def _with_several(schema: Schema, tensors: list[Parameter], inputs: Inputs) -> Iterator[Call]:
    arrangements = [(shapes, ("contiguous",) * 3) for shapes in _BROADCASTS]
    arrangements += [(((6, 5),) * 3, (*pair, "contiguous")) for pair in _PAIRED_LAYOUTS]
    for shapes, layouts in arrangements:
        values: dict[str, Any] = {}
        for at, parameter in enumerate(tensors):
            dtype = "bool" if parameter.name in ("condition", "mask") else ""
            low, high = (None, None)
            if at and not inputs.floating and dtype != "bool" and inputs.dtype != "bool":
                if schema.base in _SHIFTS | {"pow"}:
                    low, high = 0, 5
                elif schema.base in _DIVISIONS:
                    low, high = 1, 9
            values[parameter.name] = inputs.tensor(
                shapes[min(at, 2)], layouts[min(at, 2)], dtype=dtype, low=low, high=high
            )
        label = f"{shapes[: len(tensors)]} {layouts[: len(tensors)]}"
        yield Call(label=label, values=fill(schema, values, inputs))
        yield from _variations(schema, values, inputs, label, 1)
        for parameter in tensors:
            if parameter.kind == "Tensor?":
                without = {**values, parameter.name: None}
                yield Call(label=f"{label} no {parameter.name}", values=without)


_VARIED_ELEMENTS = 100
"""Tensors up to this size are tried with all values of the other parameters."""


def _variations(
    schema: Schema, values: Mapping[str, Any], inputs: Inputs, label: str, terms: int
) -> Iterator[Call]:
    tensor = next(value for value in values.values() if isinstance(value, TensorArgument))
    if tensor.elements > _VARIED_ELEMENTS or label.endswith("offset"):
        return
    for parameter in schema.parameters:
        if parameter.name in values:
            continue
        for choice in choices(parameter, tensor, inputs):
            varied = fill(schema, {**values, parameter.name: choice}, inputs)
            yield Call(label=f"{label} {parameter.name}={choice}", values=varied, terms=terms)
            if parameter.name == "dim" and schema.has("keepdim"):
                yield Call(
                    label=f"{label} {parameter.name}={choice} kept",
                    values={**varied, "keepdim": True},
                    terms=terms,
                )


def fill(schema: Schema, values: Mapping[str, Any], inputs: Inputs) -> dict[str, Any]:
    """Add what the overload requires and `values` lacks; drop what it has no parameter for."""
    filled = {name: value for name, value in values.items() if schema.has(name)}
    tensor = next(
        (value for value in values.values() if isinstance(value, TensorArgument)),
        None,
    ) or inputs.tensor((5, 3))
    for parameter in schema.parameters:
        if parameter.required and parameter.name not in filled:
            possible = choices(parameter, tensor, inputs)
            if possible:
                filled[parameter.name] = possible[0]
            elif parameter.kind == "Tensor" and not (parameter.written and parameter.keyword):
                filled[parameter.name] = inputs.tensor(tensor.shape)
    return filled


_TEXTS: dict[str, list[Any]] = {
    "approximate": ["none", "tanh"],
    "rounding_mode": ["trunc", "floor"],
    "assert_msg": ["a message"],
}


def choices(parameter: Parameter, tensor: TensorArgument, inputs: Inputs) -> list[Any]:
    """Return values worth trying for a parameter beside a tensor, none for an unknown one."""
    rank = len(tensor.shape)
    kind = parameter.kind.removesuffix("?")
    if parameter.name in ("dim", "dimension"):
        if kind == "int":
            return list(range(-rank, rank)) or [0]
        return [[0], [-1], list(range(rank)), []] if rank else [[]]
    numbers: list[Any] = [2, 0, -3] if inputs.dtype != "uint8" else [2, 0, 3]
    if inputs.dtype == "bool":
        numbers = [True, False]
    elif inputs.floating:
        numbers += [0.5, -1.25, math.inf]
    table: dict[str, list[Any]] = {
        "bool": [False, True],
        "Scalar": numbers,
        "int": [1, 0, 2],
        "float": [0.5, 2.0],
        "str": _TEXTS.get(parameter.name, []),
        "ScalarType": [Constant(name=inputs.dtype), Constant(name="float32")],
        "Layout": [Constant(name="strided")],
        "Device": [Constant(name="cpu")],
        "MemoryFormat": [Constant(name="contiguous_format"), Constant(name="preserve_format")],
    }
    if parameter.name in ("pin_memory", "non_blocking"):
        return [False]
    return table.get(kind, [])
