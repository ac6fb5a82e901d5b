"""Every operator of the CUDA add-on in every selected type, on the stand-in for the CUDA runtime.

Kernels compute nothing there, so that no result means anything. What is tested is that each call
gets to its kernels: registration, schema, dispatch over types, and all that the processor does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_cuda_runtime import addon_environment, usable_addon
from torch_build.operators import Operator
from torch_build.verify.children import Worker
from torch_build.verify.device_exceptions import BEYOND
from torch_build.verify.interpreters import CHECKOUT, stock_python
from torch_build.verify.on_device import beyond_use, device_cases, device_operators, is_missing

OPERATORS = device_operators(CHECKOUT / "torch-build/cuda")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Worker]]:
    library = usable_addon(tmp_path_factory.mktemp("add-on"))
    environment = addon_environment(library)
    with (
        Worker(stock_python()) as stock,
        Worker(Path(sys.executable), "cuda", environment) as tested,
    ):
        yield stock, tested


@pytest.mark.parametrize("operator", OPERATORS, ids=[one.name for one in OPERATORS])
def test_nothing_is_missing_that_an_operator_needs(
    workers: tuple[Worker, Worker], operator: Operator
) -> None:
    stock, tested = workers
    cases = device_cases(operator, stock)
    assert not isinstance(cases, str), cases
    answered = 0
    missing: dict[str, str] = {}
    unmet = {part for name, part in BEYOND if name == operator.name}
    for case, expected, found in zip(cases, stock.run(cases), tested.run(cases), strict=True):
        if expected.error:
            continue
        answered += not found.error
        if not is_missing(found):
            continue
        excused = beyond_use(operator.name, found)
        unmet.discard(excused)
        if not excused:
            missing.setdefault(f"{found.error}: {found.message}", case.label)
    assert missing == {}
    assert unmet == set()
    # Whatever else goes wrong without numbers, most calls end well.
    assert answered
