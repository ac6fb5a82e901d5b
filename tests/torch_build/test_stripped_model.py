"""A real model and ``import torch`` on the stripped build against stock PyTorch's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from utterance import Utterance

from torch_build.verify.importing import import_in_turns, import_torch
from torch_build.verify.interpreters import (
    STRIPPED_SUFFIX,
    child_environment,
    our_python,
    stock_python,
    torch_version,
)

pytestmark = pytest.mark.slow

CHILD = Path(__file__).with_name("model_child.py")

HEAVY = ("sympy", "networkx", "jinja2", "fsspec", "numba", "triton")
MODULES = 400
"""The trace imports about 60 of PyTorch; the rest is NumPy and Python's own library."""

RATIO = 1 / 5


@pytest.fixture(scope="module")
def ours() -> Path:
    python = our_python()
    version = torch_version(python)
    if not version.endswith(STRIPPED_SUFFIX):
        pytest.skip(f"PyTorch is {version}: `make torch` builds and installs the stripped one")
    return python


def compute(python: Path, weights: Path, recording: Path, result: Path) -> dict[str, Any]:
    done = subprocess.run(
        [python, CHILD, weights, recording, result],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(result) as arrays:
        return dict(arrays)


@pytest.mark.parametrize("model", ["tiny.en", "base"])
def test_model_computes_what_it_does_on_stock(
    ours: Path, models: Path, utterances: list[Utterance], tmp_path: Path, model: str
) -> None:
    weights = models / f"{model}.pt"
    recording = utterances[0].path
    expected = compute(stock_python(), weights, recording, tmp_path / "stock.npz")
    found = compute(ours, weights, recording, tmp_path / "ours.npz")
    assert str(expected["version"]) != str(found["version"])
    assert found["tokens"].tolist() == expected["tokens"].tolist()
    # The rounding of one layer is the input of the next; the values have magnitude 1 to 20.
    for name, absolute in (("mel", 2e-5), ("features", 5e-4), ("logits", 1e-3)):
        assert found[name].dtype == expected[name].dtype
        np.testing.assert_allclose(
            found[name], expected[name], rtol=1e-4, atol=absolute, err_msg=name
        )


def test_import_brings_nothing_heavy(ours: Path) -> None:
    modules = import_torch(ours).modules
    assert [name for name in modules if name.partition(".")[0] in HEAVY] == []
    assert len(modules) <= MODULES


def test_import_is_fast(ours: Path) -> None:
    # What else the machine does can only add to the processor's time, so the least is the truest.
    stock, stripped = (
        min(item.cpu_seconds for item in taken)
        for taken in import_in_turns([stock_python(), ours], rounds=5)
    )
    assert stripped / stock <= RATIO
