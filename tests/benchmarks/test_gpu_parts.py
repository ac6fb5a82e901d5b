"""How the parts of an examination on a GPU judge what they found, and the report of it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from benchmarks.gpu import faults, memory, operators, products, speed, transcripts
from benchmarks.gpu.__main__ import PARTS, examine, load
from benchmarks.gpu.children import Run
from benchmarks.gpu.machine import parse_query
from benchmarks.gpu.part import ABSENT, FAILED, PASSED, Part, UnavailableError, judged
from benchmarks.gpu.report import as_json, as_page
from benchmarks.gpu.setup import Setup
from benchmarks.measuring.processes import Taken
from benchmarks.measuring.token_differences import differing
from buildkit.errors import ToolError
from torch_build.verify.campaign import Verdict

SETUP = Setup(python=Path("python"), site=Path(), addon=Path(), work=Path())


def taken(seconds: float) -> Taken:
    return Taken(seconds=seconds, first_segment=0, mib=1, faults=0, read_bytes=0, output="")


def test_what_nvidia_says_is_read() -> None:
    found = parse_query("NVIDIA L4, 550.54.15, 23034 MiB, 2040 MHz, 72.00 W\nanother\n")
    assert found["name"] == "NVIDIA L4"
    assert found["power.limit"] == "72.00 W"


def test_operators_fail_where_one_differs() -> None:
    fine = Verdict(name="aten::add.Tensor", compared=10, refused=2)
    wrong = Verdict(name="aten::mm", compared=5, failures=["float16: 3 of 4 differ"])
    assert operators.judge([fine]).state == PASSED
    part = operators.judge([fine, wrong])
    assert part.failures == ("aten::mm: float16: 3 of 4 differ",)
    assert part.figures["calls"] == 15


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ([1, 2, 3], [1, 2, 3], 0),
        ([1, 2, 3], [1, 9, 3], 1),
        ([1, 2, 3], [1, 3], 1),
        ([1, 2], [1, 2, 3, 4], 2),
        ([], [1], 1),
    ],
)
def test_tokens_are_counted(one: list[int], other: list[int], count: int) -> None:
    assert differing(one, other) == count


def test_transcripts_may_differ_a_little_and_may_not_be_worse() -> None:
    assert transcripts.judge([(1, 100), (1, 100)], {"en": 0.05}, {"en": 0.053}) == []
    assert transcripts.judge([(5, 100), (1, 100)], {"en": 0.05}, {"en": 0.05}) == [
        "6 of 200 tokens differ, more than 2%"
    ]
    (line,) = transcripts.judge([], {"de": 0.05, "en": 0.1}, {"de": 0.06, "en": 0.02})
    assert line.startswith("de: 6.00% errors on the GPU")


def round_of(error: float, seconds: float) -> list[dict[str, float]]:
    return [{"seconds": seconds, "error": error} for _ in products.shapes()]


def test_products_are_compared_where_there_is_something_to_compare_with() -> None:
    rounds = [{"ours": round_of(0.001, 2.0), "stock": round_of(0.001, 1.0)} for _ in range(6)]
    part = products.judge(rounds, "")
    assert part.state == PASSED
    assert {one["ratio"] for one in part.figures.values()} == {2.0}
    alone = products.judge([{"ours": round_of(0.001, 2.0)}], "there is none")
    assert alone.state == PASSED
    assert "there is none" in alone.tables[0].rows[0].cells


@pytest.mark.parametrize("error", [1.0, math.nan])
def test_a_wrong_product_is_a_failure_however_fast(error: float) -> None:
    part = products.judge([{"ours": round_of(error, 1e-9)}], "there is none")
    assert len(part.failures) == len(products.shapes())


def test_times_are_ratios_and_absence_is_told() -> None:
    rounds = [{speed.OURS: taken(1), "ours on the processor": taken(4)} for _ in range(6)]
    part = speed.judge(rounds, {"faster-whisper on the GPU": "no weights"}, [])
    assert part.figures["ratios"]["ours on the processor"]["ratio"] == 0.25
    assert part.figures["absent"] == {"faster-whisper on the GPU": "no weights"}
    assert any("no weights" in row.cells for row in part.tables[0].rows)
    assert speed.judge(rounds, {}, ["the GPU was given up"]).state == FAILED


def test_memory_tells_whether_the_gpu_was_used() -> None:
    used, unused = ({"code": 0, "gpu_mib": mib, "host_mib": 300.0} for mib in (900.0, 0.0))
    assert memory.judge({"cuda": used, "cpu": unused}).state == PASSED
    assert memory.judge({"cuda": unused, "cpu": unused}).failures == (
        "it took no memory of the GPU",
    )
    assert memory.judge({"cuda": used, "cpu": used}).state == FAILED
    assert "on cpu it ended with 12" in memory.judge({"cuda": used, "cpu": {**unused, "code": 12}})\
        .failures  # fmt: skip


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
    assert Run(code=0, lines=("a warning", said)).fell_back == said
    assert Run(code=0, lines=("a warning",)).fell_back == ""


def test_no_part_keeps_another_from_running() -> None:
    def absent(setup: Setup) -> Part:
        raise UnavailableError("name one with --stock")

    def broken(setup: Setup) -> Part:
        raise ToolError("the child died", "look at it")

    def fine(setup: Setup) -> Part:
        return judged("fine", [], {"number": 1})

    parts = examine(SETUP, {"absent": absent, "broken": broken, "fine": fine})
    assert [part.state for part in parts] == [ABSENT, FAILED, PASSED]
    page = as_page(parts)
    assert "| absent | not run | name one with --stock |" in page
    assert "it broke off: the child died" in page
    assert [one["state"] for one in json.loads(as_json(parts))] == [ABSENT, FAILED, PASSED]


def test_a_part_whose_modules_are_absent_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "machine", ("no_such_module", "describe"))
    (part,) = examine(SETUP, {"machine": load("machine")})
    assert part.state == ABSENT
    assert "no_such_module" in part.why


@pytest.mark.parametrize("name", PARTS)
def test_each_part_has_its_function(name: str) -> None:
    module, function = PARTS[name]
    part = __import__(f"benchmarks.gpu.{module}", fromlist=[function])
    assert callable(getattr(part, function))


def test_many_failures_are_counted_on_the_page_and_listed_for_tools() -> None:
    part = judged("operators", [f"number {number}" for number in range(60)], {})
    assert "and 20 more" in as_page([part])
    assert "number 59" in as_json([part])
