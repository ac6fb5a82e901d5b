"""Trace our program on stock PyTorch: ``python -m scripts.operator_trace``."""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from buildkit.errors import BuildError, UsageError
from buildkit.places import CHECKOUT
from scripts.operator_trace.cases import CASES, ON_GPU, run_case
from scripts.operator_trace.material import material
from torch_build.operators import merge, read_operators, write_operators
from torch_build.trace.run import trace
from transcriber.engine import openai_whisper
from transcriber.errors import TranscriberError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix, or some of its cases, and write what was used.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.operator_trace", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of tiny.en and base")
    parser.add_argument("--speech", type=Path, required=True, help="folder of short recordings")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    parser.add_argument("--case", action="append", help="only this one; may be repeated")
    parser.add_argument("--on-gpu", action="store_true", help="only what a GPU can do")
    parser.add_argument("--tests", type=Path, default=CHECKOUT / "tests", help="our own tests")
    parser.add_argument(
        "--source", type=Path, help="PyTorch's source, to check the operators' names against"
    )
    parser.add_argument(
        "--add",
        type=Path,
        action="append",
        default=[],
        help="write what this other trace found, too, such as one on another version",
    )
    given = parser.parse_args(arguments)
    try:
        others = [read_operators(path) for path in given.add]
        with tempfile.TemporaryDirectory(prefix="trace-") as scratch:
            cases = _cases(given, Path(scratch))
            traced = trace(cases, source=given.source, report=_report)
        selection = merge([traced, *others])
        write_operators(given.output, selection)
    except (BuildError, TranscriberError) as error:
        print(f"trace: {error}", file=sys.stderr)
        return error.exit_code
    _report(f"{len(selection.operators)} operators")
    return 0


def _cases(given: argparse.Namespace, scratch: Path) -> dict[str, Callable[[], None]]:
    """Return what is run: all of the matrix, or what the command line names."""
    chosen = ON_GPU if given.on_gpu else given.case or tuple(CASES)
    if wrong := [name for name in chosen if name not in CASES]:
        raise UsageError(f"there is no case {wrong[0]}", f"the cases are {', '.join(CASES)}")
    # The cases load it, too, and what it imports is not theirs.
    openai_whisper.load()
    found = material(models=given.models, speech=given.speech, tests=given.tests, scratch=scratch)
    return {name: functools.partial(run_case, name, found) for name in chosen}


def _report(text: str) -> None:
    print(f"trace: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
