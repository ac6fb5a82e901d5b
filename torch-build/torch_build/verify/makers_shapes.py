"""Arguments for operators that give a tensor another shape, or put tensors together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from torch_build.verify.inputs import LAYOUTS, Inputs, plain_tensors
from torch_build.verify.makers import Call, makes
from torch_build.verify.schemas import Schema
from torch_build.verify.values import Constant, StorageOf, TensorArgument


def _each(
    inputs: Inputs, shapes: Iterable[tuple[int, ...]], variants: Iterable[dict[str, Any]]
) -> Iterator[Call]:
    listed = list(variants)
    for shape in shapes:
        for layout in LAYOUTS:
            for variant in listed:
                values = {"self": inputs.tensor(shape, layout), **variant}
                yield Call(label=f"{shape} {layout} {variant}", values=values)


@makes("view", "reshape", "_unsafe_view", "reshape_as", "resize", "_reshape_alias")
def _reshaped(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    pairs = [
        ((6, 4), (24,)), ((6, 4), (3, 2, 4)), ((6, 4), (-1, 8)), ((6, 4), (6, 4)), ((24,), (2, -1)),
        ((), (1, 1)), ((1,), ()), ((0, 3), (0,)), ((0, 3), (3, 0)), ((6, 4), (5, 5)), ((7,), (9,)),
    ]  # fmt: skip
    for before, after in pairs:
        for layout in LAYOUTS:
            if schema.overload == "dtype":
                values: dict[str, Any] = {"dtype": Constant(name=inputs.dtype)}
            else:
                values = {"size": list(after), "shape": list(after)}
            if schema.has("stride"):
                # It believes what it is told, as `view` of a contiguous tensor may.
                if layout in ("stepped", "expanded", "transposed") or -1 in after:
                    continue
                if inputs.tensor(before).elements != inputs.tensor(after).elements:
                    continue
                values["stride"] = list(inputs.tensor(after).strides)
            values |= {"self": inputs.tensor(before, layout), "other": inputs.tensor(after)}
            # What a larger tensor got behind its old elements is undefined.
            grown = schema.base == "resize" and after == (9,)
            yield Call(
                label=f"{before} {layout} to {after}",
                values=values,
                check="shape" if grown else "values",
            )


@makes("expand", "expand_as", "view_as", "broadcast_to")
def _expanded(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    pairs = [((1, 4), (5, 4)), ((1, 4), (2, 3, 4)), ((), (3,)), ((3,), (-1,)), ((4,), (4,)),
             ((1, 3), (0, 3)), ((5, 4), (3, 4))]  # fmt: skip
    for before, after in pairs:
        for layout in LAYOUTS[:4]:
            shape = after if -1 not in after else before
            yield Call(
                label=f"{before} {layout} to {after}",
                values={
                    "self": inputs.tensor(before, layout),
                    "size": list(after),
                    "other": inputs.tensor(shape),
                },
            )


@makes("as_strided")
def _strided(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    variants: list[dict[str, Any]] = [
        {"size": [3, 4], "stride": [4, 1]},
        {"size": [3, 4], "stride": [0, 2], "storage_offset": 1},
        {"size": [], "stride": []},
        {"size": [0], "stride": [1]},
        {"size": [2, 2], "stride": [1, 5], "storage_offset": 2},
        {"size": [4], "stride": [900]},
    ]
    return _each(inputs, [(5, 5)], variants)


@makes("permute", "transpose", "swapaxes", "movedim", "t", "numpy_T", "mT", "flip", "adjoint")
def _permuted(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((5, 3), (2, 3, 4), (), (4,), (0, 2)):
        rank = len(shape)
        for dim0 in range(-rank, rank):
            for layout in LAYOUTS:
                order = [(at + dim0) % rank for at in range(rank)]
                values = {"dim0": dim0, "dim1": rank - 1, "dims": order, "source": dim0}
                values |= {"axis0": dim0, "axis1": 0, "destination": 0}
                if schema.overload == "intlist":
                    values |= {"source": [dim0], "destination": [0]}
                yield Call(
                    label=f"{shape} {layout} {dim0}",
                    values={"self": inputs.tensor(shape, layout), **values},
                )
        if not rank:
            yield Call(
                label="a number",
                values={"self": inputs.tensor(()), "dims": [], "dim0": 0, "dim1": 0},
            )


@makes("select", "slice", "narrow", "unfold", "index_fill_dim")
def _part(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    variants: list[dict[str, Any]] = []
    for dim in (0, 1, -1):
        spans = ((None, None, 1), (1, 3, 1), (-2, None, 1), (0, 99, 2), (3, 1, 1), (4, 4, 3))
        if schema.base == "select":
            variants += [{"dim": dim, "index": index} for index in (0, 2, -1, 77)]
        elif schema.base == "narrow":
            variants += [
                {"dim": dim, "start": start, "length": length}
                for start, length in ((0, 2), (1, 0), (2, 1), (-1, 1), (3, 50))
            ]
        elif schema.base == "unfold":
            variants += [
                {"dimension": dim, "size": size, "step": step}
                for size, step in ((2, 1), (3, 2), (1, 1), (99, 1))
            ]
        else:
            variants += [
                {"dim": dim, "start": start, "end": end, "step": step} for start, end, step in spans
            ]
    return _each(inputs, [(5, 4), (4, 3, 6)], variants)


@makes(
    "split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_split", "unsafe_chunk"
)
def _pieces(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    variants: list[dict[str, Any]] = []
    for dim in (0, 1, -1):
        for size, sizes in ((2, [2, 4]), (1, [1, 5]), (4, [6, 0]), (99, [3, 3]), (5, [1, 1])):
            listed = schema.has("split_sizes") or schema.overload == "sizes"
            variants.append(
                {
                    "split_size": sizes if listed else size,
                    "split_sizes": sizes,
                    "chunks": size,
                    "sections": size,
                    "dim": dim,
                }
            )
    return _each(inputs, [(6, 6), (6, 3, 6)], variants)


@makes("squeeze", "unsqueeze", "flatten", "unflatten", "roll")
def _ranks(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((1, 4, 1), (3, 1), (2, 3, 4), (), (0, 1)):
        rank = len(shape)
        for dim in range(-rank - 1, rank + 1):
            for layout in LAYOUTS:
                values: dict[str, Any] = {"dim": dim, "start_dim": dim, "end_dim": -1}
                if schema.overload == "dims":
                    values["dim"] = [dim]
                values |= {"sizes": [-1, 1], "shifts": [1], "dims": [dim]}
                yield Call(
                    label=f"{shape} {layout} {dim}",
                    values={"self": inputs.tensor(shape, layout), **values},
                )


@makes("repeat", "tile", "repeat_interleave")
def _repeated(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((4,), (2, 4), (), (0, 2)):
        for layout in LAYOUTS:
            tensor = inputs.tensor(shape, layout)
            if schema.base == "repeat_interleave":
                counts = inputs.integers([1, 0, 3, 2], (4,), "int64")
                for dim in (None, 0, -1):
                    repeats: Any = counts if "Tensor" in schema.overload else 2
                    if schema.overload == "Tensor":
                        repeats = inputs.tensor((4,), low=0, high=4)
                    yield Call(
                        label=f"{shape} {layout} {dim}",
                        values={"self": tensor, "repeats": repeats, "dim": dim},
                    )
                continue
            for times in ([2] * len(shape), [3, *[1] * len(shape)], [0] * len(shape), [2, 2, 2]):
                yield Call(
                    label=f"{shape} {layout} {times}",
                    values={"self": tensor, "repeats": times, "dims": times},
                )


@makes("cat", "concat", "stack", "hstack", "vstack", "broadcast_tensors")
def _joined(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    groups: list[list[TensorArgument]] = [
        [inputs.tensor((5, 3), layout), inputs.tensor((5, 3), other)]
        for layout in LAYOUTS
        for other in ("contiguous", "transposed", "stepped")
    ]
    groups += [
        [inputs.tensor((2, 3)), inputs.tensor((4, 3)), inputs.tensor((1, 3))],
        [inputs.tensor((0,)), inputs.tensor((4, 3))],
        [inputs.tensor((7,))],
        [inputs.tensor(()), inputs.tensor(())],
        [inputs.tensor((1, 40, 64)), inputs.tensor((1, 1, 64))],
        [inputs.tensor((300, 67)), inputs.tensor((211, 67))],
        [],
    ]
    for at, group in enumerate(groups):
        for dim in (0, 1, -1):
            shapes = [tensor.shape for tensor in group]
            yield Call(label=f"group {at} {shapes} {dim}", values={"tensors": group, "dim": dim})


@makes("constant_pad_nd", "pad", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
       "replication_pad2d", "_pad_enum", "_pad_circular")  # fmt: skip
def _padded(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    pads = {3: [[2, 1], [0, 3], [-1, 2], [9, 9]], 4: [[1, 2, 0, 1], [2, 2, 2, 2]]}
    for shape in ((2, 3, 7), (3, 7), (1, 2, 5, 6), (1, 1, 3000), (0, 3, 7)):
        for layout in LAYOUTS[:4]:
            for pad in pads[3] + pads[4]:
                for mode in ("constant", "reflect", "replicate") if schema.has("mode") else ("",):
                    # Their maker of modes takes a number: constant is not among them.
                    number = {"reflect": 1, "replicate": 2}.get(mode, 0)
                    yield Call(
                        label=f"{shape} {layout} {pad} {mode}",
                        values={
                            "self": inputs.tensor(shape, layout),
                            "pad": pad,
                            "padding": pad,
                            "mode": number if schema.base == "_pad_enum" else mode,
                            **({} if mode in ("reflect", "replicate") else {"value": 1}),
                        },
                    )


@makes("view_as_real", "real", "imag", "resolve_conj", "resolve_neg", "view_as_complex", "conj",
       "_conj", "conj_physical")  # fmt: skip
def _complex(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for label, tensor in plain_tensors(inputs):
        yield Call(label=label, values={"self": tensor})
    if schema.base == "view_as_complex":
        yield Call(label="pairs", values={"self": inputs.tensor((5, 2))})


@makes("set")
def _set(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for size, stride, offset in (
        ([2, 3], [3, 1], 0),
        ([2, 3], [1, 2], 4),
        ([], [], 2),
        ([0], [1], 0),
    ):
        tensor = inputs.tensor((20,))
        source = tensor if schema.overload.endswith("Tensor") else StorageOf(tensor=tensor)
        if "ensor" in schema.overload:
            source = tensor
        values = {"source": source, "size": size, "stride": stride, "storage_offset": offset}
        yield Call(
            label=f"{size} {stride} {offset}", values={"self": inputs.tensor((0,)), **values}
        )
