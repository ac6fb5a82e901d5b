"""Which instruction set the fused operators take, and how ``ATEN_CPU_CAPABILITY`` holds it down."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from torch_build.verify.interpreters import our_python
from transcriber.settings import CAPABILITIES
from whisper_build import NEEDS, SOURCES, TESTS, build_program, present, toolchain

VARIABLE = "ATEN_CPU_CAPABILITY"
OF_PYTORCH = {"default": "default", "avx2": "avx2", "avx_vnni": "avx2"}
"""What PyTorch's own kernels make of a name; of all others, the best they have."""

_CODE = """
import hashlib, numpy, torch
x = torch.from_numpy(numpy.random.default_rng(1).standard_normal((40, 1000), numpy.float32))
results = [torch.nn.functional.gelu(x), torch.softmax(x, -1)]
torch._C._call_operator("whisper::log_mel", "", x[0], x.flatten()[: 80 * 201].view(80, 201))
digest = hashlib.sha256(b"".join(one.numpy().tobytes() for one in results)).hexdigest()
print(torch._C._call_operator("whisper::capability", ""), digest)
"""

pytestmark = pytest.mark.slow


def test_the_program_knows_the_names() -> None:
    assert list(CAPABILITIES) == list(NEEDS)


def best(name: str) -> str:
    """Return what a processor like this one takes where `name` holds it down."""
    names = list(NEEDS)
    allowed = names[: names.index(name) + 1] if name in names else names
    return [one for one in present() if one in allowed][-1]


def output(command: Sequence[str | Path], held: str) -> str:
    without = {key: value for key, value in os.environ.items() if key != VARIABLE}
    environment = {**without, VARIABLE: held} if held else without
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, env=environment
    )
    # A negative one would be the signal of an illegal instruction.
    assert done.returncode == 0, f"{done.returncode}: {done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("capability") / "program"
    return build_program(
        toolchain(), target, [TESTS / "whisper_capability.cpp", SOURCES / "capability.cpp"]
    )


@pytest.mark.parametrize("held", ["", *NEEDS, "nonsense"])
def test_the_processor_is_asked_for_all_that_a_name_needs(program: Path, held: str) -> None:
    assert output([program], held).split("\n") == [*present(), f"used: {best(held)}", ""]


@pytest.mark.parametrize("asked", [*NEEDS, "nonsense"])
def test_what_the_processor_lacks_is_refused(program: Path, asked: str) -> None:
    last = output([program, asked], "").splitlines()[-1]
    if asked in present():
        assert last == f"now: {asked}"
    else:
        assert last.startswith("refused: ") and last.endswith(f"still {present()[-1]}")


@pytest.fixture(scope="module")
def ours() -> Path:
    python = our_python()
    asked = subprocess.run(
        [python, "-c", _CODE], capture_output=True, text=True, check=False, timeout=120
    )
    if asked.returncode:
        pytest.skip("this PyTorch has no fused operators: `make torch` builds one that does")
    return python


@pytest.mark.parametrize("held", ["", *NEEDS, "nonsense"])
def test_the_variable_holds_the_operators_and_pytorch_down(ours: Path, held: str) -> None:
    operators, results = output([ours, "-c", _CODE], held).split()
    assert operators == best(held)
    # PyTorch's kernels have no names to ask for, but another last bit in each set.
    assert results == output([ours, "-c", _CODE], OF_PYTORCH.get(held, "")).split()[1]


def test_pytorch_s_results_tell_its_kernels_apart(ours: Path) -> None:
    if "avx2" not in present():
        pytest.skip("this processor has no AVX2")
    lowest, better = (output([ours, "-c", _CODE], held).split()[1] for held in ("default", "avx2"))
    assert lowest != better
