r"""Compare libraries of matrix products on the shapes that Whisper multiplies.

A library is a shared object with the Fortran routine ``sgemm_``: OpenBLAS as we build it
(``torch_build.blas.build_library`` with ``shared=True``), or stock PyTorch's ``libtorch_cpu.so``,
which exports MKL's. The routine is called directly, so that only the products are compared.

    python benchmarks/matrix_products.py stock=FOLDER/torch/lib/libtorch_cpu.so \
        ours=libmatrix_products.so ours:OPENBLAS_CORETYPE=baseline

A library is given as NAME=FILE, and as NAME:VARIABLE=VALUE the same one in another environment.
The first is the reference of the ratios: above 1 means faster than it. Every library has processes
of its own, one for each number of threads, since two OpenMP runtimes in one process disturb each
other. The processes take turns, one short measurement each, and a ratio is the median over the
rounds of the ratios of neighbouring measurements (in brackets the quartiles), so that a machine
that slows down meets all of them alike.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np

REST_SECONDS = 0.25
"""OpenMP's threads spin for 0.2 s after their last work; the next process is to meet none."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One product, as ATen asks for it: column by column, C (m x n) = op(A) op(B)."""

    label: str
    transposes: str
    m: int
    n: int
    k: int
    lda: int
    """The step from one column of A to the next, which is larger than a column where the heads of
    an attention lie side by side."""


def _linear(label: str, rows: int, outputs: int, inputs: int) -> Shape:
    return Shape(label=label, transposes="TN", m=outputs, n=rows, k=inputs, lda=inputs)


SHAPES = (
    _linear("encoder projection", 1500, 512, 512),
    _linear("encoder MLP, up", 1500, 2048, 512),
    _linear("encoder MLP, down", 1500, 512, 2048),
    _linear("tiny's projection", 1500, 384, 384),
    Shape(label="first convolution", transposes="NN", m=3000, n=512, k=240, lda=3000),
    Shape(label="second convolution", transposes="NN", m=1500, n=512, k=1536, lda=1500),
    Shape(label="attention's scores, one block", transposes="TN", m=512, n=256, k=64, lda=512),
    Shape(label="attention's sums, one block", transposes="NN", m=64, n=256, k=512, lda=512),
    _linear("decoder projection", 1, 512, 512),
    _linear("decoder MLP, up", 1, 2048, 512),
    _linear("decoder MLP, down", 1, 512, 2048),
    _linear("logits", 1, 51865, 512),
    Shape(label="decoder's scores", transposes="TN", m=512, n=1, k=64, lda=512),
    Shape(label="decoder's sums", transposes="NN", m=64, n=1, k=512, lda=512),
    _linear("projection, 3 tokens", 3, 512, 512),
    _linear("projection, 5 beams", 5, 512, 512),
    _linear("MLP up, 5 beams", 5, 2048, 512),
    _linear("MLP down, 5 beams", 5, 512, 2048),
    _linear("logits, 5 beams", 5, 51865, 512),
    _linear("projection, 224 tokens of prompt", 224, 512, 512),
)


@dataclass(frozen=True, kw_only=True)
class Library:
    """A shared object and the environment in which to load it."""

    name: str
    path: str
    environment: dict[str, str]


def parse_library(text: str, known: Sequence[Library]) -> Library:
    """Return the library that ``NAME=FILE`` describes.

    ``NAME:VARIABLE=VALUE,...`` is one of the known libraries in another environment.
    """
    if ":" not in text:
        name, _, path = text.partition("=")
        return Library(name=name, path=path, environment={})
    name, _, settings = text.partition(":")
    environment = dict(setting.split("=", 1) for setting in settings.split(","))
    path = next(library.path for library in known if library.name == name)
    return Library(name=" ".join(environment.values()), path=path, environment=environment)


class Worker:
    """A process that times products with one library and one number of threads."""

    def __init__(self, library: Library, threads: int) -> None:
        environment = os.environ | library.environment | {"OMP_NUM_THREADS": str(threads)}
        command = [sys.executable, __file__, "--worker", library.path]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._requests = cast(IO[str], self._process.stdin)
        self._answers = cast(IO[str], self._process.stdout)

    def seconds(self, shape: int, duration: float) -> float:
        """Return the seconds of one product, measured for about ``duration`` seconds."""
        print(json.dumps([shape, duration]), file=self._requests, flush=True)
        return float(self._answers.readline())

    def close(self) -> None:
        """End the process."""
        self._requests.close()
        self._process.wait()


def _work(path: str) -> None:
    sgemm = ctypes.CDLL(path).sgemm_
    for line in sys.stdin:
        index, duration = json.loads(line)
        print(_time(sgemm, SHAPES[index], duration), flush=True)


def _random_matrix(rows: int, columns: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a matrix that begins at a multiple of 64 bytes, as PyTorch's do: MKL asks for it."""
    memory = np.empty(rows * columns + 16, dtype=np.float32)
    begin = -memory.ctypes.data % 64 // 4
    matrix = memory[begin : begin + rows * columns].reshape(rows, columns)
    matrix[:] = np.random.default_rng(0).standard_normal(matrix.shape, dtype=np.float32)
    return matrix


def _time(sgemm: Any, shape: Shape, duration: float) -> float:
    transpose_a, transpose_b = shape.transposes[0], shape.transposes[1]
    columns_a = shape.m if transpose_a == "T" else shape.k
    a = _random_matrix(columns_a, shape.lda)
    b = _random_matrix(shape.n, shape.k)
    c = _random_matrix(shape.n, shape.m)
    integers = {
        value: ctypes.byref(ctypes.c_int(value)) for value in (shape.m, shape.n, shape.k, shape.lda)
    }
    one, zero = ctypes.byref(ctypes.c_float(1)), ctypes.byref(ctypes.c_float(0))
    address = [ctypes.c_void_p(array.ctypes.data) for array in (a, b, c)]
    arguments = (
        transpose_a.encode(), transpose_b.encode(),
        integers[shape.m], integers[shape.n], integers[shape.k],
        one, address[0], integers[shape.lda], address[1], integers[shape.k],
        zero, address[2], integers[shape.m],
    )  # fmt: skip
    sgemm(*arguments)
    # The time of one thread does not count the time during which others had the processor.
    clock = time.process_time if os.environ["OMP_NUM_THREADS"] == "1" else time.perf_counter
    calls, spent = 0, 0.0
    begin = clock()
    while spent < duration:
        for _ in range(4):
            sgemm(*arguments)
        calls += 4
        spent = clock() - begin
    return spent / calls


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("libraries", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one measurement")
    parser.add_argument("--only", default="", help="shapes whose label contains this")
    options = parser.parse_args(arguments)
    libraries: list[Library] = []
    for text in options.libraries:
        libraries.append(parse_library(text, libraries))

    for threads in options.threads:
        workers = [Worker(library, threads) for library in libraries]
        print(f"\n{threads} thread{'s' if threads > 1 else ''}")
        print(f"{'':34}{'m x n x k':>18}" + "".join(f"{each.name:>22}" for each in libraries))
        for index, shape in enumerate(SHAPES):
            if options.only not in shape.label:
                continue
            rounds = []
            for _ in range(options.rounds):
                times = []
                for worker in workers:
                    times.append(worker.seconds(index, options.seconds))
                    time.sleep(REST_SECONDS if threads > 1 else 0)
                rounds.append(times)
            print(_row(shape, rounds), flush=True)
        for worker in workers:
            worker.close()


def _row(shape: Shape, rounds: Sequence[Sequence[float]]) -> str:
    work = 2e-9 * shape.m * shape.n * shape.k
    cells = []
    for column in range(len(rounds[0])):
        speed = work / statistics.median(times[column] for times in rounds)
        ratios = sorted(times[0] / times[column] for times in rounds)
        low, high = ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]
        ratio = f"{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f})" if column else ""
        cells.append(f"{speed:6.1f} {ratio:>15}")
    size = f"{shape.m} x {shape.n} x {shape.k}"
    return f"{shape.label:34}{size:>18}" + "".join(cells)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        _work(sys.argv[2])
    else:
        main()
