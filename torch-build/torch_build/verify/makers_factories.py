"""Arguments for operators that make a tensor, convert one, or fill one with random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch_build.verify.inputs import LARGE, LAYOUTS, Inputs, plain_tensors
from torch_build.verify.makers import Call, choices, default_maker, makes
from torch_build.verify.schemas import Schema
from torch_build.verify.values import Constant, RandomGenerator

_SIZES: tuple[tuple[int, ...], ...] = ((), (0,), (7,), (5, 3), (2, 3, 4))


@makes("empty", "empty_strided", "zeros", "ones", "full", "rand", "randn", "new_empty", "new_zeros",
       "new_ones", "new_full", "new_empty_strided", "_efficientzerotensor", "eye")  # fmt: skip
def _made(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for size in _SIZES:
        made = inputs.tensor(size)
        values: dict[str, Any] = {
            "size": list(size),
            "stride": list(made.strides),
            "fill_value": 1,
            "n": 4,
            "self": inputs.tensor((2, 2)),
            "generator": RandomGenerator(seed=3),
            "dtype": Constant(name=inputs.dtype),
            "device": Constant(name="cpu"),
        }
        check = "shape" if "empty" in schema.base else "values"
        yield Call(label=f"{size}", values=values, check=check)
        yield Call(label=f"{size} bare", values={**values, "dtype": None}, check=check)
    yield Call(label="a negative size", values={**values, "size": [-1]})
    yield Call(label="large", values={**values, "size": list(LARGE), "stride": [8777, 67, 1]},
               check=check)  # fmt: skip


@makes("empty_like", "zeros_like", "ones_like", "full_like", "rand_like", "randn_like")
def _alike(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    check = "shape" if schema.base == "empty_like" else "values"
    for label, tensor in plain_tensors(inputs):
        for layout in (None, Constant(name="contiguous_format")):
            yield Call(
                label=f"{label} {layout}",
                values={"self": tensor, "fill_value": 1, "memory_format": layout},
                check=check,
            )


@makes("arange", "range", "linspace")
def _ranges(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    spans: list[tuple[Any, Any, Any]] = [(0, 5, 1), (2, 99, 3), (0, 0, 1), (-4, 4, 1), (0, 9000, 1)]
    if inputs.floating:
        spans += [(0, 1, 0.125), (3.5, 9.25, 0.5)]
    spans += [(5, 0, -1), (0, 5, -1), (0, 5, 0)]
    for start, end, step in spans:
        for dtype in (Constant(name=inputs.dtype), None):
            yield Call(
                label=f"{start} {end} {step} {dtype}",
                values={"start": start, "end": end, "step": step, "steps": 5, "dtype": dtype},
            )


@makes("hann_window", "hamming_window")
def _windows(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for length in (400, 16, 1, 0, 7, -1):
        for periodic in (True, False):
            yield Call(
                label=f"{length} {periodic}",
                values={"window_length": length, "periodic": periodic},
                terms=10,
            )


@makes("scalar_tensor")
def _from_scalar(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for number in (0, 1, 2.5, -3, True):
        values = {"s": number, "dtype": Constant(name=inputs.dtype)}
        yield Call(label=f"{number}", values=values)


@makes("randperm", "randint")
def _permutations(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for count in (0, 1, 17, 2000):
        yield Call(
            label=f"{count}",
            values={"n": count, "high": 9, "low": 2, "size": [count],
                    "generator": RandomGenerator(seed=5)},
            check="shape",
        )  # fmt: skip


@makes("normal", "uniform", "random")
def _random(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    spread: dict[str, Any] = {"mean": 0.5, "std": 2.0, "from": 1, "to": 7}
    if schema.base == "random" and schema.overload in ("", "from"):
        spread |= {"from": -2 if inputs.dtype not in ("uint8", "bool") else 0}
    for shape in ((), (7,), (15,), (16,), (333,), (5, 31), (0,)):
        for layout in LAYOUTS[:4]:
            yield Call(
                label=f"{shape} {layout}",
                values={"self": inputs.tensor(shape, layout), **spread,
                        "generator": RandomGenerator(seed=7)},
            )  # fmt: skip


@makes("exponential", "bernoulli", "cauchy", "geometric", "log_normal")
def _drawn(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for layout in LAYOUTS[:4]:
        chances = inputs.tensor((90, 50), layout, positive=True)
        yield Call(
            label=layout,
            values={"self": chances, "p": chances if schema.overload == "Tensor" else 0.3,
                    "lambd": 1.5, "generator": RandomGenerator(seed=9)},
            check="distribution",
        )  # fmt: skip


@makes("to", "_to_copy", "type_as", "_autocast_to_full_precision")
def _converted(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for label, tensor in plain_tensors(inputs):
        for target in (inputs.dtype, "float32", "int64"):
            # A fraction outside a type's range, or not a number, has no defined integer.
            if target == "int64" and label == "special values":
                continue
            yield Call(
                label=f"{label} {target}",
                values={
                    "self": tensor,
                    "other": inputs.tensor((1,), dtype=target),
                    "dtype": Constant(name=target),
                    "device": Constant(name="cpu"),
                    "copy": label.startswith("(5"),
                },
            )


@makes("copy")
def _copied(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape, source in (((5, 3), (5, 3)), ((5, 3), (3,)), ((), ()), ((0,), (0,)), ((7,), ()),
                          (LARGE, LARGE), ((3,), (5, 3)), ((70, 80), (70, 80))):  # fmt: skip
        for layout in LAYOUTS[:4]:
            for other in LAYOUTS:
                for dtype in (inputs.dtype, "float32"):
                    given = inputs.tensor(source, other, dtype=dtype, low=0, high=9)
                    yield Call(
                        label=f"{shape} {layout} {source} {other} {dtype}",
                        values={"self": inputs.tensor(shape, layout), "src": given},
                    )


@makes("result_type", "can_cast", "promote_types")
def _types(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    tensor = inputs.tensor((3,))
    for other in ("float32", "float16", "int64", "bool"):
        values = {
            "tensor": tensor, "tensor1": tensor, "tensor2": inputs.tensor((2,), dtype=other),
            "other": 2.5 if "Scalar" in schema.overload else inputs.tensor((2,), dtype=other),
            "scalar": 1.5, "scalar1": 1, "scalar2": 2.5, "scalar_tensor": inputs.tensor(()),
            "from_": Constant(name=inputs.dtype), "type1": Constant(name=inputs.dtype),
            "to": Constant(name=other), "type2": Constant(name=other),
        }  # fmt: skip
        if "Tensor" in schema.overload and "Scalar" in schema.overload:
            values["tensor"] = tensor
        yield Call(label=other, values=values)


@makes("lift_fresh", "alias", "detach", "contiguous", "clone", "lift")
def _same(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for label, tensor in plain_tensors(inputs):
        for parameter in schema.parameters:
            if parameter.name == "memory_format":
                for layout in choices(parameter, tensor, inputs):
                    yield Call(
                        label=f"{label} {layout}", values={"self": tensor, "memory_format": layout}
                    )
        yield Call(label=label, values={"self": tensor})


@makes("clamp", "clip", "clamp_min", "clamp_max")
def _clamped(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    tensors = schema.overload in ("Tensor", "Tensor_out")
    for label, tensor in plain_tensors(inputs):
        for low, high in ((1, None), (None, 2), (-1, 1), (2, -2)):
            bounds = (
                number if number is None or not tensors
                else inputs.tensor((), low=number, high=number + 1)
                for number in (low, high)
            )  # fmt: skip
            least, most = bounds
            yield Call(
                label=f"{label} {low} {high}",
                values={"self": tensor, "min": least, "max": most},
            )


@makes("_nnpack_available", "_has_compatible_shallow_copy_type", "get_num_threads")
def _questions(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    # Whether that library is in it is the build's own affair.
    check = "shape" if schema.base == "_nnpack_available" else "values"
    tensor = inputs.tensor((3,))
    yield Call(label="asked", values={"self": tensor, "from": tensor}, check=check)


@makes("div", "true_divide", "add", "sub", "mul", "rsub")
def _arithmetic(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    yield from default_maker(schema, inputs)
    if schema.overload in ("Tensor", "Scalar"):
        # Python's numbers come wrapped as tensors of other types.
        for other in ("float32", "int64"):
            if schema.overload == "Tensor":
                wrapped = inputs.tensor((), dtype=other, low=1, high=4)
                yield Call(
                    label=f"with a number of {other}",
                    values={"self": inputs.tensor((5, 3)), "other": wrapped},
                )
