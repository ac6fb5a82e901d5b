"""Measuring parts of the model, with small children in the place of those that load it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.figures import Series
from benchmarks.measuring import parts
from benchmarks.measuring.parts import (
    FUSED,
    FUSED_FLOAT32,
    OURS,
    STOCK,
    PartChild,
    measure_import,
    measure_parts,
)
from benchmarks.measuring.processes import clean_environment
from buildkit.errors import ToolError
from torch_build.verify.importing import Import
from torch_build.verify.interpreters import child_environment

WEIGHTS = Path("weights.pt")

ANSWERS = """\
echo '["encoder", "load"]'
while read -r part; do
    echo "$0 $part" >> "{log}"
    echo {seconds}
done
"""

Child = Callable[..., Path]


@pytest.fixture
def child(tmp_path: Path) -> Child:
    """Return a function that makes an interpreter which is a shell script."""

    def make(code: str = ANSWERS, *, name: str = "python", seconds: str = "0.5") -> Path:
        path = tmp_path / name
        code = code.replace("{log}", str(tmp_path / "log")).replace("{seconds}", seconds)
        path.write_text(f"#!/bin/sh\n{code}\n")
        path.chmod(0o755)
        return path

    return make


def test_a_child_tells_its_parts_and_measures_them(child: Child, tmp_path: Path) -> None:
    with PartChild(child(), WEIGHTS, 3) as running:
        assert running.parts == ("encoder", "load")
        assert [running.measure("encoder"), running.measure("load")] == [0.5, 0.5]
    assert [line.split()[-1] for line in (tmp_path / "log").read_text().splitlines()] == [
        "encoder",
        "load",
    ]


def test_a_child_is_told_the_weights_and_the_threads(child: Child) -> None:
    told = """printf '["%s", "%s", "%s", "%s"]\\n' "$1" "$2" "$3" "$4"; read -r part"""
    with PartChild(child(told), WEIGHTS, 3) as running:
        assert running.parts == ("-m", "benchmarks.measuring.part_child", "weights.pt", "3")


@pytest.mark.parametrize(("code", "reason"), [("exit 3", "3"), ("kill -9 $$", "-9")])
def test_a_child_that_does_not_come_up_is_a_failure(child: Child, code: str, reason: str) -> None:
    with pytest.raises(ToolError, match=f"measures parts of the model ended with {reason}"):
        PartChild(child(code), WEIGHTS, 1)


def test_a_child_that_ends_while_it_measures_is_a_failure(child: Child) -> None:
    with (
        PartChild(child("echo '[\"load\"]'; read -r part; exit 5"), WEIGHTS, 1) as running,
        pytest.raises(ToolError, match="ended with 5"),
    ):
        running.measure("load")


def test_a_child_that_has_ended_is_a_failure(child: Child) -> None:
    with PartChild(child("echo '[\"load\"]'; exit 6"), WEIGHTS, 1) as running:
        running._process.wait()
        with pytest.raises(ToolError, match="ended with 6"):
            running.measure("load")


def test_an_interpreter_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ToolError):
        PartChild(tmp_path / "no python", WEIGHTS, 1)


def test_a_child_is_ended_whatever_it_does(child: Child) -> None:
    with PartChild(child("echo '[]'; exec sleep 100"), WEIGHTS, 1) as running:
        process = running._process
        assert process.poll() is None
    assert process.returncode == -9


def test_no_setting_of_threads_reaches_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "GOMP_SPINCOUNT", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(name, "7")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("KEPT", "kept")
    found = child_environment(clean_environment())
    assert "7" not in found.values()
    assert found["OMP_WAIT_POLICY"] == "PASSIVE"
    assert found["KEPT"] == "kept"


def test_parts_are_measured_in_turns(child: Child, tmp_path: Path) -> None:
    ours, stock = child(name="ours", seconds="0.25"), child(name="stock", seconds="2")
    groups = list(measure_parts(ours, stock, WEIGHTS, ("all threads", 2), 3))
    assert groups == [
        [
            Series(
                measurement=f"part/{part}/all threads",
                subject=subject,
                unit="s",
                samples=(seconds,) * 3,
            )
            for subject, seconds in (
                (OURS, 0.25),
                (STOCK, 2.0),
                # The same interpreter, with another module.
                (FUSED, 0.25),
                (FUSED_FLOAT32, 0.25),
            )
        ]
        for part in ("encoder", "load")
    ]
    lines = [line.rsplit("/", 1)[-1] for line in (tmp_path / "log").read_text().splitlines()]
    there = ["ours", "stock", "ours", "ours"]
    turns = [*reversed(there), *there, *reversed(there)]
    assert lines == [f"{who} {part}" for part in ("encoder", "load") for who in turns]


def test_no_child_outlives_a_failure(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []

    class Kept(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)  # type: ignore[call-overload]
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Kept)
    with pytest.raises(ToolError, match="ended with 7"):
        list(
            measure_parts(
                child(name="ours"), child("exit 7", name="stock"), WEIGHTS, ("1 thread", 1), 1
            )
        )
    assert [process.poll() for process in started] == [-9, 7]


def test_the_import_has_its_time_and_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def imports(pythons: list[Path], rounds: int) -> list[list[Import]]:
        asked.append((pythons, rounds))
        return [
            [Import(seconds=s, cpu_seconds=9, modules=(), peak_mib=100 * s) for s in seconds]
            for seconds in ((1.0, 2.0), (3.0, 4.0))
        ]

    monkeypatch.setattr(parts, "import_in_turns", imports)
    assert measure_import(Path("ours"), Path("stock"), 2) == [
        [
            Series(measurement="start/import torch", subject=OURS, unit="s", samples=(1, 2)),
            Series(measurement="start/import torch", subject=STOCK, unit="s", samples=(3, 4)),
        ],
        [
            Series(measurement="memory/import torch", subject=OURS, unit="MiB", samples=(100, 200)),
            Series(
                measurement="memory/import torch", subject=STOCK, unit="MiB", samples=(300, 400)
            ),
        ],
    ]
    assert asked == [([Path("ours"), Path("stock")], 2)]


def test_an_import_that_fails_is_one_line(child: Child) -> None:
    broken = child("echo 'no torch' >&2; exit 1")
    with pytest.raises(ToolError) as caught:
        measure_import(broken, broken, 1)
    assert "\n" not in str(caught.value)
