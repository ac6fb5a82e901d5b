"""All calls of one overload, made on stock PyTorch from its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

# The modules of makers enter theirs into the table when they are imported.
from torch_build.verify import (  # noqa: F401
    makers_factories,
    makers_indices,
    makers_models,
    makers_shapes,
)
from torch_build.verify.inputs import DTYPES, Inputs
from torch_build.verify.makers import MAKERS, Call, default_maker, fill
from torch_build.verify.schemas import Parameter, Schema, read_schema
from torch_build.verify.values import PROCESSOR, Case, Constant, NewTensor, TensorArgument

_UNTYPED = ("float32",)
"""For an operator whose trace saw no tensor."""

_RESULT_TYPES = ("bool", "int64")

_INDEX_OUTPUTS = ("indices", "max_values", "min_indices")
"""Outputs that hold places: what ``max`` calls ``max_values`` is where its ``max`` was found."""


def cases_of(name: str, dtypes: list[str], *, placed: bool = False) -> Iterator[Case]:
    """Yield the cases of an overload.

    Parameters
    ----------
    name : str
        As in ``operators.yaml``: ``aten::add.Tensor``.
    dtypes : list of str
        As in ``operators.yaml``: ``Float``, ``Long``.
    placed : bool
        Whether every call says where its result is to lie, if the overload can be told. Otherwise
        some do not, and what they make lies on the processor whatever is tested.

    Raises
    ------
    LookupError
        When this build has no such overload, or nothing makes arguments for it.
    """
    schema = read_schema(name)
    maker = MAKERS.get(schema.base) or MAKERS.get(schema.operator, default_maker)
    made = 0
    for dtype in [DTYPES[dtype] for dtype in dtypes if dtype in DTYPES] or _UNTYPED:
        inputs = Inputs(name, dtype)
        calls = [*maker(schema, inputs), *_mistakes(schema, inputs)]
        for call in map(_placed, calls) if placed else calls:
            for case in _with_outputs(schema, call, inputs):
                made += 1
                yield case
    if not made:
        raise LookupError(f"nothing makes arguments for {name}")


def _placed(call: Call) -> Call:
    """Return a call that says where its result lies; dropped again where it cannot be told."""
    if call.values.get("device") is not None:
        return call
    return replace(call, values={**call.values, "device": Constant(name=PROCESSOR)})


def _mistakes(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    """Yield calls that most operators refuse; where one does not, its answer is compared."""
    if schema.base in MAKERS:
        # Kernels without checks of their own are only called by others that check, and the
        # makers of the rest have their own mistakes.
        return
    tensors = [parameter for parameter in schema.parameters if parameter.kind == "Tensor"]
    if not tensors:
        return
    values: dict[str, Any] = {tensors[0].name: inputs.tensor((5, 3))}
    for parameter in schema.parameters:
        if parameter.name == "dim" and parameter.kind.startswith("int"):
            wrong = [9] if "[]" in parameter.kind else 9
            yield Call(label="no such dimension", values={**values, "dim": wrong})
    second = [parameter for parameter in tensors[1:] if not parameter.written]
    if second and not schema.base.startswith("_"):
        yield Call(
            label="sizes that do not fit",
            values={**values, second[0].name: inputs.tensor((11, 13))},
        )


def _with_outputs(schema: Schema, call: Call, inputs: Inputs) -> Iterator[Case]:
    values = fill(schema, call.values, inputs)
    outputs = [item for item in schema.parameters if item.written and item.keyword]
    if any(
        isinstance(value := values.get(item.name), TensorArgument) and value.overlaps
        for item in schema.parameters
        if item.written
    ):
        return
    if not outputs:
        yield _case(schema, call, values, inputs)
        return
    for dtype in dict.fromkeys((inputs.dtype, *_RESULT_TYPES)):
        made = {
            item.name: NewTensor(dtype="int64" if item.name in _INDEX_OUTPUTS else dtype)
            for item in outputs
        }
        yield _case(schema, call, {**values, **made}, inputs, f" into {dtype}")


def _case(
    schema: Schema, call: Call, values: Mapping[str, Any], inputs: Inputs, remark: str = ""
) -> Case:
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for parameter in schema.parameters:
        if parameter.name not in values:
            continue
        if parameter.keyword or kwargs or len(args) < _position(schema, parameter):
            kwargs[parameter.name] = values[parameter.name]
        else:
            args.append(values[parameter.name])
    written = [
        str(at) if at < len(args) else parameter.name
        for at, parameter in enumerate(schema.parameters)
        if parameter.written
    ]
    return Case(
        operator=schema.operator,
        overload=schema.overload,
        label=f"{inputs.dtype} {call.label}{remark}",
        args=tuple(args),
        kwargs=kwargs,
        check=call.check,
        terms=call.terms,
        written=tuple(written),
    )


def _position(schema: Schema, parameter: Parameter) -> int:
    return schema.parameters.index(parameter)
