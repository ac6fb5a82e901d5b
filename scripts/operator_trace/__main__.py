"""Trace Whisper on stock PyTorch: ``python -m torch_build.trace``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from torch_build.operators import merge, read_operators, write_operators
from torch_build.trace.cases import ON_GPU
from torch_build.trace.run import trace
from transcriber.errors import TranscriberError

_REPOSITORY = Path(__file__).resolve().parents[3]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix, or some of its cases, and write what was used.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m torch_build.trace", description=__doc__)
    parser.add_argument("--models", type=Path, required=True, help="folder of tiny.en and base")
    parser.add_argument("--speech", type=Path, required=True, help="folder of short recordings")
    parser.add_argument("--output", type=Path, required=True, help="the file to write")
    parser.add_argument("--case", action="append", help="only this one; may be repeated")
    parser.add_argument("--on-gpu", action="store_true", help="only what a GPU can do")
    parser.add_argument("--tests", type=Path, default=_REPOSITORY / "tests", help="our own tests")
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
            selection = trace(
                models=given.models,
                speech=given.speech,
                tests=given.tests,
                scratch=Path(scratch),
                source=given.source,
                cases=ON_GPU if given.on_gpu else given.case,
                report=_report,
            )
        selection = merge([selection, *others])
        write_operators(given.output, selection)
    except TranscriberError as error:
        print(f"trace: {error}", file=sys.stderr)
        return error.exit_code
    _report(f"{len(selection.operators)} operators")
    return 0


def _report(text: str) -> None:
    print(f"trace: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
