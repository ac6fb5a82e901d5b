"""How the parts of an examination on a GPU judge what they found, and the report of it."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.gpu import faults, operators, products, transcriptions
from benchmarks.gpu.__main__ import PARTS, examine, load
from benchmarks.gpu.children import Run
from benchmarks.gpu.machine import parse_query
from benchmarks.gpu.report import ABSENT, FAILED, PASSED, Found, Part, as_json, as_page
from benchmarks.gpu.setup import Setup, UnavailableError
from benchmarks.measuring.processes import Taken
from buildkit.errors import ToolError
from torch_build.verify.campaign import Verdict

SETUP = Setup(python=Path("python"), site=Path(), addon=Path(), work=Path())


def taken(seconds: float) -> Taken:
    return Taken(seconds=seconds, first_segment=0, mib=1, faults=0, read_bytes=0, output="")


def test_what_nvidia_says_is_read() -> None:
    found = parse_query("NVIDIA L4, 550.54.15, 23034 MiB, 2040 MHz, 72.00 W\nanother\n")
    assert (found["name"], found["power.limit"]) == ("NVIDIA L4", "72.00 W")


def test_operators_fail_where_one_differs() -> None:
    fine = Verdict(name="aten::add.Tensor", compared=10, refused=2)
    wrong = Verdict(name="aten::mm", compared=5, failures=["float16: 3 of 4 differ"])
    assert operators.judge([fine])[0] == []
    failures, figures = operators.judge([fine, wrong])
    assert failures == ["aten::mm: float16: 3 of 4 differ"]
    assert (figures["calls"], figures["differing operators"]) == (15, 1)


def test_transcripts_may_differ_a_little_and_may_not_be_worse() -> None:
    def judged(differ: int, here: dict[str, float], there: dict[str, float]) -> list[str]:
        counts = [{"differ": differ, "of": 100}, {"differ": 1, "of": 100}]
        return transcriptions.judge_transcripts(counts, here, there)

    assert judged(1, {"en": 0.05}, {"en": 0.053}) == []
    assert judged(5, {"en": 0.05}, {"en": 0.05}) == ["6 of 200 tokens differ, more than 2%"]
    (line,) = judged(1, {"de": 0.05, "en": 0.1}, {"de": 0.06, "en": 0.02})
    assert line.startswith("de: 6.00% errors on the GPU")


def round_of(error: float, seconds: float) -> list[dict[str, float]]:
    return [{"seconds": seconds, "error": error} for _ in products.shapes()]


def test_products_are_compared_where_there_is_something_to_compare_with() -> None:
    rounds = [{"ours": round_of(0.001, 2.0), "stock": round_of(0.001, 1.0)} for _ in range(6)]
    for absent in ("", "there is none"):
        failures, figures = products.judge(rounds, absent)
        assert failures == []
        assert {one["by stock PyTorch's time"] for one in figures.values()} == {absent or 2.0}
    for error in (1.0, math.nan):
        failures, _ = products.judge([{"ours": round_of(error, 1e-9)}], "there is none")
        assert len(failures) == len(products.shapes())


def test_times_are_ratios_and_absence_is_told() -> None:
    rounds = [{transcriptions.OURS: taken(1), "ours on the processor": taken(4)} for _ in range(6)]
    figures = transcriptions.speed_figures(rounds, {"faster-whisper on the GPU": "no weights"})
    ratios = figures["our time on the GPU, by that of"]
    assert ratios["ours on the processor"]["ratio"] == 0.25
    page = as_page([Part(name="speed", state=PASSED, figures=figures)])
    assert "| ratio | 0.250 |" in page
    assert "| faster-whisper on the GPU | no weights |" in page


def test_memory_tells_whether_the_gpu_was_used() -> None:
    used, unused = ({"code": 0, "gpu_mib": mib, "host_mib": 300.0} for mib in (900.0, 0.0))
    judge = transcriptions.judge_memory
    assert judge({"cuda": used, "cpu": unused}) == []
    assert judge({"cuda": unused, "cpu": {**unused, "code": 12}}) == [
        "on cpu it ended with 12",
        "it took no memory of the GPU",
    ]
    (line,) = judge({"cuda": used, "cpu": used})
    assert "told not to use it" in line


@pytest.mark.parametrize(
    ("run", "text", "failures"),
    [
        (Run(code=0, lines=("using the processor: it is full",)), True, []),
        (Run(code=12, lines=("cuda:0 is full",)), False, []),
        (Run(code=0, lines=()), False, ["it ended well and wrote nothing"]),
        (Run(code=1, lines=()), False, ["it does not say why it ended"]),
        (Run(code=-11, lines=("x",)), False, ["a signal ended it: 11"]),
        (Run(code=1, lines=("Traceback (most recent", "y")), False, ["it ended with a traceback"]),
        (Run(code=1, lines=("x",) * 9), False, ["it says 9 lines"]),
    ],
)
def test_a_fault_is_met_with_one_line(run: Run, text: bool, failures: list[str]) -> None:
    assert faults.judge(run, text) == failures


def test_a_run_that_gave_the_gpu_up_says_so() -> None:
    said = "cuda:0 failed: out of memory; the processor goes on from the beginning"
    assert Run(code=0, lines=("a warning", said)).failures == [f"the GPU was given up: {said}"]
    assert Run(code=0, lines=("a warning",)).failures == []


def test_no_part_keeps_another_from_running(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(setup: Setup) -> Found:
        raise UnavailableError("name one with --stock")

    def broken(setup: Setup) -> Found:
        raise ToolError("the child died", "look at it")

    def wrong(setup: Setup) -> Found:
        return [f"number {number}" for number in range(60)], {"number": 1}

    monkeypatch.setitem(PARTS, "machine", ("no_such_module", "describe"))
    works = {"absent": absent, "missing": load("machine"), "broken": broken, "wrong": wrong}
    parts = examine(SETUP, {**works, "fine": lambda setup: ([], {})})
    states = [ABSENT, ABSENT, FAILED, FAILED, PASSED]
    assert [part.state for part in parts] == states
    assert "no_such_module" in parts[1].why
    page, data = as_page(parts), json.loads(as_json(parts))
    assert "| absent | not run | name one with --stock |" in page
    assert "it broke off: the child died" in page
    # All are listed for tools.
    assert "| wrong | failed | 60 failures |" in page
    assert "and 20 more" in page
    assert [one["state"] for one in data] == states
    assert data[3]["failures"][-1] == "number 59"


def test_each_part_has_its_function() -> None:
    for module, function in PARTS.values():
        assert callable(getattr(import_module(f"benchmarks.gpu.{module}"), function))
