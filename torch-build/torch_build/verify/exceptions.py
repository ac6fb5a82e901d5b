"""What is not as in stock PyTorch, each with the reason."""

from __future__ import annotations

_EMPTY = "2.6 reads the first element without a look at the number of elements; item() has one"

_ISCLOSE = "2.6 enters what is not a number into a result of the first argument's shape, in place"

UNCOVERED: dict[str, str] = {}
"""Overloads without a comparison, and why."""

DIFFERENCES: dict[tuple[str, str], str] = {
    ("aten::_local_scalar_dense", " (0,) contiguous"): _EMPTY,
    ("aten::_local_scalar_dense", " (2, 0, 3) contiguous"): _EMPTY,
    **{
        (f"aten::{name}", f"float32 {shapes} ('contiguous', 'contiguous') equal_nan=True"): _ISCLOSE
        for name in ("allclose", "isclose")
        for shapes in ("((5, 1), (1, 7))", "((), (3, 5))")
    },
}
"""Overload and a part of a case's label, and why PyTorch 2.6 and 2.13 rightly differ there.

The calls are made all the same: one that does not differ any more is a failure.
"""

PROCESSOR_DIFFERENCES: dict[tuple[str, str], str] = {
    ("aten::gelu", "float32 special values"): (
        "on Intel's processors with AVX-512 stock hands it to oneDNN, which answers NaN to infinity"
    ),
}
"""The same where stock PyTorch does it on some processors only: such a call may differ or not."""

ABSENT_TYPES: dict[tuple[str, str], str] = {
    ("aten::stft", "complex64"): "the trace has it as the type of the result",
    ("aten::stft.center", "complex64"): "the trace has it as the type of the result",
}
"""Overload and a type of the trace for which every call may be refused, and why."""
