"""What of the operators is not compared on a GPU, each with the reason."""

from __future__ import annotations

LEFT_OUT: dict[tuple[str, str], str] = {
    ("", " outside"): (
        "a GPU's kernels do not look whether an index is in the tensor, or an assertion in them "
        "ends all that the process does there"
    ),
    ("aten::gelu", "special values"): (
        "on some processors the reference answers NaN to infinity, see PROCESSOR_DIFFERENCES"
    ),
}
"""Overload, or nothing for all of them, and a part of a case's label; and why it is not called."""

_ANSWERS = "the type of the answer alone"
_PLACES = "the type of the places alone: what is sorted are probabilities and attention"

RESULTS_ONLY: dict[tuple[str, str], str] = {
    ("aten::ge.Scalar", "Bool"): _ANSWERS,
    ("aten::gt.Tensor", "Bool"): _ANSWERS,
    ("aten::lt.Scalar", "Bool"): _ANSWERS,
    ("aten::sort", "Long"): _PLACES,
    ("aten::sort.stable", "Long"): _PLACES,
    ("aten::topk", "Long"): _PLACES,
}
"""Overload and a type that only its results have; and why."""

_DILATED = "no model has a convolution with gaps"
_ADDING = "nothing adds up at places of a tensor"
_CAUSAL = "our own attention makes the mask before it calls this"
_VECTORS = "a model multiplies matrices"
_PADDING = "timestamps of words mirror the ends of a batch of rows of numbers"
_INTEGERS = "sums of a model's numbers stay such numbers"

BEYOND: dict[tuple[str, str], str] = {
    **{
        (f"aten::{name}", "aten::slow_conv_dilated2d"): _DILATED
        for name in ("_convolution", "conv1d", "convolution")
    },
    **{
        (f"aten::{name}", part): _ADDING
        for name in ("index_put_", "_index_put_impl_")
        for part in ("aten::_assert_async", "aten::remainder.Tensor_out")
    },
    ("aten::_scaled_dot_product_attention_math", "aten::tril.out"): _CAUSAL,
    ("aten::matmul", "aten::dot"): _VECTORS,
    ("aten::matmul", "aten::mv"): _VECTORS,
    ("aten::multinomial", "the kernel for cuda"): "one sample is drawn at a time",
    ("aten::pad", "aten::reflection_pad1d.out"): _PADDING,
    ("aten::pad", "aten::replication_pad1d"): _PADDING,
    ("aten::pad", "aten::replication_pad2d"): _PADDING,
    ("aten::pad", '"reflection_pad2d_out_template"'): _PADDING,
    ("aten::sum.IntList_out", '"sum_cuda"'): _INTEGERS,
}
"""Overload and a part of the message by which some of its calls are refused; and why they may be.

The calls are made all the same: one that nothing is refused of any more is a failure.
"""
