"""All operators of the add-on on the GPU, against stock PyTorch on the processor."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.gpu.part import Part, judged
from benchmarks.gpu.setup import Setup
from benchmarks.report.markup import Row, Table
from buildkit.places import CHECKOUT
from torch_build.verify.campaign import Verdict
from torch_build.verify.children import Worker
from torch_build.verify.on_device import device_operators, verdict_on_device

RECIPE = CHECKOUT / "torch-build/cuda"


def compare_operators(setup: Setup) -> Part:
    """Compare them; the reference needs stock PyTorch's schemas, of whatever device.

    Raises
    ------
    UnavailableError
        When there is no stock PyTorch.
    """
    with (
        Worker(setup.needed_stock(), environment={"CUDA_VISIBLE_DEVICES": ""}) as reference,
        Worker(setup.python, "cuda", setup.ours()) as tested,
    ):
        verdicts = [verdict_on_device(one, reference, tested) for one in device_operators(RECIPE)]
    return judge(verdicts)


def judge(verdicts: Iterable[Verdict]) -> Part:
    """Return the part of all verdicts."""
    every = list(verdicts)
    failures = [line for verdict in every for line in verdict.problems]
    figures = {
        "operators": len(every),
        "calls": sum(verdict.compared for verdict in every),
        "refused by stock": sum(verdict.refused for verdict in every),
        "beyond use": sum(verdict.absent for verdict in every),
        "differing operators": sum(bool(verdict.problems) for verdict in every),
    }
    rows = tuple(Row(cells=(name, f"{value:,}")) for name, value in figures.items())
    table = Table(title="Operators", columns=("what", "number"), rows=rows)
    return judged("operators", failures, dict(figures), table)
