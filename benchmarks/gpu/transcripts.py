"""Transcripts from the GPU and from the processor: the same text, and no more errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu.children import options_of, program
from benchmarks.gpu.part import Part, UnavailableError, judged
from benchmarks.gpu.setup import Setup
from benchmarks.manifest import Speech, read_manifest
from benchmarks.measuring.token_differences import differing, tokens_of
from benchmarks.report.markup import Row, Table
from buildkit.errors import ToolError

MOST_DIFFERING = 0.02
"""Of all tokens, those that may differ: where two are as likely, half precision takes the other."""

MOST_WORSE = 0.005
"""By how much the error rate may be higher: what those tokens may cost."""


def compare_transcripts(setup: Setup) -> Part:
    """Transcribe all recordings on both, and compare.

    Raises
    ------
    UnavailableError
        When there are no recordings, no weights, or nothing to count errors with.
    ToolError
        When the program fails.
    """
    folder = setup.needed_speech()
    setup.needed_models()
    try:
        from benchmarks.error_rates import error_rates  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError(f"errors cannot be counted: {error}") from error
    speech = read_manifest(folder)
    outputs, failures = {}, []
    for device in ("cpu", "cuda"):
        outputs[device] = output = setup.work / f"transcripts-{device}"
        options = options_of(setup, device, output, *(one.path for one in speech))
        # By itself, the processor computes in fewer bits, and writes other words sometimes.
        run = program(setup, [*options, "--compute_type", "float32"])
        if run.code:
            raise ToolError(f"on {device} it ended with {run.code}: {run.last_line}")
        if run.fell_back:
            failures.append(f"the GPU was given up: {run.fell_back}")
    here, there = outputs["cpu"], outputs["cuda"]
    rates = {device: error_rates(speech, output) for device, output in outputs.items()}
    counts = {one.path.name: _difference(one, here, there) for one in speech}
    wrong = {
        device: {language: rate for language, (_, rate) in by_language.items()}
        for device, by_language in rates.items()
    }
    figures = {
        "tokens": {name: {"differ": few, "of": all_} for name, (few, all_) in counts.items()},
        "errors": wrong,
    }
    failures += judge(list(counts.values()), wrong["cpu"], wrong["cuda"])
    tokens = Table(
        title="Tokens that differ",
        columns=("recording", "differ", "of"),
        rows=tuple(Row(cells=(name, str(few), str(all_))) for name, (few, all_) in counts.items()),
    )
    errors = Table(
        title="Errors",
        columns=("language", "processor", "GPU"),
        rows=tuple(
            Row(cells=(name, f"{rate:.2%}", f"{rates['cuda'][name][1]:.2%}"))
            for name, (_, rate) in rates["cpu"].items()
        ),
    )
    return judged("transcripts", failures, figures, tokens, errors)


def judge(
    counts: Sequence[tuple[int, int]], here: dict[str, float], there: dict[str, float]
) -> list[str]:
    """Return what is not as it should be.

    Parameters
    ----------
    counts : sequence of (int, int)
        Of each recording the tokens that differ, and all.
    here, there : dict
        The error rate by language, on the processor and on the GPU.
    """
    differ, total = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
    failures = []
    if differ > MOST_DIFFERING * total:
        failures.append(f"{differ} of {total} tokens differ, more than {MOST_DIFFERING:.0%}")
    failures += [
        f"{language}: {there[language]:.2%} errors on the GPU, {rate:.2%} on the processor"
        for language, rate in here.items()
        if there[language] > rate + MOST_WORSE
    ]
    return failures


def _difference(speech: Speech, here: Path, there: Path) -> tuple[int, int]:
    one, other = (tokens_of(folder / f"{speech.path.stem}.json") for folder in (here, there))
    return differing(one, other), len(one)
