"""What the machine is: processor, GPU, driver, and what each PyTorch makes of the GPU."""

from __future__ import annotations

import subprocess

from benchmarks.gpu.children import ask
from benchmarks.gpu.report import Found
from benchmarks.gpu.setup import Setup
from benchmarks.measuring.machine import describe_machine
from buildkit.errors import BuildError

QUERY = ("name", "driver_version", "memory.total", "clocks.max.sm", "power.limit")


def describe(setup: Setup) -> Found:
    """Describe the machine; it fails where our PyTorch cannot use the GPU."""
    ours = ask(setup.python, setup.ours(), "device")
    figures = {"machine": describe_machine(), "ours": ours, "driver": driver()}
    if setup.stock:
        try:
            figures["stock"] = ask(setup.stock, {}, "device")
        except BuildError as error:
            figures["stock"] = {"error": str(error)}
    return [f"our PyTorch has no GPU: {ours['error']}"] if "error" in ours else [], figures


def driver() -> dict[str, str]:
    """Return what nvidia-smi says of the first GPU, or why it does not."""
    command = ["nvidia-smi", f"--query-gpu={','.join(QUERY)}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return {"error": f"nvidia-smi does not tell: {error}"}
    return parse_query(done.stdout)


def parse_query(printed: str) -> dict[str, str]:
    """Return the fields of the first line that nvidia-smi printed."""
    return dict(zip(QUERY, printed.partition("\n")[0].split(", "), strict=False))
