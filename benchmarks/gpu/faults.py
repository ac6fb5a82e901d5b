"""Faults that need a real GPU: its memory is full, and it is hidden."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.gpu.children import SESSION, Run, options_of, program
from benchmarks.gpu.part import Part, judged
from benchmarks.gpu.setup import Setup, child_variables
from benchmarks.manifest import read_manifest
from benchmarks.report.markup import Row, Table
from buildkit.errors import ToolError

_MOST_LINES = 3
"""What the program may say of a fault: one line, and what a library adds."""


def provoke_faults(setup: Setup) -> Part:
    """Have the program meet each fault.

    Raises
    ------
    UnavailableError
        When there are no recordings or no weights.
    ToolError
        When the GPU cannot be filled.
    """
    recording = read_manifest(setup.needed_speech())[0].path

    def transcribe(name: str, device: str, **more: str) -> tuple[Run, Path]:
        output = setup.work / f"fault-{name}"
        # What was found of the GPU is remembered, and another fault is to be met afresh.
        more["XDG_CACHE_HOME"] = str(setup.work / f"cache-{name}")
        run = program(setup, options_of(setup, device, output, recording), **more)
        return run, output / f"{recording.stem}.txt"

    failures, figures = [], {}
    with full_gpu(setup) as told:
        figures["filling"] = told
        if told["error"] != "OutOfMemoryError" or "CUDA out of memory" not in told["message"]:
            failures.append(f"a full GPU raises {told['error']}: {told['message'][:100]}")
        runs = {"a full GPU": transcribe("full", "cuda")}
    runs["no visible GPU, asked for"] = transcribe("hidden", "cuda", CUDA_VISIBLE_DEVICES="")
    runs["no visible GPU"] = transcribe("hidden-auto", "auto", CUDA_VISIBLE_DEVICES="")
    rows = []
    for name, (run, text) in runs.items():
        failures += [f"{name}: {line}" for line in judge(run, text.is_file())]
        figures[name] = {"code": run.code, "lines": list(run.lines), "text": text.is_file()}
        rows.append(Row(cells=(name, str(run.code), run.last_line)))
    if runs["no visible GPU"][0].code:
        failures.append("without a GPU it does not work by itself")
    table = Table(
        title="Faults",
        columns=("fault", "exit code", "what it said last"),
        numbers=frozenset({1}),
        rows=tuple(rows),
    )
    return judged("faults", failures, figures, table)


def judge(run: Run, has_text: bool) -> list[str]:
    """Return what is wrong with how the program met a fault."""
    failures = []
    if any("Traceback" in line for line in run.lines):
        failures.append("it ended with a traceback")
    if run.code == 0 and not has_text:
        failures.append("it ended well and wrote nothing")
    if run.code < 0:
        failures.append(f"a signal ended it: {-run.code}")
    if run.code and not run.lines:
        failures.append("it does not say why it ended")
    if len(run.lines) > _MOST_LINES:
        failures.append(f"it says {len(run.lines)} lines")
    return failures


@contextmanager
def full_gpu(setup: Setup) -> Iterator[dict[str, Any]]:
    """Fill the GPU for the length of a ``with``; give what the one that did it told.

    Raises
    ------
    ToolError
        When it ends before the GPU is full.
    """
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
            said = (process.communicate()[1] or "").strip().splitlines()
            raise ToolError(f"the GPU cannot be filled: {said[-1] if said else 'no reason'}")
        told = json.loads(line)
        try:
            yield told
        finally:
            again, _ = process.communicate()
            told["works again"] = '"works again": true' in again
