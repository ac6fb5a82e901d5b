"""Measure the stripped PyTorch against the stock one, both at once, in turns.

    .venv/bin/python benchmarks/torch_speed.py --stock .cache/stock/bin/python --rounds 15

Each build has processes of its own, one for each number of threads, because OpenMP and the BLAS
read their settings when they are loaded. All load the same real model, stay alive and are told in
turns to run each measurement once, so that a slow drift of the machine meets both alike. The
numbers are medians over the rounds; the ratio is the median of the rounds' own ratios, stock by
stripped, with its quartiles as the spread. Threads wait as the program makes them wait.

Then come the cost of ``import torch`` and the peak memory and time of a whole transcription by
the program, again in turns. The output is a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "torch-build")]

# Above this line Python does not find them when this file is run by its path.
from torch_build.verify.importing import Import, import_in_turns  # noqa: E402
from torch_build.verify.interpreters import (  # noqa: E402
    child_environment,
    our_python,
    stock_python,
)

DECODER_STEPS = 10
"""Steps in one measurement of the decoder, of which the mean is taken."""

AUDIO_SECONDS = 30
_SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_")


def work(weights: Path, threads: int) -> None:
    """Be the child: run a measurement for each line of standard input, answer in seconds."""
    # Only the children need these, and their environment counts when they are loaded.
    import numpy as np  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from transcriber.engine import openai_whisper  # noqa: PLC0415

    whisper = openai_whisper.load()
    from whisper.decoding import PyTorchInference  # noqa: PLC0415

    # Ctrl-C is for the parent, which ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    model = whisper.load_model(str(weights), device="cpu").eval()
    audio = np.random.default_rng(0).normal(0, 0.1, AUDIO_SECONDS * 16000).astype(np.float32)
    mel = whisper.log_mel_spectrogram(audio, model.dims.n_mels)[None]
    prompt = torch.tensor([[50258, 50259, 50359, 50363]])[:, : 4 if model.is_multilingual else 1]
    with torch.inference_mode():
        features = model.encoder(mel)

    def spectrogram() -> float:
        begin = time.perf_counter()
        whisper.log_mel_spectrogram(audio, model.dims.n_mels)
        return time.perf_counter() - begin

    def encoder() -> float:
        begin = time.perf_counter()
        model.encoder(mel)
        return time.perf_counter() - begin

    def decoder() -> float:
        inference = PyTorchInference(model, prompt.shape[-1])
        tokens = prompt
        inference.logits(tokens, features)
        begin = time.perf_counter()
        for _ in range(DECODER_STEPS):
            tokens = torch.cat([tokens, tokens[:, -1:]], -1)
            inference.logits(tokens, features)
        seconds = (time.perf_counter() - begin) / DECODER_STEPS
        inference.cleanup_caching()
        return seconds

    measurements: dict[str, Callable[[], float]] = {
        "log-mel": spectrogram,
        "encoder": encoder,
        "decoder step": decoder,
    }
    with torch.inference_mode():
        for measure in measurements.values():
            measure()
        print(json.dumps(torch.__version__), flush=True)
        for line in sys.stdin:
            print(json.dumps(measurements[line.strip()]()), flush=True)


MEASUREMENTS = ("encoder", "decoder step", "log-mel")


class Child:
    """A process that has loaded the model on one build and waits to be told what to run."""

    def __init__(self, python: Path, weights: Path, threads: int) -> None:
        self._process = subprocess.Popen(
            [python, str(Path(__file__).resolve()), "--child", str(weights), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
        )
        self.version = str(self._answer())

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def measure(self, name: str) -> float:
        """Run a measurement once and return its seconds."""
        print(name, file=self._process.stdin, flush=True)
        return float(self._answer())

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"a child ended with status {self._process.wait()}")
        return json.loads(line)


def clean_environment() -> dict[str, str]:
    """Return the environment of a child, with no setting of threads but the program's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    return child_environment(kept)


def row(name: str, stock: Sequence[float], ours: Sequence[float], unit: str) -> str:
    """Return a line of the table.

    Parameters
    ----------
    name, unit : str
        What was measured, and in what.
    stock, ours : sequence of float, shape = (rounds,)
        Taken in turns.
    """
    ratios = [one / other for one, other in zip(stock, ours, strict=True)]
    low, middle, high = (
        statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    )
    return (
        f"| {name} | {statistics.median(stock):.4g} {unit} | {statistics.median(ours):.4g} {unit} "
        f"| {middle:.2f} | {low:.2f}-{high:.2f} |"
    )


def compare_model(
    pythons: tuple[Path, Path], weights: Path, threads: int, rounds: int
) -> list[str]:
    """Return the lines for the parts of the model on a number of threads."""
    with ExitStack() as stack:
        stock, ours = (stack.enter_context(Child(python, weights, threads)) for python in pythons)
        taken: dict[str, tuple[list[float], list[float]]] = {
            name: ([], []) for name in MEASUREMENTS
        }
        for turn in range(rounds):
            for name in MEASUREMENTS:
                # Who goes first has no advantage over the rounds.
                order = ((0, stock), (1, ours)) if turn % 2 else ((1, ours), (0, stock))
                for at, child in order:
                    taken[name][at].append(1000 * child.measure(name))
    plural = "thread" if threads == 1 else "threads"
    return [row(f"{name}, {threads} {plural}", *taken[name], "ms") for name in MEASUREMENTS]


def compare_imports(pythons: tuple[Path, Path], rounds: int) -> list[str]:
    """Return the lines for ``import torch``."""
    stock, ours = import_in_turns(pythons, rounds)
    figures: tuple[tuple[str, str, Callable[[Import], float]], ...] = (
        ("`import torch`", "ms", lambda item: 1000 * item.seconds),
        ("modules after it", "", lambda item: float(len(item.modules))),
        ("peak memory after it", "MiB", lambda item: item.peak_mib),
    )
    return [
        row(name, [figure(item) for item in stock], [figure(item) for item in ours], unit)
        for name, unit, figure in figures
    ]


def transcribe(python: Path, weights: Path, recording: Path) -> tuple[float, float]:
    """Return the seconds and the peak MiB of the program on one recording."""
    with tempfile.TemporaryDirectory() as output:
        command = [str(python), "-m", "transcriber", "--verbose", "False", "--beam_size", "None"]
        command += ["--model", weights.stem, "--model_dir", str(weights.parent)]
        begin = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--output_dir", output, str(recording)],
            env=clean_environment(),
            stdout=subprocess.DEVNULL,
        )
        # `wait4` tells the peak of this child alone; `getrusage` that of the largest so far.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


def compare_transcriptions(
    pythons: tuple[Path, Path], weights: Path, recording: Path, rounds: int
) -> list[str]:
    """Return the lines for a whole run of the program."""
    turns = [[transcribe(python, weights, recording) for python in pythons] for _ in range(rounds)]
    stock, ours = zip(*turns, strict=True)
    return [
        row("transcription, whole run", [a for a, _ in stock], [a for a, _ in ours], "s"),
        row("its peak memory", [b for _, b in stock], [b for _, b in ours], "MiB"),
    ]


def main() -> None:
    """Run the comparison and print the table."""
    if sys.argv[1:2] == ["--child"]:
        work(Path(sys.argv[2]), int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    processors = len(os.sched_getaffinity(0))
    parser.add_argument("--stock", type=Path, help="interpreter with the stock build")
    parser.add_argument("--ours", type=Path, help="interpreter with the stripped build")
    parser.add_argument("--weights", type=Path, default=CHECKOUT / ".cache/models/base.pt")
    parser.add_argument("--recording", type=Path, help="for the whole run; left out without it")
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, processors}))
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    pythons = (given.stock or stock_python(), given.ours or our_python())
    print("| | stock | stripped | stock by stripped | quartiles |\n|---|---|---|---|---|")
    for threads in given.threads:
        print(*compare_model(pythons, given.weights, threads, given.rounds), sep="\n", flush=True)
    print(*compare_imports(pythons, given.rounds), sep="\n", flush=True)
    if given.recording:
        # One in five: a run is much longer than a measurement.
        rounds = max(given.rounds // 5, 1)
        print(*compare_transcriptions(pythons, given.weights, given.recording, rounds), sep="\n")


if __name__ == "__main__":
    main()
