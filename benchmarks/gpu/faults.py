"""Faults that need a real GPU: its memory is full, and it is hidden."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.gpu.children import SESSION, Run, options_of, program
from benchmarks.gpu.report import Found
from benchmarks.gpu.setup import Setup, child_variables
from buildkit.commands import last_line
from buildkit.errors import ToolError

_MOST_LINES = 3
"""What the program may say of a fault: one line, and what a library adds."""


def provoke_faults(setup: Setup) -> Found:
    """Have the program meet each fault; `ToolError` when the GPU cannot be filled."""
    recording = setup.needed_speech()[0].path
    failures: list[str] = []
    told: dict[str, Any] = {}

    def transcribe(name: str, device: str, **more: str) -> Run:
        output = setup.work / name / "output"
        # What was found of the GPU is remembered, and another fault is to be met afresh.
        more["XDG_CACHE_HOME"] = str(setup.work / name / "cache")
        run = program(setup, options_of(setup, device, output, recording), **more)
        text = (output / f"{recording.stem}.txt").is_file()
        failures.extend(f"{name}: {line}" for line in judge(run, text))
        told[name] = {"exit code": run.code, "said": list(run.lines), "text": text}
        return run

    with full_gpu(setup) as filling:
        if filling["error"] != "OutOfMemoryError" or "CUDA out of memory" not in filling["message"]:
            failures.append(f"a full GPU raises {filling['error']}: {filling['message'][:100]}")
        transcribe("a full GPU", "cuda")
    transcribe("no visible GPU, asked for", "cuda", CUDA_VISIBLE_DEVICES="")
    if transcribe("no visible GPU", "auto", CUDA_VISIBLE_DEVICES="").code:
        failures.append("without a GPU it does not work by itself")
    return failures, {"filling": filling, "faults": told}


def judge(run: Run, has_text: bool) -> list[str]:
    """Return what is wrong with how the program met a fault."""
    wrong = {
        "it ended with a traceback": any("Traceback" in line for line in run.lines),
        "it ended well and wrote nothing": run.code == 0 and not has_text,
        f"a signal ended it: {-run.code}": run.code < 0,
        "it does not say why it ended": bool(run.code) and not run.lines,
        f"it says {len(run.lines)} lines": len(run.lines) > _MOST_LINES,
    }
    return [line for line, applies in wrong.items() if applies]


@contextmanager
def full_gpu(setup: Setup) -> Iterator[dict[str, Any]]:
    """Fill the GPU for the length of a ``with``; give what the one that did it told."""
    process = subprocess.Popen(
        [str(setup.python), "-W", "ignore", str(SESSION), "fill"],
        env=child_variables(setup.ours()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        line = process.stdout.readline() if process.stdout else ""
        if not line.startswith("{"):
            raise ToolError(f"the GPU cannot be filled: {last_line(process.communicate()[1])}")
        told = json.loads(line)
        try:
            yield told
        finally:
            again, _ = process.communicate()
            told["works again"] = '"works again": true' in again
