"""Run cases of the matrix while everything that they use is recorded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torch_build.operators import Selection
from torch_build.trace.cases import CASES, material, run_case
from torch_build.trace.names import unknown_operators
from torch_build.trace.recorder import Recorder
from transcriber.errors import DependencyError, UsageError


def trace(
    *,
    models: Path,
    speech: Path,
    tests: Path,
    scratch: Path,
    source: Path | None,
    cases: Sequence[str] | None,
    report: Callable[[str], None],
) -> Selection:
    """Run the matrix on the PyTorch that is installed.

    Parameters
    ----------
    models, speech, tests : Path
        Folders of the weights, of short recordings and of the program's own tests.
    scratch : Path
        An empty folder.
    source : Path or None
        PyTorch's source; the names of the operators are checked against it.
    cases : sequence of str or None
        Names in `CASES`; all of them when not given.
    report : callable
        Told what is being done.

    Raises
    ------
    UsageError
        When there is no such case.
    TranscriberError
        When a case fails, or an operator is unknown to the source.
    """
    chosen = list(CASES) if cases is None else list(cases)
    if wrong := [name for name in chosen if name not in CASES]:
        raise UsageError(f"there is no case {wrong[0]}", f"the cases are {', '.join(CASES)}")
    from transcriber.engine import openai_whisper  # noqa: PLC0415  the cases load it, too

    openai_whisper.load()
    given = material(models=models, speech=speech, tests=tests, scratch=scratch)
    recorder = Recorder()
    for name in chosen:
        report(name)
        with _quiet(), recorder.recording():
            run_case(name, given)
    selection = recorder.selection()
    if source is not None and (unknown := unknown_operators(selection, source)):
        raise DependencyError(
            f"the PyTorch in {source} has no operator {', '.join(unknown)}",
            "find what takes its place there, and trace that",
        )
    return selection


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the cases print away, also what they print from C++."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
