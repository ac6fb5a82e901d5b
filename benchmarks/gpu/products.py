"""Matrix products and attention by shape: our kernels against those of stock PyTorch (cuBLAS)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu.children import ask
from benchmarks.gpu.part import Part, judged
from benchmarks.gpu.setup import Setup
from benchmarks.matrix_products import SHAPES
from benchmarks.measuring.comparison import compare
from benchmarks.report.markup import Row, Table

SECONDS = 0.05
"""Of one measurement."""

MOST_ERROR = 0.02
"""By the greatest number of a result; half precision has 0.0005, and sums of some thousand more."""

_ATTENTION = {
    "encoder": (1, 1500, 1500, False),
    "text, one token": (1, 1, 200, False),
    "audio, one token": (1, 1, 1500, False),
    "audio, 5 beams": (5, 1, 1500, False),
    "prompt of 224 tokens": (1, 224, 224, True),
}


def shapes() -> list[dict[str, Any]]:
    """Return what is multiplied in a model of the size of ``base``."""
    linear = [
        {"label": one.label, "kind": "linear", "rows": one.n, "outputs": one.m, "inputs": one.k}
        for one in SHAPES
        if one.transposes == "TN" and one.lda == one.k
    ]
    attention = [
        {
            "label": f"attention, {label}",
            "kind": "attention",
            "batch": batch,
            "heads": 8,
            "queries": queries,
            "keys": keys,
            "causal": causal,
        }
        for label, (batch, queries, keys, causal) in _ATTENTION.items()
    ]
    return [*linear, *attention]


def compare_products(setup: Setup) -> Part:
    """Measure ours, and stock PyTorch's in the same rounds where it has the GPU."""
    children: dict[str, tuple[Path, Mapping[str, str]]] = {"ours": (setup.python, setup.ours())}
    absent = "no Python with stock PyTorch was named"
    if setup.stock:
        told = ask(setup.stock, {}, "device")
        absent = told.get("error", "")
        if not absent:
            children["stock"] = (setup.stock, {})
    request = json.dumps({"seconds": SECONDS, "shapes": shapes()})
    rounds: list[dict[str, list[dict[str, float]]]] = []
    for number in range(setup.rounds):
        names = list(children) if number % 2 else list(reversed(children))
        rounds.append({name: ask(*children[name], "products", request) for name in names})
    return judge(rounds, absent)


def judge(rounds: Sequence[Mapping[str, Sequence[Mapping[str, float]]]], absent: str) -> Part:
    """Return the part of what the rounds found.

    Parameters
    ----------
    rounds : sequence
        By name of the child, seconds and error of each shape.
    absent : str
        Why stock PyTorch has no part in it, or nothing.
    """
    failures, figures, rows = [], {}, []
    for number, shape in enumerate(shapes()):
        ours = [one["ours"][number] for one in rounds]
        error = max(one["error"] for one in ours)
        # Nothing is close to what is not a number.
        if not error <= MOST_ERROR:
            failures.append(f"{shape['label']}: off by {error:.3g} of the greatest number")
        seconds = min(one["seconds"] for one in ours)
        figure: dict[str, Any] = {"microseconds": 1e6 * seconds, "error": error}
        ratio = absent
        if not absent:
            stock = [one["stock"][number]["seconds"] for one in rounds]
            found = compare([one["seconds"] for one in ours], stock)
            figure |= {"ratio": found.ratio, "low": found.low, "high": found.high}
            ratio = f"{found.ratio:.2f} ({found.low:.2f}-{found.high:.2f})"
        figures[shape["label"]] = figure
        rows.append(Row(cells=(shape["label"], f"{1e6 * seconds:.1f}", ratio, f"{error:.2g}")))
    table = Table(
        title="Products and attention in half precision",
        columns=("shape", "ours, microseconds", "by stock PyTorch's time", "error"),
        rows=tuple(rows),
    )
    return judged("products", failures, figures, table)
