"""Examine the CUDA add-on on a machine with a GPU. Nothing is built, and no network is used.

    python -m benchmarks.gpu BUILT --models FOLDER --speech FOLDER [--stock PYTHON] ...

BUILT is a folder with what was built elsewhere: the stripped PyTorch's wheel, libtorch_cuda.so or
its .xz, and perhaps an AppImage. The checkout itself is carried along with it. What cannot be done
on the machine stands in the report with the reason; it is gpu.md, and for tools gpu.json.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
if not __package__:
    # Started by its path, from wherever.
    sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "torch-build")]

from benchmarks.gpu.report import ABSENT, FAILED, PASSED, Found, Part, as_json, as_page  # noqa: E402
from benchmarks.gpu.setup import (  # noqa: E402
    Setup,
    UnavailableError,
    find_addon,
    find_program,
    find_torch,
)
from buildkit.commands import ending_in_one_line  # noqa: E402
from buildkit.errors import BuildError  # noqa: E402
from buildkit.files import atomic_writer  # noqa: E402
from transcriber.errors import TranscriberError  # noqa: E402

PARTS = {
    "machine": ("machine", "describe"),
    "operators": ("operators", "compare_operators"),
    "products": ("products", "compare_products"),
    "transcripts": ("transcriptions", "compare_transcripts"),
    "speed": ("transcriptions", "compare_speed"),
    "memory": ("transcriptions", "measure_memory"),
    "faults": ("faults", "provoke_faults"),
}
"""Module and function of each part, in their order."""

BROKEN = 20
"""Exit code when a part failed; the program's own end at 10."""


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("built", type=Path, help="folder with what was built")
    parser.add_argument("--models", type=Path, help="store of weights")
    parser.add_argument("--speech", type=Path, help="folder with a manifest.tsv")
    parser.add_argument("--model", default="base", help="which of the weights")
    parser.add_argument(
        "--python",
        type=Path,
        default=Path(sys.executable),
        help="for ours: with NumPy, and for transcripts with what the program needs but PyTorch",
    )
    parser.add_argument("--stock", type=Path, help="a Python with stock PyTorch, CUDA's or not")
    parser.add_argument("--ctranslate2", type=Path, help="faster-whisper's weights")
    parser.add_argument("--rounds", type=int, default=6, help="how often each is measured")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the report")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    given = parser.parse_args()
    return ending_in_one_line("benchmarks.gpu", lambda: _examine(given), TranscriberError)


def _examine(given: argparse.Namespace) -> int:
    built = given.built.resolve()
    with tempfile.TemporaryDirectory(prefix="gpu-") as folder:
        work = Path(folder)
        setup = Setup(
            # Not resolved: a virtual environment is known by its link.
            python=given.python.absolute(),
            site=find_torch(built, work),
            addon=find_addon(built, work),
            program=find_program(built),
            models=given.models and given.models.resolve(),
            speech=given.speech and given.speech.resolve(),
            model=given.model,
            stock=given.stock and given.stock.absolute(),
            ctranslate2=given.ctranslate2 and given.ctranslate2.resolve(),
            rounds=given.rounds,
            work=work,
        )
        parts = examine(setup, {name: load(name) for name in PARTS if name in given.only})
    given.output.mkdir(parents=True, exist_ok=True)
    for name, text in (("gpu.json", as_json(parts)), ("gpu.md", page := as_page(parts))):
        with atomic_writer(given.output / name) as stream:
            stream.write(text.encode())
    print(page)
    return BROKEN if any(part.state == FAILED for part in parts) else 0


def load(name: str) -> Callable[[Setup], Found]:
    """Return a part's function; what it imports may be absent on the machine."""

    def work(setup: Setup) -> Found:
        module, function = PARTS[name]
        try:
            imported = import_module(f"benchmarks.gpu.{module}")
        except ImportError as error:
            raise UnavailableError(f"this Python lacks what it needs: {error}") from error
        found: Found = getattr(imported, function)(setup)
        return found

    return work


def examine(setup: Setup, parts: Mapping[str, Callable[[Setup], Found]]) -> list[Part]:
    """Run the parts one after the other; none that breaks off keeps the others from it."""
    done = []
    for name, work in parts.items():
        print(f"benchmarks.gpu: {name}", file=sys.stderr, flush=True)
        try:
            failures, figures = work(setup)
            state = FAILED if failures else PASSED
            done.append(Part(name=name, state=state, failures=failures, figures=figures))
        except UnavailableError as error:
            done.append(Part(name=name, state=ABSENT, why=str(error)))
        # What a program writes may be no JSON, a manifest may lack a column.
        except (BuildError, TranscriberError, OSError, ValueError, LookupError) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            done.append(Part(name=name, state=FAILED, why=f"it broke off: {why}"))
    return done


if __name__ == "__main__":
    sys.exit(main())
