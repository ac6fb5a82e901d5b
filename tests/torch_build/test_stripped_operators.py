"""Every selected operator of the stripped build against stock PyTorch's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from torch_build.operators import Operator, read_operators
from torch_build.verify.campaign import Verdict, summary, verdict_of
from torch_build.verify.children import Worker
from torch_build.verify.exceptions import (
    ABSENT_TYPES,
    DIFFERENCES,
    PROCESSOR_DIFFERENCES,
    UNCOVERED,
)
from torch_build.verify.interpreters import (
    CHECKOUT,
    OURS_VARIABLE,
    STRIPPED_SUFFIX,
    our_python,
    stock_python,
    torch_version,
)

OPERATORS = read_operators(CHECKOUT / "torch-build" / "operators.yaml").operators

REFUSED_SHARE = 0.02
"""Of all calls that stock PyTorch takes, those that the stripped build may refuse by name."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ours() -> Path:
    python = our_python()
    version = torch_version(python)
    # A build that someone names is compared whatever it is.
    if not version.endswith(STRIPPED_SUFFIX) and OURS_VARIABLE not in os.environ:
        pytest.skip(f"PyTorch is {version}: `make torch` builds and installs the stripped one")
    return python


@pytest.fixture(scope="module")
def workers(ours: Path) -> Iterator[tuple[Worker, Worker]]:
    with Worker(stock_python()) as stock, Worker(ours) as tested:
        yield stock, tested


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return []


@pytest.mark.parametrize("operator", OPERATORS, ids=[item.name for item in OPERATORS])
def test_operator_does_what_stock_does(
    workers: tuple[Worker, Worker], verdicts: list[Verdict], operator: Operator
) -> None:
    verdicts.append(verdict_of(operator, *workers))
    assert verdicts[-1].problems == []


def test_few_calls_are_refused(
    ours: Path, verdicts: list[Verdict], capsys: pytest.CaptureFixture[str]
) -> None:
    if len(verdicts) < len(OPERATORS):
        pytest.skip("counts what the comparison of all operators found")
    with capsys.disabled():
        print(f"\n{ours}, {summary(verdicts)}")
    compared = sum(verdict.compared for verdict in verdicts)
    assert sum(verdict.absent for verdict in verdicts) <= REFUSED_SHARE * compared


def test_exceptions_are_of_selected_operators_and_have_reasons() -> None:
    selected = {operator.name for operator in OPERATORS}
    pairs = {**DIFFERENCES, **PROCESSOR_DIFFERENCES, **ABSENT_TYPES}
    excepted = {**UNCOVERED, **{name: reason for (name, _), reason in pairs.items()}}
    assert set(excepted) <= selected
    assert all(excepted.values())
