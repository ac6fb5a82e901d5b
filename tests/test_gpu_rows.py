"""Windows side by side on a GPU that is made up, and what becomes of them where it fails."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from alike import same_files
from test_gpu_faults import (
    FIRST,
    Machine,
    gpu_environment,
    machine,
    on_sources,
    recording,
    went_on,
)
from utterance import Utterance

__all__ = ["machine", "recording"]

pytestmark = [pytest.mark.slow, on_sources]

LATER = r"the processor goes on at 0:[0-5]\d"


@pytest.fixture
def options(utterances: list[Utterance]) -> tuple[str, ...]:
    """Return what makes a clip of each utterance, three of which are decoded at once."""
    ends = [0.0, *itertools.accumulate(one.seconds for one in 2 * utterances)]
    points = [f"{end:.2f}" for pair in itertools.pairwise(ends) for end in pair]
    return ("--batch_size", "3", "--clip_timestamps", ",".join(points))


@pytest.mark.parametrize("fault", ["decoder:3:memory", "encoder:3:memory"])
def test_fewer_go_on_where_its_memory_runs_out(
    machine: Machine, recording: Path, options: tuple[str, ...], fault: str
) -> None:
    found = {}
    for name in ("", fault):
        environment = gpu_environment(machine, fault=name)
        found[name], lines = machine.transcribe(
            f"files {name}", recording, environment=environment, options=options
        )
        assert lines == []
    assert same_files(found[fault], found[""])


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("decoder:1:launch", f"unspecified launch failure; {FIRST}"),
        ("decoder:4:lost", f"unknown error; {LATER}"),
        ("decoder:3:nan+", f"it miscalculates the .*; {LATER}"),
        ("decoder:4:memory+", f"out of memory; {LATER}"),
    ],
)
def test_the_processor_goes_on(
    machine: Machine, recording: Path, options: tuple[str, ...], fault: str, told: str
) -> None:
    environment = gpu_environment(machine, fault=fault)
    files, lines = machine.transcribe("files", recording, environment=environment, options=options)
    went_on(machine, lines, f"cuda:0 failed: {told}")
    # Each utterance is said twice.
    text = files[f"{recording.stem}.txt"].decode().split()
    half = len(text) // 2
    assert len(text) > 50
    assert sum(a == b for a, b in zip(text[:half], text[half:], strict=False)) > half * 0.8
