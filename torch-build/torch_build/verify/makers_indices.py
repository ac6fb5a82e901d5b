"""Arguments for operators that select by an index, a mask or the order of values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch_build.verify.inputs import LAYOUTS, Inputs, plain_tensors
from torch_build.verify.makers import Call, makes
from torch_build.verify.schemas import Schema
from torch_build.verify.values import Constant, SparseArgument


@makes("embedding")
def _embedding(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((7,), (2, 3), (), (0,), (1, 448)):
        for layout in LAYOUTS:
            for dtype in ("int64", "int32"):
                indices = inputs.tensor(shape, dtype=dtype, low=0, high=11)
                yield Call(
                    label=f"{shape} {layout} {dtype}",
                    values={"weight": inputs.tensor((11, 33), layout), "indices": indices},
                )
    wrong = inputs.integers([3, 11, -1], (3,), "int64")
    yield Call(
        label="outside the table", values={"weight": inputs.tensor((11, 4)), "indices": wrong}
    )


@makes("index", "index_put", "_index_put_impl", "_unsafe_index", "_unsafe_index_put")
def _index(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    rows = inputs.integers([4, 0, -1, 2], (4,), "int64")
    columns = inputs.integers([2, -3, 1, 0], (4,), "int64")
    pairs = inputs.integers([0, 1, 2, 3], (2, 2), "int64")
    mask = inputs.tensor((5, 3), dtype="bool")
    some = inputs.tensor((5,), dtype="bool")
    wrong = inputs.integers([1, 5], (2,), "int64")
    selections: list[tuple[str, list[Any], tuple[int, ...]]] = [
        ("rows", [rows], (4, 3)),
        ("rows of int32", [inputs.integers([1, 0], (2,), "int32")], (2, 3)),
        ("columns", [None, columns], (5, 4)),
        ("both", [rows, columns], (4,)),
        ("pairs", [pairs], (2, 2, 3)),
        ("mask", [mask], ()),
        ("mask of rows", [some], ()),
        ("nothing", [inputs.integers([], (0,), "int64")], (0, 3)),
        ("one", [inputs.integers([3], (), "int64")], (3,)),
        ("outside", [wrong], (2, 3)),
    ]
    for layout in LAYOUTS:
        for label, indices, shape in selections:
            for value in {(), shape}:
                # Adding up is defined for repeated indices; otherwise any of them may win.
                for accumulate in (False, True):
                    yield Call(
                        label=f"{label} {layout} {value} {accumulate}",
                        values={
                            "self": inputs.tensor((5, 3), layout),
                            "indices": indices,
                            "values": inputs.tensor(value),
                            "accumulate": accumulate,
                        },
                    )
                    if not schema.has("accumulate"):
                        break
    for dims in ((40, 40, 40),):
        indices = [inputs.tensor((900,), dtype="int64", low=0, high=40), None, None]
        yield Call(
            label=f"large {dims}",
            values={
                "self": inputs.tensor(dims),
                "indices": indices,
                "values": inputs.tensor(()),
            },
        )


@makes("index_select", "gather", "scatter", "scatter_add", "index_add", "index_copy", "index_fill",
       "take_along_dim")  # fmt: skip
def _along(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    flat = schema.base.startswith("index")
    for layout in LAYOUTS:
        for dim in (0, 1, -1):
            size = 5 if dim == 0 else 4
            # No repetition: which of two equal places is written last is not defined.
            order = [int(at) for at in inputs.random.permutation(size)]
            if flat:
                index = inputs.integers(order, (size,), "int64")
            else:
                table = [[order[row if dim == 0 else column] for column in range(4)]
                         for row in range(5)]  # fmt: skip
                index = inputs.integers([at for row in table for at in row], (5, 4), "int64")
            values = {
                "self": inputs.tensor((5, 4), layout),
                "dim": dim,
                "index": index,
                "indices": index,
                "src": inputs.tensor((5, 4)),
                "source": inputs.tensor((5, 4)),
                "value": inputs.tensor(()) if "Tensor" in schema.overload else 2,
            }
            yield Call(label=f"{layout} {dim}", values=values)
            wrong = inputs.integers([9], (1,) if flat else (1, 1), "int64")
            yield Call(
                label=f"{layout} {dim} outside",
                values={**values, "index": wrong, "indices": wrong},
            )


@makes("masked_fill", "masked_select", "masked_scatter")
def _masked(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((5, 3), (5, 3)), ((5, 3), (3,)), ((5, 3), ()), ((), ()), ((0,), (0,)), ((7,), (7,)),
        ((5, 131, 67), (131, 67)), ((1, 4), (3, 1)),
    ]  # fmt: skip
    for shape, mask in shapes:
        for layout in LAYOUTS:
            for value in (0, 1):
                number = inputs.tensor((), low=value, high=value + 1)
                yield Call(
                    label=f"{shape} {layout} {mask} {value}",
                    values={
                        "self": inputs.tensor(shape, layout),
                        "mask": inputs.tensor(mask, dtype="bool"),
                        "value": number if schema.overload.startswith("Tensor") else value,
                        "source": inputs.tensor(shape),
                    },
                )
    if inputs.floating:
        yield Call(
            label="infinite",
            values={
                "self": inputs.tensor((4, 4)),
                "mask": inputs.tensor((4, 4), dtype="bool"),
                "value": inputs.tensor(()) if schema.overload == "Tensor" else float("-inf"),
            },
        )


@makes("sort", "topk", "argsort", "kthvalue", "median", "mode")
def _ordered(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((7,), (5, 9), (3, 4, 17), (1,), (2, 600), (0,)):
        for layout in LAYOUTS if len(shape) > 1 else LAYOUTS[:2]:
            for ties in (False, True):
                for dim in {0, -1, len(shape) - 1}:
                    tensor = inputs.tensor(shape, layout, low=0 if ties else None,
                                           high=4 if ties else None)  # fmt: skip
                    for last in (False, True) if layout in LAYOUTS[:3] else (True,):
                        yield Call(
                            label=f"{shape} {layout} {dim} {ties} {last}",
                            values={
                                "self": tensor,
                                "dim": dim,
                                "descending": last,
                                "largest": last,
                                "stable": True,
                                "k": min(3, *shape),
                            },
                            check="values" if schema.overload == "stable" else "selection",
                        )
    if inputs.floating:
        yield Call(label="special", values={"self": inputs.special(), "dim": 0, "k": 5},
                   check="selection")  # fmt: skip
    yield Call(label="too many", values={"self": inputs.tensor((3,)), "dim": 0, "k": 4})


@makes("multinomial")
def _multinomial(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((4000, 6), (7,)):
        for layout in LAYOUTS[:3]:
            weights = inputs.tensor(shape, layout, positive=True)
            yield Call(
                label=f"{shape} {layout}",
                values={"self": weights, "num_samples": 1, "replacement": False},
                check="distribution",
            )
    yield Call(
        label="many draws",
        values={"self": inputs.tensor((5,), positive=True), "num_samples": 4000,
                "replacement": True},
        check="distribution",
    )  # fmt: skip
    yield Call(label="too many", values={"self": inputs.tensor((3,), positive=True),
                                         "num_samples": 4})  # fmt: skip


@makes("item", "_local_scalar_dense", "is_nonzero", "_assert_async", "__bool__")
def _scalar(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for label, tensor in plain_tensors(inputs):
        yield Call(label=label, values={"self": tensor, "assert_msg": "it does not hold"})
    for number in (0, 1):
        tensor = inputs.tensor((), low=number, high=number + 1)
        yield Call(label=f"{number}", values={"self": tensor, "assert_msg": "it does not hold"})


@makes("coalesce", "indices", "_indices", "values", "_values", "is_coalesced", "_coalesced",
       "to_dense", "_to_dense", "_nnz", "sparse_dim", "dense_dim", "_dimI", "_dimV")  # fmt: skip
def _sparse(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for coalesced in (True, False):
        three = SparseArgument(
            indices=inputs.integers([0, 1, 4, 2, 0, 2], (2, 3), "int64"),
            values=inputs.tensor((3,)),
            shape=(5, 3),
            coalesced=coalesced,
        )
        none = SparseArgument(
            indices=inputs.integers([], (2, 0), "int64"),
            values=inputs.tensor((0,)),
            shape=(5, 3),
            coalesced=coalesced,
        )
        for label, argument in (("three", three), ("none", none)):
            for flag in (True, False):
                yield Call(
                    label=f"{label} {coalesced} {flag}",
                    values={"self": argument, "coalesced": flag},
                )


@makes("to_sparse", "_to_sparse")
def _to_sparse(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((5, 3), (4,), (2, 3, 4), (0, 3)):
        for layout in LAYOUTS:
            tensor = inputs.tensor(shape, layout, low=0, high=2)
            values = {"self": tensor, "sparse_dim": len(shape)}
            yield Call(label=f"{shape} {layout}", values=values)


@makes("sparse_coo_tensor", "_sparse_coo_tensor_with_dims_and_tensors",
       "_sparse_coo_tensor_unsafe", "_validate_sparse_coo_tensor_args")  # fmt: skip
def _from_coordinates(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    yield Call(
        label="three values",
        values={
            "sparse_dim": 2,
            "dense_dim": 0,
            "size": [5, 3],
            "indices": inputs.integers([0, 1, 4, 2, 0, 2], (2, 3), "int64"),
            "values": inputs.tensor((3,)),
            "dtype": Constant(name=inputs.dtype),
            "layout": Constant(name="sparse_coo"),
            "device": Constant(name="cpu"),
        },
    )
