"""Measure thread counts and OpenMP waiting policies, alone and beside other work.

The work is that of one window of speech with a model of the size of ``base``: one pass of the
encoder and a number of decoder steps with the key and value cache. The weights are random, so no
model is needed. Each setting has a process of its own, because OpenMP reads its environment when
it is loaded; the processes take turns, one measurement each, so that a slow drift of the machine
meets all of them alike.

    .venv/bin/python benchmarks/threads.py --load 0 1 2 --rounds 12
    .venv/bin/python benchmarks/threads.py --setting 2:OMP_WAIT_POLICY=PASSIVE --setting 2

A setting is a thread count and, after a colon, environment variables separated by commas. The
first setting is the reference of the ratios. Each measurement waits, but not for ever, until the
machine is quiet. One during which processes other than these took more than a little of a
processor is left out; the column ``kept`` counts the others.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SETTINGS = ("1", "2", "1:OMP_WAIT_POLICY=PASSIVE", "2:OMP_WAIT_POLICY=PASSIVE")
BASE_DIMENSIONS = (80, 1500, 512, 8, 6, 51865, 448, 512, 8, 6)
QUIET = 0.08
"""Share of one processor below which the machine counts as quiet."""

CHILD_SECONDS = 600.0
"""A process that says nothing for so long is taken for dead."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One measurement.

    Attributes
    ----------
    encoder, decoder : float
        Wall seconds of the encoder pass and of the decoder steps.
    cpu : float
        Processor seconds of both, over all threads.
    foreign : float
        Processors taken by processes that do not belong to the benchmark.
    """

    encoder: float
    decoder: float
    cpu: float
    foreign: float

    @property
    def total(self) -> float:
        """Wall seconds of the window."""
        return self.encoder + self.decoder


def work(threads: int, steps: int) -> None:
    """Be the child: measure one window for each line of standard input, answer in JSON."""
    # Only the children need these, and their environment counts when they are loaded.
    import torch  # noqa: PLC0415
    from whisper.decoding import PyTorchInference  # noqa: PLC0415
    from whisper.model import ModelDimensions, Whisper  # noqa: PLC0415

    # Ctrl-C is for the parent, which then prints what there is and ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = Whisper(ModelDimensions(*BASE_DIMENSIONS)).eval()
    # openai-whisper leaves these as the memory was, and subnormal numbers would take longer.
    torch.nn.init.normal_(model.decoder.positional_embedding)
    mel = torch.randn(1, 80, 3000)
    start_tokens = torch.tensor([[50258, 50259, 50359, 50363]])

    def window() -> dict[str, float]:
        inference = PyTorchInference(model, start_tokens.shape[-1])
        with torch.inference_mode():
            cpu = time.process_time()
            begin = time.perf_counter()
            features = model.encoder(mel)
            encoded = time.perf_counter()
            tokens = start_tokens
            for _ in range(steps):
                logits = inference.logits(tokens, features)
                tokens = torch.cat([tokens, logits[:, -1].argmax(-1, keepdim=True)], -1)
            end = time.perf_counter()
        inference.cleanup_caching()
        return {
            "encoder": encoded - begin,
            "decoder": end - encoded,
            "cpu": time.process_time() - cpu,
        }

    window()
    print("ready", flush=True)
    for _ in sys.stdin:
        print(json.dumps(window()), flush=True)


class Worker:
    """The process of one setting."""

    def __init__(self, setting: str, steps: int) -> None:
        threads, _, variables = setting.partition(":")
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("OMP_", "GOMP_", "KMP_", "MKL_"))
        }
        for pair in filter(None, variables.split(",")):
            name, _, value = pair.partition("=")
            environment[name] = value
        self.setting = setting
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--child", threads, "--steps", str(steps)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def wait_until_ready(self) -> None:
        """Return when the model is built and the first window, which nobody counts, is done."""
        self._answer()

    def measure(self, burners: Sequence[subprocess.Popen[bytes]]) -> Sample:
        """Run one window."""
        assert self.process.stdin is not None  # noqa: S101
        own = [self.process.pid, *(burner.pid for burner in burners)]
        busy, ours, begin = busy_seconds(), process_seconds(own), time.perf_counter()
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        times = json.loads(self._answer())
        wall = time.perf_counter() - begin
        foreign = (busy_seconds() - busy - (process_seconds(own) - ours)) / wall
        return Sample(foreign=foreign, **times)

    def _answer(self) -> str:
        assert self.process.stdout is not None  # noqa: S101
        ready, _, _ = select.select([self.process.stdout], [], [], CHILD_SECONDS)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            raise SystemExit(f"the process of setting {self.setting} ended or hangs")
        return line

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()


def busy_seconds() -> float:
    """Return the processor seconds that the whole machine has been busy, from ``/proc/stat``."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def process_seconds(identifiers: Sequence[int]) -> float:
    """Return the processor seconds that these processes have used, all threads together."""
    ticks = 0
    for identifier in identifiers:
        text = Path(f"/proc/{identifier}/stat").read_text()
        ticks += sum(int(field) for field in text.rpartition(")")[2].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for_quiet(patience: float) -> None:
    """Return when the machine is idle, or after `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        busy = busy_seconds()
        time.sleep(0.5)
        if busy_seconds() - busy <= 0.5 * QUIET:
            return


@contextmanager
def busy_loops(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Keep `count` processes busy while the block runs."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(0.3)
        yield loops
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


Samples = dict[tuple[int, str], list[Sample]]


def measure(samples: Samples, rounds: int, steps: int, patience: float) -> None:
    """Measure the settings of `samples` beside its loads in turn, and add what was measured."""
    loads = sorted({load for load, _ in samples})
    settings = list(dict.fromkeys(setting for _, setting in samples))
    with ExitStack() as stack:
        workers = [Worker(setting, steps) for setting in settings]
        for worker in workers:
            stack.callback(worker.close)
        for worker in workers:
            worker.wait_until_ready()
        for number in range(rounds):
            for load in loads:
                # A new order each round, so that no setting always follows the same one.
                turn = number % len(workers)
                for worker in workers[turn:] + workers[:turn]:
                    wait_for_quiet(patience)
                    with busy_loops(load) as burners:
                        samples[load, worker.setting].append(worker.measure(burners))


def table(samples: Samples, reference: str, foreign: float) -> str:
    """Return the medians as text, with the ratio of each total to that of `reference`."""
    width = max(len(setting) for _, setting in samples)
    lines = [
        f"load  {'setting':{width}}  encoder  decoder    total  [quartiles]      cpu  ratio"
        "  others  kept"
    ]
    totals = {}
    for (load, setting), every in samples.items():
        kept = [sample for sample in every if sample.foreign <= foreign]
        if len(kept) < 2:
            lines.append(f"{load:4}  {setting:{width}}  too much other work, {len(kept)} kept")
            continue
        median = statistics.median(sample.total for sample in kept)
        quartiles = statistics.quantiles([sample.total for sample in kept], n=4)
        totals[load, setting] = median
        ratio = median / totals[load, reference] if (load, reference) in totals else float("nan")
        lines.append(
            f"{load:4}  {setting:{width}}"
            f"  {statistics.median(sample.encoder for sample in kept):6.2f}s"
            f"  {statistics.median(sample.decoder for sample in kept):6.2f}s"
            f"  {median:6.2f}s  [{quartiles[0]:5.2f} {quartiles[2]:5.2f}]"
            f"  {statistics.median(sample.cpu for sample in kept):6.2f}s  {ratio:5.2f}"
            f"  {statistics.median(sample.foreign for sample in kept):6.2f}"
            f"  {len(kept):2}/{len(every)}"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--setting", action="append", metavar="THREADS[:NAME=VALUE,...]")
    parser.add_argument("--load", type=int, nargs="+", default=[0, 1, 2], metavar="PROCESSES")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=60, help="decoder steps (default 60)")
    parser.add_argument(
        "--patience",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="how long to wait for a quiet machine before each measurement (default 20)",
    )
    parser.add_argument(
        "--foreign",
        type=float,
        default=0.15,
        metavar="PROCESSORS",
        help="most that other processes may take during a measurement (default 0.15)",
    )
    parser.add_argument("--child", type=int, metavar="THREADS", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        work(arguments.child, arguments.steps)
        return
    settings = arguments.setting or list(DEFAULT_SETTINGS)
    samples: Samples = {(load, setting): [] for load in arguments.load for setting in settings}
    # Ended early, the table shows what there is.
    with suppress(KeyboardInterrupt):
        measure(samples, arguments.rounds, arguments.steps, arguments.patience)
    print(table(samples, settings[0], arguments.foreign))


if __name__ == "__main__":
    main()
