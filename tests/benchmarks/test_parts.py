"""Measuring parts of the model, with small children in the place of those that load it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from benchmarks.figures import Series
from benchmarks.measuring import parts
from benchmarks.measuring.parts import (
    FUSED,
    FUSED_FLOAT32,
    OURS,
    PEER,
    STOCK,
    Program,
    measure_import,
    measure_larger,
    measure_parts,
    started,
)
from benchmarks.peers.random_weights import write_model
from benchmarks.plan import LARGER
from buildkit.errors import ToolError
from torch_build.verify.importing import Import
from transcriber.models.checkpoints.layout import tensor_shapes
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.registry import official_models

ANSWERS = 'echo ready; while read -r part; do echo "$0 $* / $part" >> "{log}"; echo {seconds}; done'

Child = Callable[..., Program]


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """Return a function that makes an interpreter which is a shell script."""

    def make(code: str = ANSWERS, *, name: str = "python", seconds: str = "0.5") -> Program:
        path = tmp_path / name
        code = code.replace("{log}", str(tmp_path / "log")).replace("{seconds}", seconds)
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)
        return Program(path, "module", Path("weights.pt"), ("float32",))

    return make


def log(folder: Path) -> list[str]:
    return [line.partition(f"{folder}/")[2] for line in (folder / "log").read_text().splitlines()]


def test_a_child_is_told_what_it_needs_and_measures(child: Child, tmp_path: Path) -> None:
    with started(child(), 3, ["a part", "load"]) as measure:
        assert [measure("a part"), measure("load")] == [0.5, 0.5]
    command = "python -m module weights.pt 3 a part;load float32"
    assert log(tmp_path) == [f"{command} / a part", f"{command} / load"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("exit 3", "3"),
        ("kill -9 $$", "-9"),
        ("echo ready; read -r part; exit 5", "5"),
        ("echo ready; exec <&-; sleep 0.1; exit 6", "6"),
    ],
)
def test_a_child_that_ends_is_a_failure(child: Child, code: str, reason: str) -> None:
    with (
        pytest.raises(ToolError, match=f"measures parts of the model ended with {reason}"),
        started(child(code), 1, ["load"]) as measure,
    ):
        measure("load")


def test_an_interpreter_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ToolError), started(Program(tmp_path / "none", "m", tmp_path), 1, []):
        pass


def test_no_setting_of_threads_reaches_a_child_and_none_outlives_its_use(
    child: Child, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    told = tmp_path / "told"
    with started(child(f"(echo PID=$$; env) > {told}; echo ready; exec sleep 100"), 1, []):
        found = dict(line.partition("=")[::2] for line in told.read_text().splitlines())
        os.kill(int(found["PID"]), 0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(found["PID"]), 0)
    assert "7" not in found.values()
    assert found["OMP_WAIT_POLICY"] == "PASSIVE"


@pytest.fixture
def pythons(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("PYTHON", "0.25"), ("STOCK_PYTHON", "2"), ("PEERS_PYTHON", "3")):
        monkeypatch.setattr(parts, name, child(name=name, seconds=seconds).python)


def series(measurement: str, unit: str, taken: Mapping[str, tuple[float, ...]]) -> list[Series]:
    return [
        Series(measurement=measurement, subject=name, unit=unit, samples=samples)
        for name, samples in taken.items()
    ]


@pytest.mark.usefixtures("pythons")
def test_parts_are_measured_in_turns(tmp_path: Path) -> None:
    asked = ("encoder", "load")
    groups = measure_parts(tmp_path / "w.pt", ("all threads", 2), 3, asked)
    seconds = {OURS: 0.25, STOCK: 2.0, FUSED: 0.25, FUSED_FLOAT32: 0.25}
    taken = {name: (one,) * 3 for name, one in seconds.items()}
    assert groups == [series(f"part/{part}/all threads", "s", taken) for part in asked]
    turn = [
        ("PYTHON", "part_child", ""),
        ("STOCK_PYTHON", "part_child", ""),
        ("PYTHON", "fused_part_child", " auto"),
        ("PYTHON", "fused_part_child", " float32"),
    ]
    rest = f"{tmp_path}/w.pt 2 encoder;load"
    assert (tmp_path / "log").read_text().splitlines() == [
        f"{tmp_path}/{who} -m benchmarks.measuring.{module} {rest}{more} / {part}"
        for part in asked
        for who, module, more in (*reversed(turn), *turn, *reversed(turn))
    ]


@pytest.mark.usefixtures("pythons")
def test_larger_models_are_measured_with_weights_that_do_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def write(size: str, folder: Path) -> tuple[Path, Path]:
        made.append(folder)
        return folder / f"{size}.pt", folder / size

    monkeypatch.setattr(parts, "write_random", write)
    monkeypatch.setattr(parts, "PEERS_WEIGHTS", tmp_path / "weights")
    taken = {STOCK: (2.0, 2.0), FUSED: (0.25, 0.25), PEER: (3.0, 3.0)}
    assert measure_larger("small", ("all threads", 2), 2) == [
        series("part/window of small/all threads", "s", taken)
    ]
    modules = [line.split()[2].rpartition(".")[2] for line in log(tmp_path)]
    turn = ["part_child", "fused_part_child", "ctranslate2_part_child"]
    assert modules == [*reversed(turn), *turn]
    assert f"{made[0]}/small 2 window int8 / window" in (tmp_path / "log").read_text()
    assert not made[0].exists()
    assert LARGER.keys() <= official_models().keys()


def test_a_model_of_random_weights_is_whole(tmp_path: Path) -> None:
    tiny = official_models()["tiny"].dimensions.as_checkpoint() | {"n_text_layer": 2}
    write_model(tmp_path, tiny)
    found = read_checkpoint(tmp_path)
    assert found.dimensions == tiny
    assert {name: tensor.shape for name, tensor in found.tensors.items()} == tensor_shapes(tiny)


def test_the_import_has_its_time_and_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        parts,
        "import_in_turns",
        lambda *_: [
            [Import(seconds=s, cpu_seconds=9, modules=(), peak_mib=100 * s) for s in seconds]
            for seconds in ((1.0, 2.0), (3.0, 4.0))
        ],
    )
    assert measure_import(2) == [
        series("start/import torch", "s", {OURS: (1, 2), STOCK: (3, 4)}),
        series("memory/import torch", "MiB", {OURS: (100, 200), STOCK: (300, 400)}),
    ]


def test_an_import_that_fails_is_one_line(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PYTHON", child("echo 'no torch' >&2; exit 1").python)
    with pytest.raises(ToolError, match=r"^a new process cannot import torch: run make setup$"):
        measure_import(1)
