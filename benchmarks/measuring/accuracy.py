"""Measure what the program writes: its errors, and whether openai-whisper writes the same.

The recordings are transcribed by the native program, as it computes by itself and in float32, and
by openai-whisper on stock PyTorch, on one thread each, because sums are split among threads and
their last digits with them. What openai-whisper wrote is kept in the build cache, under a key of
all that it hangs on.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.error_rates import error_rates, unit_of
from benchmarks.figures import Figure
from benchmarks.manifest import Speech
from benchmarks.measuring.made_once import made_once
from benchmarks.measuring.precision import precision_figures
from benchmarks.parity import (
    CONFIGURATIONS,
    LIKE_OPENAI,
    REFERENCE_PROGRAM,
    SAME_SUMS,
    differences,
    run_ours,
    run_reference,
)
from buildkit.places import build_cache
from scripts.environment import PROGRAM_REQUIREMENTS
from scripts.layout import MODELS, STOCK_PYTHON
from scripts.torch_environments import STOCK_REQUIREMENTS
from transcriber.machine.processor import processor_features

MODEL = "base"

_MOST_PROCESSES = 8
"""Side by side; openai-whisper takes 0.8 GiB in each."""

Transcribe = Callable[[Sequence[Path], Path], None]
"""Writes the output files of recordings into a folder."""


def measure_accuracy(
    name: str,
    speech: Sequence[Speech],
    decoding: str,
    program: Sequence[str],
    *,
    reference: Path | None = None,
) -> list[Figure]:
    """Transcribe recordings, which figures call by a name, with the command of our program.

    The decoding is one of `benchmarks.parity.CONFIGURATIONS`.

    Returns
    -------
    list of Figure
        The error rate of each language, as a fraction. With a reference, a folder from
        `reference_transcripts`, the program decodes in float32, too: then there are also the
        number of files that differ from the reference, which promises no other text than that,
        and what `precision_figures` finds.
    """
    start = f"accuracy/{name}/{decoding}"
    files = [item.path for item in speech]

    def transcribe(output: Path, *more: str) -> None:
        options = (*CONFIGURATIONS[decoding], *SAME_SUMS, *more)
        side_by_side(
            files,
            output,
            lambda share, to: run_ours(MODEL, MODELS, share, to, options, start=program),
        )

    with tempfile.TemporaryDirectory() as folder:
        output, exact = Path(folder, "auto"), Path(folder, "float32")
        transcribe(output)
        figures = [
            Figure(name=f"{start}/{language} {unit_of(language)}", value=rate, unit="errors")
            for language, (_, rate) in error_rates(speech, output).items()
        ]
        if reference:
            transcribe(exact, *LIKE_OPENAI)
            unequal = differences(speech, exact, reference, exact=False)
            figures.append(Figure(name=f"{start}/differing files", value=float(len(unequal))))
            figures += precision_figures(start, speech, output, exact)
    return figures


def side_by_side(files: Sequence[Path], output: Path, transcribe: Transcribe) -> None:
    """Transcribe `files` into `output` with a process for each processor, each of one thread."""
    output.mkdir(parents=True, exist_ok=True)
    processors = min(len(os.sched_getaffinity(0)), len(files), _MOST_PROCESSES)
    by_size = sorted(files, key=lambda path: (-path.stat().st_size, path.name))
    shares = [by_size[start::processors] for start in range(processors)]
    with ThreadPoolExecutor(_MOST_PROCESSES) as pool:
        # A list, so that a failure is raised here.
        list(pool.map(lambda share: transcribe(share, output), shares))


def reference_transcripts(speech: Sequence[Speech], decoding: str) -> Path:
    """Return a folder with what openai-whisper writes of recordings, from the cache or made now."""
    files = sorted(item.path for item in speech)
    options = (*CONFIGURATIONS[decoding], *SAME_SUMS)
    # Other instructions sum in another order.
    key = repr((options, [path.name for path in files], processor_features()))
    sources = [MODELS / f"{MODEL}.pt", STOCK_REQUIREMENTS, PROGRAM_REQUIREMENTS, REFERENCE_PROGRAM]

    def transcribe(share: Sequence[Path], output: Path) -> None:
        run_reference(STOCK_PYTHON, MODEL, MODELS, share, output, options)

    return made_once(
        build_cache() / "reference-transcripts",
        hashlib.sha256(key.encode()).hexdigest()[:16],
        (*sources, *files),
        lambda content: side_by_side(files, content, transcribe),
    )
