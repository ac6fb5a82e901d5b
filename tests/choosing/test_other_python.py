"""Which Python of the system is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from other_pythons.conftest import machine  # noqa: F401
from other_pythons.machines import Machine, install_torch

from transcriber.choosing import other_python as selection
from transcriber.choosing.other_python import Selection, select, select_for
from transcriber.errors import UsageError
from transcriber.machine.probe_runner import ProbeResult
from transcriber.other_pythons.candidates import Candidate
from transcriber.other_pythons.places import Surroundings
from transcriber.other_pythons.trial import Trial

WORKS = ProbeResult(status="works", reason="it multiplies rightly", name="H100")
ABSENT = ProbeResult(status="absent", reason="PyTorch finds no GPU")
BUSY = ProbeResult(status="failed", reason="out of memory")


class Child:
    """Stands in for a session."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Tries:
    """Tries candidates as a script says: by the name of their folder, what becomes of each."""

    def __init__(self, outcomes: dict[str, ProbeResult | str]) -> None:
        self.outcomes = outcomes
        self.tried: list[tuple[str, int | None]] = []
        self.children: list[Child] = []

    def __call__(self, candidate: Candidate, gpu: int | None) -> Trial:
        name = candidate.interpreter.path.parents[1].name
        self.tried.append((name, gpu))
        outcome = self.outcomes[name]
        if isinstance(outcome, str):
            return Trial(candidate=candidate, problem=outcome)
        child: Any = Child()
        self.children.append(child)
        result = outcome if gpu is not None else None
        return Trial(candidate=candidate, session=child, torch="2.5.1", gpu=result)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.tried]


Choose = Callable[..., Selection]


@pytest.fixture
def choose(machine: Machine, tmp_path: Path) -> Choose:
    """Return a function that selects on a machine with two CUDA builds, one without and none."""
    for name, version, cuda in (
        ("a", "2.6.0", "12.4"),
        ("b", "2.5.1", "12.4"),
        ("c", "2.7.0+cpu", None),
    ):
        install_torch(machine.installation(f"opt/{name}", 11), version, cuda=cuda)
    machine.installation("opt/d", 12)

    def run(tries: Tries, gpu: int | None, **options: Any) -> Selection:
        around = options.pop("around", machine.around())
        cache = tmp_path / "system.json"
        return select(gpu, around=around, attempt=tries, cache=cache, **options)

    return run


def taken(found: Selection) -> str:
    return found.chosen.candidate.interpreter.path.parents[1].name if found.chosen else ""


def verdicts(found: Selection) -> dict[str, str]:
    return {c.interpreter.path.parents[1].name: found.verdict(c) for c in found.candidates}


def test_the_best_that_can_use_the_gpu_is_taken(choose: Choose) -> None:
    tries = Tries({"a": ABSENT, "b": WORKS})
    found = choose(tries, 0)
    assert taken(found) == "b"
    assert [child.closed for child in tries.children] == [True, False]
    assert verdicts(found) == {
        "a": "PyTorch finds no GPU",
        "b": "chosen",
        "c": "not tried, for one before it was chosen",
        "d": "it has no PyTorch",
    }


def test_without_a_gpu_the_first_that_loads_is_taken(choose: Choose) -> None:
    tries = Tries({"a": "it does not load: ImportError", "b": ABSENT})
    found = choose(tries, None)
    assert taken(found) == "b"
    assert tries.tried == [("a", None), ("b", None)]
    assert verdicts(found)["a"] == "it does not load: ImportError"


def test_where_none_can_use_the_gpu_the_processor_will_do(choose: Choose) -> None:
    tries = Tries({"a": "ended by SIGSEGV", "b": ABSENT, "c": ABSENT})
    found = choose(tries, 0)
    assert taken(found) == "b"
    assert tries.tried == [("a", 0), ("b", 0), ("c", 0), ("b", None)]
    assert [child.closed for child in tries.children] == [True, True, False]
    assert found.chosen is not None
    assert not found.chosen.has_gpu
    assert verdicts(found)["b"] == "chosen, for the processor: PyTorch finds no GPU"


def test_only_what_can_use_the_gpu_will_do(choose: Choose) -> None:
    tries = Tries({"a": ABSENT, "b": "ended by SIGSEGV"})
    found = choose(tries, 0, only_gpu=True)
    assert found.chosen is None
    # What is built for processors only is not even started.
    assert tries.names == ["a", "b"]
    assert all(child.closed for child in tries.children)


def test_what_was_refused_is_remembered(choose: Choose) -> None:
    outcomes: dict[str, ProbeResult | str] = {"a": ABSENT, "b": "ended by SIGSEGV"}
    choose(Tries(outcomes), 0, only_gpu=True)
    again = Tries(outcomes)
    found = choose(again, 0, only_gpu=True)
    assert again.tried == []
    assert verdicts(found)["b"] == "ended by SIGSEGV (remembered)"
    # Another GPU is another question, and who asks for the system's PyTorch wants it tried.
    other = Tries({"a": WORKS})
    assert taken(choose(other, 1, only_gpu=True)) == "a"
    assert taken(choose(Tries({"a": WORKS}), 0)) == "a"


def test_what_may_pass_is_not_remembered(choose: Choose) -> None:
    choose(Tries({"a": BUSY, "b": BUSY}), 0, only_gpu=True)
    assert taken(choose(Tries({"a": WORKS}), 0, only_gpu=True)) == "a"


def test_what_was_installed_anew_is_tried_anew(choose: Choose, machine: Machine) -> None:
    choose(Tries({"a": ABSENT, "b": ABSENT}), 0, only_gpu=True)
    version = machine.root / "opt/a/lib/python3.11/site-packages/torch/version.py"
    version.write_text(version.read_text().replace("2.6.0", "2.6.1"))
    tries = Tries({"a": WORKS})
    assert taken(choose(tries, 0, only_gpu=True)) == "a"


@pytest.mark.parametrize("way", ["option", "variable", "folder"])
def test_a_named_python_is_the_only_one(choose: Choose, machine: Machine, way: str) -> None:
    path = machine.root / "opt/c/bin/python3"
    tries = Tries({"c": ABSENT})
    if way == "variable":
        around = machine.around({"TRANSCRIBER_PYTHON": str(path)})
        found = choose(tries, None, around=around)
    else:
        found = choose(tries, None, named=str(path if way == "option" else path.parents[1]))
    assert taken(found) == "c"
    assert len(found.candidates) == 1


def test_of_a_named_python_its_own_word_counts(choose: Choose, machine: Machine) -> None:
    tries = Tries({"d": ABSENT, "strange": ABSENT})
    assert taken(choose(tries, None, named=str(machine.root / "opt/d"))) == "d"
    machine.python("srv/strange/bin/python")
    assert taken(choose(tries, None, named=str(machine.root / "srv/strange"))) == "strange"


def test_a_named_python_that_is_too_old(choose: Choose, machine: Machine) -> None:
    machine.installation("opt/old", 7)
    found = choose(Tries({}), None, named=str(machine.root / "opt/old"))
    assert found.chosen is None
    error = found.nothing_usable()
    assert "opt/old/bin/python3 has no PyTorch that can be used (" in error.message


def test_a_named_python_that_is_not_there(choose: Choose) -> None:
    with pytest.raises(UsageError, match=r"there is no Python /nowhere/python: .*--python"):
        choose(Tries({}), None, named="/nowhere/python")


def test_what_was_looked_at_is_told(choose: Choose) -> None:
    tries = Tries({"a": "ended by SIGSEGV", "b": "it has no NumPy", "c": "it does not load: x"})
    error = choose(tries, 0).nothing_usable()
    assert error.exit_code == 8
    for text in ("opt/a/bin/python3", "ended by SIGSEGV", "it has no NumPy", "1 without PyTorch"):
        assert text in error.message
    assert "--python" in error.remedy
    assert len(str(error).splitlines()) == 1


def test_a_machine_without_python(tmp_path: Path) -> None:
    nobody = Surroundings(root=tmp_path, environment={}, home=None, folder=tmp_path)
    found = select(None, around=nobody, cache=tmp_path / "cache")
    assert "no Python was found" in str(found.nothing_usable())


def test_nothing_is_started_where_nothing_is_worth_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    machine.installation("opt/d", 12)

    def start(environment: object) -> None:
        raise AssertionError("a Python was started")

    monkeypatch.setattr(selection, "_trier", start)
    found = select(0, around=machine.around(), cache=tmp_path / "cache")
    assert (found.chosen, found.trials) == (None, [])


@pytest.mark.parametrize(
    ("requested", "sign", "only_gpu", "gpu"),
    [
        ("auto", False, False, None),
        ("auto", True, False, 0),
        ("auto", False, True, 0),
        ("cpu", True, False, None),
        ("cuda", False, False, 0),
        ("cuda:2", False, True, 2),
    ],
)
def test_which_gpu_a_device_means(
    monkeypatch: pytest.MonkeyPatch,
    requested: str,
    sign: bool,
    only_gpu: bool,
    gpu: int | None,
) -> None:
    class Driver:
        present = sign

    asked: list[object] = []

    def note(gpu: int | None, **options: object) -> Selection:
        asked.extend([gpu, options])
        return Selection(candidates=[])

    monkeypatch.setattr(selection, "find_driver", Driver)
    monkeypatch.setattr(selection, "_AMD", Path("/not/there"))
    monkeypatch.setattr(selection, "select", note)
    select_for(requested, named="x", only_gpu=only_gpu)
    assert asked == [gpu, {"named": "x", "only_gpu": only_gpu}]
