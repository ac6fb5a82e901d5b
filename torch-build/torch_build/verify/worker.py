"""The child process: makes cases where it is asked to, runs them, answers over a pipe.

``python -m torch_build.verify.worker``; requests and answers are pickles, one after the other.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import torch

from torch_build.verify.adapter import call
from torch_build.verify.values import Arguments, Case, Outcome

THREADS = 2
"""Enough for the parallel paths of the kernels."""


def run_case(case: Case) -> Outcome:
    """Call the operator and return what it did."""
    arguments = Arguments(case, torch)
    torch.manual_seed(0)
    try:
        with torch.no_grad():
            value = call(case.operator, case.overload, arguments.args, arguments.kwargs)
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


def _make_cases(name: str, dtypes: list[str]) -> list[Case]:
    # Only the reference has the schemas that this needs.
    from torch_build.verify.cases import cases_of  # noqa: PLC0415

    return list(cases_of(name, dtypes))


def _answers(requests: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    for verb, content in requests:
        if verb == "cases":
            try:
                yield _make_cases(*content)
            except LookupError as error:
                yield str(error)
        elif verb == "run":
            yield [run_case(case) for case in content]
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

    for answer in _answers(requests()):
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


if __name__ == "__main__":
    main()
