"""All operators of the add-on on the GPU, against stock PyTorch on the processor."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.gpu.report import Found
from benchmarks.gpu.setup import Setup
from buildkit.places import CHECKOUT
from torch_build.verify.campaign import Verdict
from torch_build.verify.children import Worker
from torch_build.verify.on_device import device_operators, verdict_on_device

RECIPE = CHECKOUT / "torch-build/cuda"


def compare_operators(setup: Setup) -> Found:
    """Compare them; the reference needs stock PyTorch's schemas, of whatever device."""
    with (
        Worker(setup.needed_stock(), environment={"CUDA_VISIBLE_DEVICES": ""}) as reference,
        Worker(setup.python, "cuda", setup.ours()) as tested,
    ):
        return judge(
            [verdict_on_device(one, reference, tested) for one in device_operators(RECIPE)]
        )


def judge(verdicts: Sequence[Verdict]) -> Found:
    """Return the problems of all verdicts, and how much was compared."""
    return [line for verdict in verdicts for line in verdict.problems], {
        "operators": len(verdicts),
        "calls": sum(verdict.compared for verdict in verdicts),
        "refused by stock": sum(verdict.refused for verdict in verdicts),
        "beyond use": sum(verdict.absent for verdict in verdicts),
        "differing operators": sum(bool(verdict.problems) for verdict in verdicts),
    }
