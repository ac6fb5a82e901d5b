"""Matrix products and attention by shape: our kernels against those of stock PyTorch (cuBLAS)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.gpu.children import ask
from benchmarks.gpu.report import Found
from benchmarks.gpu.setup import Setup
from benchmarks.measuring.comparison import compare

SECONDS = 0.05
"""Of one measurement."""

MOST_ERROR = 0.02
"""By the greatest number of a result; half precision has 0.0005, and sums of some thousand more."""

_LINEAR = {
    "encoder projection": (1500, 512, 512),
    "encoder MLP, up": (1500, 2048, 512),
    "encoder MLP, down": (1500, 512, 2048),
    "tiny's projection": (1500, 384, 384),
    "decoder projection": (1, 512, 512),
    "decoder MLP, up": (1, 2048, 512),
    "decoder MLP, down": (1, 512, 2048),
    "logits": (1, 51865, 512),
    "projection, 3 tokens": (3, 512, 512),
    "projection, 5 beams": (5, 512, 512),
    "MLP up, 5 beams": (5, 2048, 512),
    "MLP down, 5 beams": (5, 512, 2048),
    "logits, 5 beams": (5, 51865, 512),
    "projection, 224 tokens of prompt": (224, 512, 512),
}
"""Rows, outputs and inputs of the layers of a model."""

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
        {"label": label, "kind": "linear", "rows": rows, "outputs": outputs, "inputs": inputs}
        for label, (rows, outputs, inputs) in _LINEAR.items()
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


def compare_products(setup: Setup) -> Found:
    """Measure ours, and stock PyTorch's in the same rounds where it has the GPU."""
    children: dict[str, tuple[Path, Mapping[str, str]]] = {"ours": (setup.python, setup.ours())}
    absent = "no Python with stock PyTorch was named"
    if setup.stock:
        absent = ask(setup.stock, {}, "device").get("error", "")
        if not absent:
            children["stock"] = (setup.stock, {})
    request = json.dumps({"seconds": SECONDS, "shapes": shapes()})
    rounds: list[dict[str, list[dict[str, float]]]] = []
    for number in range(setup.rounds):
        names = list(children) if number % 2 else list(reversed(children))
        rounds.append({name: ask(*children[name], "products", request) for name in names})
    return judge(rounds, absent)


def judge(rounds: Sequence[Mapping[str, Sequence[Mapping[str, float]]]], absent: str) -> Found:
    """Judge the errors, and compare the times.

    Parameters
    ----------
    rounds : sequence
        By name of the child, seconds and error of each shape.
    absent : str
        Why stock PyTorch has no part in it, or nothing.
    """
    failures: list[str] = []
    figures: dict[str, dict[str, float | str]] = {}
    for number, shape in enumerate(shapes()):
        ours = [one["ours"][number] for one in rounds]
        error = max(one["error"] for one in ours)
        # Nothing is close to what is not a number.
        if not error <= MOST_ERROR:
            failures.append(f"{shape['label']}: off by {error:.3g} of the greatest number")
        figure = figures[shape["label"]] = {
            "microseconds": 1e6 * min(one["seconds"] for one in ours),
            "error": error,
        }
        if absent:
            figure["by stock PyTorch's time"] = absent
        else:
            stock = [one["stock"][number]["seconds"] for one in rounds]
            found = compare([one["seconds"] for one in ours], stock)
            figure |= {"by stock PyTorch's time": found.ratio, "low": found.low, "high": found.high}
    return failures, figures
