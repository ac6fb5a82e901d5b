"""What the machine is: processor, GPU, driver, and what each PyTorch makes of the GPU."""

from __future__ import annotations

import subprocess
from typing import Any

from benchmarks.gpu.children import ask
from benchmarks.gpu.part import Part, judged
from benchmarks.gpu.setup import Setup
from benchmarks.measuring.machine import describe_machine
from benchmarks.report.markup import Row, Table
from buildkit.errors import BuildError

QUERY = ("name", "driver_version", "memory.total", "clocks.max.sm", "power.limit")


def describe(setup: Setup) -> Part:
    """Describe the machine; it fails where our PyTorch cannot use the GPU."""
    ours = ask(setup.python, setup.ours(), "device")
    figures: dict[str, Any] = {"machine": describe_machine(), "ours": ours, "driver": driver()}
    if setup.stock:
        try:
            figures["stock"] = ask(setup.stock, {}, "device")
        except BuildError as error:
            figures["stock"] = {"error": str(error)}
    failures = [f"our PyTorch has no GPU: {ours['error']}"] if "error" in ours else []
    rows = tuple(
        Row(cells=(f"{group}: {name}", str(value)))
        for group, values in figures.items()
        for name, value in values.items()
    )
    table = Table(title="The machine", columns=("what", "value"), numbers=frozenset(), rows=rows)
    return judged("machine", failures, figures, table)


def driver() -> dict[str, str]:
    """Return what nvidia-smi says of the first GPU, or why it does not."""
    command = ["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return {"error": f"nvidia-smi does not run: {error}"}
    if done.returncode or not done.stdout.strip():
        return {"error": f"nvidia-smi ended with {done.returncode}"}
    return parse_query(done.stdout)


def parse_query(printed: str) -> dict[str, str]:
    """Return the fields of the first line that nvidia-smi printed."""
    fields = printed.splitlines()[0].split(", ")
    return dict(zip(QUERY, fields, strict=False))
