from __future__ import annotations

import json
import math
import signal
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from transcriber.machine import device_probe
from transcriber.machine.device_probe import SIZE, TOLERANCES, largest_error, main, probe
from transcriber.machine.packages import package_version

on_stock = pytest.mark.skipif(
    "+whisper" in str(package_version("torch", "torch")),
    reason="the processor multiplies no half precision here: `make test` runs it on stock",
)


def fake_torch(*, cuda: str | None = "12.4", available: bool = True, count: int = 1) -> Any:
    def refuse() -> None:
        raise RuntimeError("The driver is too old (found version 11040).\nPlease update it.")

    properties = SimpleNamespace(name="H100", total_memory=80 * 2**30)
    return SimpleNamespace(
        __version__="2.6.0",
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(
            is_available=lambda: available,
            device_count=lambda: count,
            get_device_properties=lambda index: properties,
            init=refuse,
        ),
    )


@pytest.fixture(autouse=True)
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a driver that has nothing against the GPU; `test_driver_faults` is about others."""
    monkeypatch.setattr(device_probe, "driver_fault", lambda index, *, oldest: None)
    monkeypatch.setattr(device_probe, "_age_fault", lambda version: None)


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Return the errors of the products, to be changed by a test."""
    values = dict.fromkeys(TOLERANCES, 1e-6)

    def error(torch: Any, device: str, dtype: str) -> float:
        assert device == "cuda:0"
        return values[dtype]

    monkeypatch.setattr(device_probe, "largest_error", error)
    return values


def test_gpu_that_works(monkeypatch: pytest.MonkeyPatch, errors: dict[str, float]) -> None:
    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    answer = probe(0)
    assert answer["status"] == "works"
    assert answer["name"] == "H100"
    assert answer["memory"] == 80 * 2**30
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("error", [0.5, math.inf, math.nan])
def test_wrong_product(
    monkeypatch: pytest.MonkeyPatch, errors: dict[str, float], dtype: str, error: float
) -> None:
    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    errors[dtype] = error
    answer = probe(0)
    assert answer["status"] == "wrong"
    assert dtype in str(answer["reason"])


@pytest.mark.parametrize(
    ("torch", "index", "why"),
    [
        (fake_torch(cuda=None), 0, "without CUDA"),
        (fake_torch(available=False), 0, "too old"),
        (fake_torch(count=2), 2, "no cuda:2, only 2"),
    ],
)
def test_absent_gpu(monkeypatch: pytest.MonkeyPatch, torch: Any, index: int, why: str) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch)
    answer = probe(index)
    assert answer["status"] == "absent"
    assert why in str(answer["reason"])


def test_gpu_that_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(torch: Any, device: str, dtype: str) -> float:
        raise RuntimeError("CUDA error: out of memory\nCompile with ...")

    monkeypatch.setitem(sys.modules, "torch", fake_torch())
    monkeypatch.setattr(device_probe, "largest_error", refuse)
    assert probe(0) == {"status": "failed", "reason": "CUDA error: out of memory"}


def test_missing_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    # None makes the import raise ModuleNotFoundError.
    monkeypatch.setitem(sys.modules, "torch", None)
    answer = probe(0)
    assert answer["status"] == "absent"
    assert "cannot be loaded" in str(answer["reason"])


def test_answer_is_one_line_of_json(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    alarms: list[int] = []
    monkeypatch.setattr(signal, "alarm", alarms.append)
    assert main(["0", "20.0"]) == 0
    output = capfd.readouterr().out
    assert output.count("\n") == 1
    assert json.loads(output)["status"] == "absent"
    # Later than the parent's limit, so that the parent tells a hang from a crash.
    assert 20 < alarms[0] <= 60


@pytest.mark.slow
@on_stock
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_product_of_this_processor(dtype: str) -> None:
    torch = pytest.importorskip("torch")
    error = largest_error(torch, "cpu", dtype)
    assert 0 < error < TOLERANCES[dtype] / 3


@pytest.mark.slow
@on_stock
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("fault", ["zero", "transposed", "nan in one element"])
def test_wrong_product_is_seen(monkeypatch: pytest.MonkeyPatch, dtype: str, fault: str) -> None:
    torch = pytest.importorskip("torch")
    multiply = torch.Tensor.__matmul__

    def wrong(left: Any, right: Any) -> Any:
        if fault == "zero":
            return torch.zeros(SIZE, SIZE, dtype=left.dtype)
        product = multiply(left, right)
        if fault == "transposed":
            return product.T
        product[3, 5] = torch.nan
        return product

    monkeypatch.setattr(torch.Tensor, "__matmul__", wrong)
    assert not largest_error(torch, "cpu", dtype) <= TOLERANCES[dtype]


LOADER = (
    "Torch not compiled with CUDA enabled: the CUDA add-on cannot be loaded: {}, and torch.cuda "
    "is not in this build of PyTorch, which holds only what Whisper uses: if the program needs it"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/a/x.so: file too short", "the CUDA add-on is cut off (/a/x.so: file too short)"),
        (
            "/a/x.so: wrong ELF class: ELFCLASS32",
            "the CUDA add-on is no library for this processor "
            "(/a/x.so: wrong ELF class: ELFCLASS32)",
        ),
        (
            "/a/x.so: undefined symbol: f",
            "the CUDA add-on does not fit this program (/a/x.so: undefined symbol: f)",
        ),
        (
            "/a/_C.so: version `WHISPER_1' not found (required by /a/x.so)",
            "the CUDA add-on is of another build of this program "
            "(/a/_C.so: version `WHISPER_1' not found (required by /a/x.so))",
        ),
        ("/a/x.so: strange", "/a/x.so: strange"),
    ],
)
def test_add_on_that_does_not_load(text: str, reason: str) -> None:
    assert device_probe._describe(AssertionError(LOADER.format(text))) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "Torch not compiled with CUDA enabled: there is no CUDA add-on at /a/x.so, and "
            "torch.cuda is not in this build of PyTorch, which holds only what Whisper uses",
            "the CUDA add-on is missing (there is no CUDA add-on at /a/x.so)",
        ),
        ("CUDA cannot be used: unknown error (cudaErrorUnknown)", "unknown error (cudaErrorUnknow"),
        ("The driver is too old.\nUpdate it.", "RuntimeError: The driver is too old."),
        ("", "RuntimeError"),
    ],
)
def test_reason_of_pytorch(text: str, reason: str) -> None:
    assert device_probe._describe(RuntimeError(text)).startswith(reason)
