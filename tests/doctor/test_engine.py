from __future__ import annotations

import pytest
from engine.fused.conftest import reference  # noqa: F401

from transcriber.doctor import engine as findings
from transcriber.doctor.engine import OWN_VERSION, engine_findings
from transcriber.settings import CAPABILITY_VARIABLE

pytestmark = pytest.mark.usefixtures("reference")


@pytest.fixture(autouse=True)
def own_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "package_version", lambda *_: f"2.6.0{OWN_VERSION}.cpu")
    monkeypatch.delenv(CAPABILITY_VARIABLE, raising=False)


def found(compute_type: str) -> dict[str, str]:
    return {one.name: str(one.value) for one in engine_findings(compute_type)}


def test_what_was_chosen_and_why() -> None:
    assert found("auto") == {
        "operators": "fused",
        "compute type": "int8",
        "kernels": "avx2",
        "reason": "decoder in int8, encoder in int16; the fastest",
    }


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("avx2", "avx2, to which ATEN_CPU_CAPABILITY holds them"),
        ("amx", "avx2, since ATEN_CPU_CAPABILITY=amx is not there"),
        ("avx-2", "avx2, since ATEN_CPU_CAPABILITY=avx-2 is not there"),
        ("", "avx2"),
    ],
)
def test_the_variable_is_told(monkeypatch: pytest.MonkeyPatch, wish: str, told: str) -> None:
    monkeypatch.setenv(CAPABILITY_VARIABLE, wish)
    assert found("auto")["kernels"] == told


def test_another_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "package_version", lambda *_: "2.6.0+cpu")
    assert found("int8")["compute type"] == "float32"
    assert "kernels" not in found("int8")
