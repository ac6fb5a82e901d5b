"""The most memory of the GPU and of the processor that a transcription takes."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu.children import ask, options_of
from benchmarks.gpu.part import Part, judged
from benchmarks.gpu.setup import Setup
from benchmarks.manifest import read_manifest
from benchmarks.report.markup import Row, Table


def measure_memory(setup: Setup) -> Part:
    """Transcribe the first recording on both, and tell the peaks.

    Raises
    ------
    UnavailableError
        When there are no recordings or no weights.
    """
    recording = read_manifest(setup.needed_speech())[0].path
    found = {
        device: ask(
            setup.python,
            setup.ours(),
            "memory",
            *options_of(setup, device, setup.work / "memory", recording),
        )
        for device in ("cuda", "cpu")
    }
    return judge(found)


def judge(found: dict[str, Any]) -> Part:
    """Return the part of what the children told of each device."""
    failures = [
        f"on {device} it ended with {one['code']}" for device, one in found.items() if one["code"]
    ]
    if not found["cuda"]["gpu_mib"]:
        failures.append("it took no memory of the GPU")
    if found["cpu"]["gpu_mib"]:
        failures.append("it took memory of the GPU where it was told not to use it")
    rows = tuple(
        Row(cells=(device, f"{one['gpu_mib']:,.0f}", f"{one['host_mib']:,.0f}"))
        for device, one in found.items()
    )
    columns = ("device", "of the GPU, MiB", "of the processor, MiB")
    return judged(
        "memory", failures, found, Table(title="Peaks of memory", columns=columns, rows=rows)
    )
