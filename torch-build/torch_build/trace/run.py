"""Run cases while everything that they use is recorded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from buildkit.errors import RecipeError
from torch_build.operators import Selection
from torch_build.trace.names import unknown_operators
from torch_build.trace.recorder import Recorder


def trace(
    cases: Mapping[str, Callable[[], None]],
    *,
    source: Path | None,
    report: Callable[[str], None],
) -> Selection:
    """Run the cases on the PyTorch that is installed.

    Parameters
    ----------
    cases : mapping of str to callable
        What is run, by its name.
    source : Path or None
        PyTorch's source; the names of the operators are checked against it.
    report : callable
        Told what is being done.

    Raises
    ------
    RecipeError
        When an operator is unknown to the source.
    """
    recorder = Recorder()
    for name, run in cases.items():
        report(name)
        with _quiet(), recorder.recording():
            run()
    selection = recorder.selection()
    if source is not None and (unknown := unknown_operators(selection, source)):
        raise RecipeError(
            f"the PyTorch in {source} has no operator {', '.join(unknown)}",
            "find what takes its place there, and trace that",
        )
    return selection


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the cases print away, also what they print from C++."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
