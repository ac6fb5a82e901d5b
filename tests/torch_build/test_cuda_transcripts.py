"""What openai-whisper and the program's engine have a GPU do, on the stand-in for its runtime.

Kernels compute nothing there: a decoder hears nothing, and ends where its numbers make no sense.
Until there, the names of the kernels tell whether the fast ones do the work.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY

from fake_cuda_runtime import addon_environment, usable_addon

SESSION = Path(__file__).with_name("gpu_session.py")

pytestmark = pytest.mark.slow

MEANINGLESS = (
    "index 0 is out of bounds for dimension 0 with size 0",  # no text ever ends
    "[0] % 5 != 0",  # no beam has a best continuation
    # probabilities do not add up to one, and the complaint cannot print them
    "Could not run 'aten::masked_select'",
)
"""How a part may end, since its numbers are all zero."""

ATTENTION = "attendIN7cutlass6half_t"
TENSOR_CORES = "DefaultGemmUniversalINS_6half_t"
FEW_ROWS = "multiply_rowsIN3c104Half"
SINGLE = ("DefaultGemmUniversalIf", "multiply_rowsIf", "multiply_tilesIf", "im2col_kernelIf")
"""Products in single precision."""

Session = tuple[dict[str, list[str]], dict[str, list[str]]]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Callable[[str], Session]:
    """Return a function that runs a session; it returns endings and kernels by part."""
    folder = tmp_path_factory.mktemp("add-on")
    variables = addon_environment(usable_addon(folder))
    path = [*filter(None, [variables.get("PYTHONPATH")]), str(REPOSITORY)]
    done: dict[str, Session] = {}

    def run(who: str) -> Session:
        if who in done:
            return done[who]
        log = folder / f"{who}.log"
        variables.update(FAKE_CUDA_LOG=str(log), PYTHONPATH=":".join(path))
        child = subprocess.run(
            [sys.executable, SESSION, who, models / "tiny.en.pt"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert child.returncode == 0, child.stderr
        read = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("[")]
        part: list[str] = []
        kernels = {"loading": part}
        for line in log.read_text().splitlines():
            if line.startswith("== "):
                part = kernels.setdefault(line.removeprefix("== "), [])
            else:
                part.append(line)
        done[who] = {name: ending for name, *ending in read}, kernels
        return done[who]

    return run


def count(kernels: list[str], *names: str) -> int:
    return sum(any(name in kernel for name in names) for kernel in kernels)


@pytest.mark.parametrize(
    ("who", "parts"),
    [
        ("openai-fp16", ["greedy", "beam", "sampled", "alignment"]),
        ("openai-fp32", ["greedy", "beam", "sampled", "alignment"]),
        ("own", ["encoder", "beam", "sampled"]),
    ],
)
def test_every_part_gets_as_far_as_its_numbers_let_it(
    session: Callable[[str], Session], who: str, parts: list[str]
) -> None:
    endings, kernels = session(who)
    assert list(endings) == parts
    wrong = {
        name: ending
        for name, ending in endings.items()
        if ending[0] and not any(text in ending[1] for text in MEANINGLESS)
    }
    assert wrong == {}
    assert endings[parts[-1] if who != "own" else "encoder"] == ["", ""]
    assert all(len(kernels[name]) > 50 for name in parts)


def test_half_precision_is_what_attention_and_products_work_in(
    session: Callable[[str], Session],
) -> None:
    _, kernels = session("openai-fp16")
    greedy = kernels["greedy"]
    # The encoder's four blocks and the prompt; then two in each of four blocks for each token.
    assert count(greedy, ATTENTION) > 8 * 200
    assert count(greedy, TENSOR_CORES) > 4 * 6
    # Six projections and a network of two products, in four blocks, for each token.
    assert count(greedy, FEW_ROWS) > 8 * 4 * 200
    assert count(greedy, *SINGLE) == 0
    assert count(kernels["alignment"], *SINGLE) == 0
    assert count(kernels["alignment"], TENSOR_CORES) > 4 * 6


def test_the_engine_works_in_half_precision_with_beams_and_samples(
    session: Callable[[str], Session],
) -> None:
    _, kernels = session("own")
    assert count(kernels["encoder"], ATTENTION) == 4
    assert count(kernels["encoder"], TENSOR_CORES) >= 4 * 6
    for name in ("beam", "sampled"):
        assert count(kernels[name], ATTENTION) >= 4
        assert count(kernels[name], FEW_ROWS, TENSOR_CORES) >= 4 * 8
    assert {name: count(launched, *SINGLE) for name, launched in kernels.items()} == Counter(
        dict.fromkeys(kernels, 0)
    )


def test_single_precision_is_used_where_it_is_asked_for(
    session: Callable[[str], Session],
) -> None:
    _, kernels = session("openai-fp32")
    assert count(kernels["greedy"], *SINGLE) > 8 * 4 * 200
    assert count(kernels["greedy"], ATTENTION, TENSOR_CORES, FEW_ROWS) == 0
