"""The child process: makes cases where it is asked to, runs them, answers over a pipe.

``python -m torch_build.verify.worker [DEVICE]``; requests and answers are pickles, one after the
other. The answer ends with the first case after which the device is of no use to this process.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from torch_build.verify.adapter import call
from torch_build.verify.arguments import Arguments
from torch_build.verify.values import PROCESSOR, Case, Outcome

THREADS = 2
"""Enough for the parallel paths of the kernels."""


def run_case(case: Case, device: str = PROCESSOR) -> Outcome:
    """Call the operator and return what it did."""
    arguments = Arguments(case, torch, device)
    torch.manual_seed(0)
    try:
        with torch.no_grad():
            value = call(case.operator, case.overload, arguments.args, arguments.kwargs)
        if device != PROCESSOR:
            # What a kernel does wrong is told later otherwise, by another case.
            torch.cuda.synchronize()
            arguments.bring_back()
        results = arguments.encode(list(value) if isinstance(value, (list, tuple)) else [value])
        written = {where: arguments.encode(new).values for where, new in arguments.new.items()}
    except Exception as error:
        return Outcome(
            results=[],
            buffers=arguments.buffers,
            error=type(error).__name__,
            message=str(error).split("\n", maxsplit=1)[0],
        )
    return Outcome(results=results, buffers={**arguments.buffers, **written})


def run_cases(cases: Sequence[Case], device: str) -> list[Outcome]:
    """Run cases up to the first whose error ends the device's use in this process."""
    outcomes: list[Outcome] = []
    for case in cases:
        outcomes.append(run_case(case, device))
        if outcomes[-1].ends_the_device:
            break
    return outcomes


def _make_cases(name: str, dtypes: list[str], placed: bool) -> list[Case]:
    # Only the reference has the schemas that this needs.
    from torch_build.verify.cases import cases_of  # noqa: PLC0415

    return list(cases_of(name, dtypes, placed=placed))


def _answers(requests: Iterator[tuple[str, Any]], device: str) -> Iterator[Any]:
    for verb, content in requests:
        if verb == "cases":
            try:
                yield _make_cases(*content)
            except LookupError as error:
                yield str(error)
        elif verb == "run":
            yield run_cases(content, device)
        elif verb == "version":
            yield torch.__version__


def main() -> None:
    """Answer until the other end closes the pipe."""
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    torch.set_num_threads(THREADS)

    def requests() -> Iterator[tuple[str, Any]]:
        while True:
            try:
                yield pickle.load(sys.stdin.buffer)  # noqa: S301 - our own parent wrote it
            except EOFError:
                return

    device = sys.argv[1] if len(sys.argv) > 1 else PROCESSOR
    for answer in _answers(requests(), device):
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
