"""What the stripped build leaves out says so: an error with its name, never a crash."""

from __future__ import annotations

import subprocess
import tarfile
import textwrap
from pathlib import Path

import pytest

from torch_build.verify.interpreters import (
    STRIPPED_SUFFIX,
    child_environment,
    our_python,
    torch_version,
)

HOW_TO_ADD = "make trace"

ABSENT = {
    "torch.fft.fft(torch.ones(4))": "fft",
    "torch.linalg.svd(torch.ones(2, 2))": "torch.linalg",
    "torch.nn.Conv3d(1, 1, 1)": "Conv3d",
    "torch.nn.LSTM(1, 1)": "LSTM",
    "torch.nn.functional.conv3d(torch.ones(1, 1, 1, 1, 1), torch.ones(1, 1, 1, 1, 1))": "conv3d",
    "torch.nn.functional.no_such_function": "no_such_function",
    "torch.jit.script(lambda x: x)": "script",
    "torch.jit.trace(lambda x: x, torch.ones(1))": "trace",
    "torch.compile(lambda x: x)": "compile",
    "torch.det(torch.ones(2, 2))": "det",
    "torch.cdist(torch.ones(2, 2), torch.ones(2, 2))": "cdist",
    "torch.no_such_function": "no_such_function",
    "torch.ones(2, 2).svd()": "svd",
    "torch.ones(2, 2).inverse()": "inverse",
    "torch.ones(2).no_such_method()": "no_such_method",
    "torch.ones(1).backward()": "backward",
    "torch.ones(1, requires_grad=True).sum().backward()": "backward",
    "torch.autograd.grad(torch.ones(1), torch.ones(1))": "grad",
    "torch.ops.aten.add": "ops",
    "torch.optim.SGD": "optim",
    "torch.utils.data.DataLoader": "data",
    "torch.ones(2).to('cuda')": "cuda",
    "torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.quint8)": "quantize_per_tensor",
    "torch._C._call_operator('aten::svd', '', torch.ones(2, 2))": "aten::svd",
    "torch._C._call_operator('aten::add', 'no_such', torch.ones(2))": "aten::add.no_such",
    **{
        f"__import__('torch.{name}')": f"torch.{name}"
        for name in ("distributed", "onnx", "fx", "_dynamo", "optim", "no_such_module")
    },
}

UNSELECTED_TYPES = {
    "torch.ones(2, 2, dtype=torch.complex128) @ torch.ones(2, 2, dtype=torch.complex128)": "",
    "torch.softmax(torch.ones(2, dtype=torch.float64), -1)": "Double",
    "torch.ones(2, dtype=torch.int16).sort()": "Short",
    "torch.fft.rfft(torch.ones(4, dtype=torch.float64))": "",
}
"""Types that no kernel of these is built for. The message need not name one that has no kernel."""


@pytest.fixture(scope="module")
def ours() -> Path:
    python = our_python()
    version = torch_version(python)
    if not version.endswith(STRIPPED_SUFFIX):
        pytest.skip(f"PyTorch is {version}: `make torch` builds and installs the stripped one")
    return python


def attempt(python: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a child that prints its exception on one line."""
    program = f"""
        import torch
        try:
            {code}
        except Exception as error:
            print(type(error).__name__, " ".join(str(error).split()))
        else:
            print("nothing was raised")
    """
    return subprocess.run(
        [python, "-c", textwrap.dedent(program)],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(("code", "name"), ABSENT.items(), ids=list(ABSENT))
def test_what_is_absent_is_named(ours: Path, code: str, name: str) -> None:
    done = attempt(ours, code)
    assert done.returncode == 0, done.stderr
    assert name in done.stdout
    assert HOW_TO_ADD in done.stdout


def test_types_of_cuda_are_refused_as_in_stock(ours: Path) -> None:
    done = attempt(ours, "torch.cuda.FloatTensor(1)")
    assert "torch.cuda.FloatTensor not available" in done.stdout, done.stderr
    assert "not compiled with CUDA" in done.stdout


@pytest.mark.parametrize(("code", "dtype"), UNSELECTED_TYPES.items(), ids=list(UNSELECTED_TYPES))
def test_a_type_without_kernel_is_refused(ours: Path, code: str, dtype: str) -> None:
    done = attempt(ours, code)
    assert done.returncode == 0, done.stderr
    assert dtype in done.stdout
    assert HOW_TO_ADD in done.stdout


def test_a_tar_archive_is_refused_and_what_followed_it_is_read(ours: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "old.pt", "w") as tar:
        tar.addfile(tarfile.TarInfo("storages"))
    done = attempt(ours, f"torch.load({str(tmp_path / 'old.pt')!r})")
    assert "tar format of 2017" in done.stdout, done.stderr
    path = str(tmp_path / "next.pt")
    done = attempt(
        ours,
        f"torch.save([7], {path!r}, _use_new_zipfile_serialization=False); "
        f"assert torch.load({path!r}) == [7]; "
        "import sys; assert 'tarfile' not in sys.modules",
    )
    assert done.stdout.strip() == "nothing was raised", done.stdout + done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "assert not hasattr(torch, 'no_such_function')",
        "assert getattr(torch.ones(1), 'no_such_method', None) is None",
        "assert not torch.cuda.is_available()",
        "assert not torch.backends.mps.is_available()",
        "import copy, pickle; copy.deepcopy(torch.ones(2)); pickle.dumps(torch.ones(2))",
        "repr(torch.ones(2, 2)), str(torch.arange(3)), bool(torch.ones(1))",
        # torch.Tensor reaches these by the names of other methods.
        "assert (-torch.ones(2)).tolist() == [-1, -1] == (-abs(torch.ones(2))).tolist()",
    ],
)
def test_what_programs_probe_for_is_no_error(ours: Path, code: str) -> None:
    done = attempt(ours, code)
    assert done.stdout.strip() == "nothing was raised", done.stdout + done.stderr
