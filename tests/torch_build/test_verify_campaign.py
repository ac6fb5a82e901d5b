from __future__ import annotations

import pytest

from torch_build.verify import exceptions
from torch_build.verify.campaign import Verdict, judge, summary
from torch_build.verify.children import CRASH
from torch_build.verify.values import Case, Outcome

ANSWER = Outcome(results=[1], buffers={})
OTHER = Outcome(results=[2], buffers={})
ERROR = Outcome(results=[], buffers={}, error="RuntimeError", message="a bug")
DEAD = Outcome(results=[], buffers={}, error=CRASH, message="SIGSEGV")
REFUSAL = Outcome(
    results=[],
    buffers={},
    error="NotImplementedError",
    message='aten::mv is not in this build of PyTorch, which ...: run "make trace" and ...',
)


def verdict(
    *outcomes: Outcome, dtypes: tuple[str, ...] = ("float32",), expected: Outcome = ANSWER
) -> Verdict:
    """Judge one case for each outcome, of the types in turns."""
    cases = [
        Case(operator="mul", overload="", label=f"{dtypes[at % len(dtypes)]} case {at}", args=())
        for at in range(len(outcomes))
    ]
    return judge("aten::mul", cases, [expected] * len(cases), outcomes)


def test_a_named_refusal_is_counted() -> None:
    found = verdict(ANSWER, REFUSAL)
    assert (found.compared, found.absent, found.problems) == (2, 1, [])


@pytest.mark.parametrize("outcome", [ERROR, OTHER, DEAD])
def test_nothing_else_is_tolerated(outcome: Outcome) -> None:
    found = verdict(ANSWER, ANSWER, outcome)
    assert found.absent == 0
    assert len(found.problems) == 1


def test_an_operator_that_refuses_more_than_half_has_a_hole() -> None:
    assert "2 of 3 cases are refused" in verdict(ANSWER, REFUSAL, REFUSAL).problems[0]


def test_a_type_that_is_refused_in_all_cases_is_a_hole(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = (ANSWER, REFUSAL, ANSWER, REFUSAL)
    dtypes = ("float32", "float64")
    assert "float64: all 2 cases" in verdict(*outcomes, dtypes=dtypes).problems[0]
    monkeypatch.setitem(exceptions.ABSENT_TYPES, ("aten::mul", "float64"), "a reason")
    assert verdict(*outcomes, dtypes=dtypes).problems == []


def test_a_refusal_of_what_stock_refuses_is_not_counted() -> None:
    found = verdict(REFUSAL, expected=ERROR)
    assert (found.compared, found.refused, found.absent, found.failures) == (0, 1, 0, [])


def test_an_exception_must_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exceptions.DIFFERENCES, ("aten::mul", "case 1"), "a reason")
    assert verdict(ANSWER, OTHER).problems == []
    assert "DIFFERENCES excepts it" in verdict(ANSWER, ANSWER).problems[0]
    assert "no case is so" in verdict(ANSWER).problems[0]
    assert "crashed" in verdict(ANSWER, DEAD).problems[0]


def test_what_differs_on_some_processors_may_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(exceptions.PROCESSOR_DIFFERENCES, ("aten::mul", "case 1"), "a reason")
    assert verdict(ANSWER, OTHER).problems == []
    assert verdict(ANSWER, ANSWER).problems == []
    assert "crashed" in verdict(ANSWER, DEAD).problems[0]


def test_the_summary_names_what_is_refused() -> None:
    text = summary([verdict(ANSWER, REFUSAL), Verdict(name="aten::abs", compared=3, refused=2)])
    assert "2 operators: 4 calls do what stock does, 2 are refused by both builds, 1 need" in text
    assert "aten::mul: 1 of 2" in text
    assert "aten::abs" not in text
