"""Arguments for the operators of a model's layers and of the spectrogram."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch_build.verify.inputs import LAYOUTS, Inputs
from torch_build.verify.makers import Call, makes
from torch_build.verify.schemas import Schema

_PRODUCTS = ((5, 7, 3), (1, 64, 64), (1, 1, 1), (33, 17, 65), (0, 4, 3), (4, 0, 3), (150, 96, 130))
"""Rows, summands and columns."""

_BATCHES: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((4,), (4,)), ((5, 4), (4,)), ((4,), (4, 3)), ((2, 5, 4), (4, 3)), ((2, 1, 5, 4), (3, 4, 2)),
    ((1, 6, 5, 64), (1, 6, 64, 5)), ((2, 5, 4), (2, 4, 3)), ((5, 4), (3, 2)), ((), (4,)),
)  # fmt: skip


@makes(
    "mm", "addmm", "bmm", "baddbmm", "linear", "matmul", "mv", "addmv", "dot", "_addmm_activation"
)
def _products(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    batch = (3,) if "bmm" in schema.base else ()
    for rows, inner, columns in _PRODUCTS:
        for left, right in (("contiguous",) * 2, ("transposed", "contiguous"),
                            ("contiguous", "transposed"), ("stepped", "offset"),
                            ("expanded", "transposed")):  # fmt: skip
            one = inputs.tensor((*batch, rows, inner), left)
            shape = (columns, inner) if schema.base == "linear" else (*batch, inner, columns)
            two = inputs.tensor(shape, right)
            if schema.base in ("mv", "addmv", "dot"):
                two = inputs.tensor((inner,), right)
            if schema.base == "dot":
                one = inputs.tensor((inner,), left)
            added = schema.base in ("addmm", "baddbmm", "addmv", "_addmm_activation")
            bias = inputs.tensor((rows,) if schema.base == "addmv" else (columns,))
            values = {
                "self": bias if added else one,
                "mat1": one, "batch1": one, "input": one, "tensor": two, "mat": one,
                "mat2": two, "batch2": two, "vec": two, "other": two, "weight": two,
            }  # fmt: skip
            label = f"{rows} {inner} {columns} {left} {right}"
            yield Call(label=label, values=values, terms=max(inner, 1))
            yield Call(
                label=f"{label} with bias",
                values={**values, "bias": bias, "alpha": 2, "beta": 3},
                terms=max(inner, 1),
            )
    if schema.base == "matmul":
        for first, second in _BATCHES:
            values = {"self": inputs.tensor(first), "other": inputs.tensor(second)}
            yield Call(label=f"{first} {second}", values=values, terms=64)


@makes("conv1d", "convolution", "_convolution", "thnn_conv2d", "_slow_conv2d_forward", "conv2d",
       "mkldnn_convolution", "_slow_conv2d", "slow_conv_dilated2d")  # fmt: skip
def _convolutions(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    flat = schema.base in ("conv1d", "convolution", "_convolution", "mkldnn_convolution")
    for channels, outputs, length, width, stride, padding, dilation, groups in (
        (4, 6, 20, 3, 1, 1, 1, 1),
        (80, 33, 67, 3, 1, 1, 1, 1),
        (4, 6, 21, 3, 2, 1, 1, 1),
        (4, 6, 20, 1, 1, 0, 1, 1),
        (4, 6, 20, 3, 1, 2, 2, 1),
        (4, 6, 20, 3, 1, 1, 1, 2),
        (4, 6, 2, 5, 1, 0, 1, 1),
    ):
        if not flat and groups > 1:
            continue
        for layout in LAYOUTS:
            height: tuple[int, ...] = () if flat else (1,)
            size = (1,) if flat else (1, 1)
            image = inputs.tensor((2, channels, *height, length), layout)
            kernel = inputs.tensor((outputs, channels // groups, *height, width))
            for bias in (None, inputs.tensor((outputs,))):
                values: dict[str, Any] = {
                    "input": image, "self": image, "weight": kernel, "bias": bias,
                    "kernel_size": [1, width][-len(size):],
                    "stride": [1, stride][-len(size):],
                    "padding": [0, padding][-len(size):],
                    "dilation": [1, dilation][-len(size):],
                    "output_padding": [0] * len(size),
                    "groups": groups, "transposed": False,
                    "benchmark": False, "deterministic": False, "cudnn_enabled": False,
                }  # fmt: skip
                if schema.overload == "padding":
                    values["padding"] = "same" if stride == 1 else "valid"
                yield Call(
                    label=f"{channels} {outputs} {length} {width} {stride} {layout} {bias is None}",
                    values=values,
                    terms=channels * width,
                )


@makes("layer_norm", "native_layer_norm")
def _norm(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((5, 33), (2, 7, 512), (1, 1, 384), (3, 0), (0, 4), (64,)):
        for layout in LAYOUTS:
            for affine in (True, False):
                factor = inputs.tensor(shape[-1:]) if affine else None
                yield Call(
                    label=f"{shape} {layout} {affine}",
                    values={
                        "input": inputs.tensor(shape, layout),
                        "normalized_shape": list(shape[-1:]),
                        "weight": factor,
                        "bias": factor,
                        "eps": 1e-5,
                    },
                    terms=max(shape[-1], 1),
                )
    yield Call(label="of another size", values={
        "input": inputs.tensor((5, 3)), "normalized_shape": [4], "weight": None, "bias": None,
        "eps": 1e-5})  # fmt: skip


@makes("scaled_dot_product_attention", "_scaled_dot_product_attention_math",
       "_scaled_dot_product_flash_attention_for_cpu",
       "_fused_sdp_choice")  # fmt: skip
def _attention(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    sizes = ((1, 2, 5, 5, 64), (1, 6, 1, 33, 64), (2, 3, 70, 70, 16), (1, 1, 300, 520, 64),
             (1, 2, 4, 4, 31))  # fmt: skip
    for batch, heads, queries, keys, width in sizes:
        for layout in ("contiguous", "stepped", "offset"):
            values = {
                "query": inputs.tensor((batch, heads, queries, width), layout),
                "key": inputs.tensor((batch, heads, keys, width), layout),
                "value": inputs.tensor((batch, heads, keys, width), layout),
            }
            label = f"{batch} {heads} {queries} {keys} {width} {layout}"
            mask = inputs.tensor((queries, keys))
            for extra in ({}, {"is_causal": True}, {"attn_mask": mask}, {"scale": 1.0}):
                yield Call(
                    label=f"{label} {list(extra)}", values={**values, **extra}, terms=width + keys
                )


@makes("_fft_r2c", "fft_rfft", "_fft_c2c", "_fft_c2r")
def _transforms(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for size in (400, 16, 7, 1, 31):
        for layout in LAYOUTS:
            for half in (True, False):
                for normalization in (0, 1, 2):
                    yield Call(
                        label=f"{size} {layout} {half} {normalization}",
                        values={
                            "self": inputs.tensor((5, size), layout),
                            "dim": -1 if schema.base == "fft_rfft" else [1],
                            "normalization": normalization,
                            "onesided": half,
                            "forward": half,
                            "last_dim_size": size,
                        },
                        terms=size,
                    )


@makes("stft")
def _spectrogram(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for length in (1600, 480, 100):
        for window in (None, inputs.tensor((400,), positive=True)):
            for center in (False, True):
                yield Call(
                    label=f"{length} {window is None} {center}",
                    values={
                        "self": inputs.tensor((length,)),
                        "n_fft": 400,
                        "hop_length": 160,
                        "window": window,
                        "center": center,
                        "return_complex": True,
                    },
                    terms=400,
                )


@makes("softmax", "log_softmax", "_softmax", "_log_softmax", "_safe_softmax")
def _softmax(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for shape in ((5, 33), (2, 7, 16), (1,), (), (0, 3), (3, 5, 1500), (67, 5, 3)):
        for layout in LAYOUTS:
            for dim in {0, -1, max(len(shape) - 1, 0)}:
                yield Call(
                    label=f"{shape} {layout} {dim}",
                    values={"self": inputs.tensor(shape, layout), "dim": dim,
                            "half_to_float": False},
                    terms=4,
                )  # fmt: skip
    if inputs.floating:
        yield Call(label="special", values={"self": inputs.special(), "dim": 0,
                                            "half_to_float": False})  # fmt: skip


@makes("median_filter", "dropout", "native_dropout", "feature_dropout")
def _dropout(schema: Schema, inputs: Inputs) -> Iterator[Call]:
    for train in (False, True):
        yield Call(
            label=f"{train}",
            values={"input": inputs.tensor((50, 40)), "p": 0.1, "train": train},
            check="distribution" if train else "values",
        )
