"""What `doctor` tells of the Pythons of the system."""

from __future__ import annotations

from typing import Any

import pytest
from other_pythons.conftest import machine  # noqa: F401
from other_pythons.machines import Machine, install_torch

from transcriber.choosing.device import Device
from transcriber.choosing.other_python import Selection
from transcriber.doctor import other_pythons as findings
from transcriber.doctor.other_pythons import python_findings
from transcriber.errors import UsageError
from transcriber.machine.probe_runner import ProbeResult
from transcriber.other_pythons.candidates import Candidate, rank
from transcriber.other_pythons.interpreters import find_interpreters
from transcriber.other_pythons.trial import Trial

PROCESSOR = Device(kind="cpu", index=None, name="processor", reason="no NVIDIA driver found")
OWN_GPU = Device(kind="cuda", index=0, name="H100", reason="works")


class Session:
    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def candidates(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> list[Candidate]:
    install_torch(machine.installation("opt/good", 9))
    machine.installation("opt/empty", 12)
    found = rank(find_interpreters(machine.around()))
    monkeypatch.setattr(findings, "find_candidates", lambda named, around: found)
    return found


def chosen(candidates: list[Candidate], session: Any) -> Selection:
    works = ProbeResult(status="works", reason="it multiplies rightly", name="H100")
    trial = Trial(candidate=candidates[0], session=session, torch="2.5.1+cu124", gpu=works)
    return Selection(candidates=candidates, trials=[trial], chosen=trial)


def values(backend: str, requested: str = "auto") -> dict[str, Any]:
    return {one.name: one.value for one in python_findings(backend, requested, None)}


def test_one_that_was_chosen(candidates: list[Candidate], monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session()
    monkeypatch.setattr(
        findings, "select_for", lambda requested, named: chosen(candidates, session)
    )
    found = values("system")
    assert found["backend"] == "system"
    assert candidates[0].label in found["reason"]
    assert found[candidates[0].label] == {
        "python": "3.9",
        "found by": "system",
        "torch": "2.5.1+cu124",
        "gpu": "CUDA 12.4",
        "verdict": "chosen",
    }
    assert found[candidates[1].label]["verdict"] == "it has no PyTorch"
    assert session.closed


def test_none_will_do(candidates: list[Candidate], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        findings, "select_for", lambda requested, named: Selection(candidates=candidates[1:])
    )
    first = python_findings("system", "auto", None)[0]
    assert (first.name, first.value, first.missing) == ("backend", None, True)
    assert "has no PyTorch that can be used" in values("system")["reason"]


@pytest.mark.parametrize(
    ("backend", "device", "reason"),
    [
        ("own", PROCESSOR, "asked for"),
        ("auto", PROCESSOR, "no NVIDIA driver found"),
        ("auto", OWN_GPU, "it can use cuda:0"),
    ],
)
def test_the_programs_own_is_used(
    candidates: list[Candidate],
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    device: Device,
    reason: str,
) -> None:
    monkeypatch.setattr(findings, "choose_device", lambda requested: device)
    found = values(backend)
    assert found["backend"] == "own"
    assert reason in found["reason"]
    assert found[candidates[0].label]["verdict"] == "not tried"


def test_auto_takes_what_can_use_the_gpu(
    candidates: list[Candidate], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "choose_device", lambda requested: PROCESSOR)
    selection = chosen(candidates, Session())
    monkeypatch.setattr(findings, "seek_gpu", lambda device, requested, named: selection)
    assert values("auto")["backend"] == "system"


def test_a_python_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(requested: str, named: str | None) -> Selection:
        raise UsageError("there is no Python /x", "name one")

    monkeypatch.setattr(findings, "select_for", refuse)
    (only,) = python_findings("system", "auto", "/x")
    assert (only.missing, only.error) == (True, "there is no Python /x: name one")
