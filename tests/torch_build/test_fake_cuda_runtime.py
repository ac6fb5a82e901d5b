"""The stand-in for the CUDA runtime, with a program that NVIDIA's compiler made."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fake_cuda_runtime import build_program, toolkit

CUDA = toolkit()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CUDA is None, reason="no CUDA toolkit: CUDA_HOME may name one"),
]

# Allocates, fills, launches twice, copies back, and says of each call what came of it.
PROGRAM = r"""
#include <cstdio>
#include <cstdlib>
__device__ int variable;
__global__ void add_one(int *values, int count) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < count) values[i] += 1 + variable;
}
template <typename T> __global__ void scale(T *values, T factor) { values[threadIdx.x] *= factor; }

static void say(const char *what, cudaError_t error) {
  printf("%s %d %s | %s\n", what, error, cudaGetErrorName(error), cudaGetErrorString(error));
}

int main(int count, char **arguments) {
  size_t bytes = count > 1 ? strtoull(arguments[1], nullptr, 10) : 4096;
  int devices = -1;
  cudaDeviceProp p;
  int *device = nullptr, host[4] = {1, 2, 3, 4}, back[4] = {0};
  say("count", cudaGetDeviceCount(&devices));
  printf("devices %d\n", devices);
  if (cudaGetDeviceProperties(&p, 0) == cudaSuccess)
    printf("%s %d.%d %zu\n", p.name, p.major, p.minor, p.totalGlobalMem);
  say("malloc", cudaMalloc(&device, bytes));
  if (!device) return 0;
  say("to", cudaMemcpy(device, host, sizeof host, cudaMemcpyHostToDevice));
  add_one<<<1, 4>>>(device, 4);
  say("launch", cudaGetLastError());
  scale<float><<<1, 4>>>((float *)device, 2.0f);
  say("launch", cudaGetLastError());
  say("wait", cudaDeviceSynchronize());
  say("back", cudaMemcpy(back, device, sizeof back, cudaMemcpyDeviceToHost));
  printf("%d %d %d %d\n", back[0], back[1], back[2], back[3]);
  add_one<<<1, 2048>>>(device, 4);
  say("too many threads", cudaGetLastError());
  say("after it", cudaGetLastError());
  say("free", cudaFree(device));
}
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("cuda") / "program.cu"
    source.write_text(PROGRAM)
    assert CUDA is not None
    return build_program(source, CUDA)


def run(
    program: Path, *arguments: str, timeout: float = 60, **settings: str
) -> tuple[int, list[str]]:
    environment = {**os.environ, **{f"FAKE_CUDA_{name}": value for name, value in settings.items()}}
    done = subprocess.run(
        [program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def errors(lines: list[str]) -> dict[str, int]:
    """Return the last error number of each step."""
    steps = (line.partition(" | ")[0].rsplit(" ", 2) for line in lines if " | " in line)
    return {step: int(number) for step, number, _ in steps}


def test_everything_but_the_kernels_works(program: Path, tmp_path: Path) -> None:
    code, lines = run(program, LOG=str(tmp_path / "log"))
    assert code == 0
    assert "devices 1" in lines
    assert f"Fake GPU 0 8.0 {8 << 30}" in lines
    # The copies are real, and the kernels did nothing in between.
    assert "1 2 3 4" in lines
    found = errors(lines)
    assert found.pop("too many threads") == 9
    assert set(found.values()) == {0}
    names = (tmp_path / "log").read_text().split()
    assert [("add_one" in name, "scale" in name) for name in names] == [
        (True, False),
        (False, True),
    ]


def test_the_gpu_is_what_the_environment_says(program: Path) -> None:
    _, lines = run(program, DEVICES="3", CAPABILITY="6.1", MEMORY="1000000")
    assert "devices 3" in lines
    assert "Fake GPU 0 6.1 1000000" in lines


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"DEVICES": "0"}, 100), ({"DRIVER": "11040"}, 35), ({"DRIVER": "0"}, 35)],
)
def test_without_gpu_or_driver(program: Path, settings: dict[str, Any], error: int) -> None:
    code, lines = run(program, **settings)
    assert code == 0
    assert "devices 0" in lines
    assert errors(lines) == {"count": error, "malloc": error}


def test_memory_is_limited(program: Path) -> None:
    _, lines = run(program, "1000001", MEMORY="1000000")
    assert errors(lines)["malloc"] == 2


def test_an_error_that_corrupts_stays(program: Path) -> None:
    _, lines = run(program, FAIL="cudaFree:7:1,cudaLaunchKernel:2:719")
    found = errors(lines)
    assert found["to"] == 0
    for step in ("launch", "wait", "back", "too many threads", "after it", "free"):
        assert found[step] == 719
    assert "wait 719 cudaErrorLaunchFailure | unspecified launch failure" in lines


def test_an_error_that_does_not_corrupt_goes(program: Path) -> None:
    _, lines = run(program, FAIL="cudaLaunchKernel:2:701")
    found = errors(lines)
    assert found["launch"] == 701
    assert found["wait"] == 0


def test_each_call_can_fail(program: Path) -> None:
    _, lines = run(program, FAIL="cudaLaunchKernel:*:98")
    assert [line.split()[1] for line in lines if line.startswith("launch")] == ["98", "98"]


def test_new_memory_is_filled(program: Path) -> None:
    _, lines = run(program, FAIL="cudaMemcpy:1:1", FILL="255")
    assert "-1 -1 -1 -1" in lines


@pytest.mark.parametrize(
    ("what", "code"), [("crash", -signal.SIGSEGV), ("abort", -signal.SIGABRT), ("exit", 1)]
)
def test_worse_than_an_error(program: Path, what: str, code: int) -> None:
    assert run(program, FAIL=f"cudaLaunchKernel:1:{what}")[0] == code


def test_hang(program: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(program, timeout=2, FAIL="cudaDeviceSynchronize:1:hang")
