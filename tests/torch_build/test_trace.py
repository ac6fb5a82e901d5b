from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.operator_trace.__main__ import main
from scripts.operator_trace.cases import CASES, REDUCED
from torch_build.operators import merge, missing, read_operators

REPOSITORY = Path(__file__).resolve().parents[2]
REVIEWED = REPOSITORY / "torch-build" / "operators.yaml"
SPEECH = REPOSITORY / ".cache" / "speech"


def stock_python() -> Path:
    """Return an interpreter with PyTorch as it is published, or skip the test."""
    named = os.environ.get("TRANSCRIBER_STOCK_PYTHON")
    if named is None and "+whisper" not in importlib.metadata.version("torch"):
        named = sys.executable
    python = Path(named or REPOSITORY / ".cache" / "stock" / "bin" / "python")
    if not python.exists():
        pytest.skip(f"no interpreter with stock PyTorch at {python}")
    return python


def trace(output: Path, models: Path, *cases: str) -> None:
    command = [
        *(str(stock_python()), "-m", "scripts.operator_trace", "--models", str(models)),
        *("--speech", str(SPEECH), "--output", str(output)),
        *(f"--case={case}" for case in cases),
    ]
    path = f"{REPOSITORY / 'torch-build'}{os.pathsep}{REPOSITORY}"
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
def test_a_fresh_trace_needs_nothing_that_the_build_lacks(tmp_path: Path, models: Path) -> None:
    trace(tmp_path / "fresh.yaml", models, *REDUCED)
    fresh = read_operators(tmp_path / "fresh.yaml")
    assert len(fresh.operators) > 150
    assert missing(fresh, read_operators(REVIEWED)) == []


@pytest.mark.slow
def test_traces_add_up_and_are_the_same_again(tmp_path: Path, models: Path) -> None:
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    for output, case in ((first, "layers"), (again, "layers"), (other, "files")):
        trace(output, models, case)
    assert first.read_bytes() == again.read_bytes()
    assert missing(read_operators(other), read_operators(first))
    both = merge(read_operators(path) for path in (first, other))
    assert missing(read_operators(other), both) == []


def test_the_short_matrix_is_a_part_of_the_whole() -> None:
    assert set(REDUCED) < set(CASES)


def test_an_unknown_case_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--models", str(tmp_path), "--speech", str(tmp_path)]
    assert main([*places, "--output", str(tmp_path / "o"), "--case", "speling"]) == 2
    assert "speling" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_models_that_are_not_there_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = ["--models", str(tmp_path), "--speech", str(tmp_path)]
    assert main([*places, "--output", str(tmp_path / "o"), "--case", "greedy"]) == 3
    assert "tiny.en.pt" in capsys.readouterr().err
