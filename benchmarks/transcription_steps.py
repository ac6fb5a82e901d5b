"""The steps of a run that transcribe whole recordings, for their time and for their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.error_rates import error_rate
from benchmarks.figures import Figure
from benchmarks.judging.budgets import Budgets
from benchmarks.judging.judge import is_decided
from benchmarks.manifest import read_manifest
from benchmarks.measuring.accuracy import measure_accuracy, reference_transcripts
from benchmarks.measuring.energy import UNTOLD
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.recordings import MANY, recordings, speech_folder
from benchmarks.measuring.speed import FIRST_WORDS, REFERENCE, Cell, measure_cell, spoken
from benchmarks.peers.contestants import BY_DEFAULT, OWN, contestants
from benchmarks.steps import Found, Step, compared, native_program, thread_counts
from buildkit.places import CHECKOUT
from scripts.layout import BENCHMARKS

BEAMS = {"greedy": None, "beam 5": 5}

DEFAULTS = "default options"
"""Five beams, and windows that fail are decoded again at higher temperatures."""

SECONDS = {"short": 2.0, "medium": 4.0, "long": 40.0, MANY: 45.0}
"""About what one transcription takes, for the progress bar."""


def cell_step(
    cell: Cell, budgets: Budgets, output: Path, names: Sequence[str] = BY_DEFAULT
) -> Step:
    """Transcribe with the contestants of those `names`.

    More rounds follow while the noise leaves one of the `budgets` undecided. What the programs
    write goes into the folder `output`.
    """

    def work() -> Found:
        recording = recordings(speech_folder(), BENCHMARKS / "recordings")[cell.length]
        subjects = [
            Subject(
                name=one.name,
                command=one.command(
                    recording.paths,
                    language=recording.language,
                    beam_size=BEAMS.get(cell.decoding, 5),
                    threads=thread_counts()[cell.threads],
                    output=output,
                    fallback=cell.decoding == DEFAULTS,
                ),
                variables=one.variables,
                # A peer that does not run here is no reason to measure nothing.
                optional=not one.like_whisper,
            )
            for one in contestants(CHECKOUT, peers=not OWN.issuperset(names))
            if one.name in names
        ]
        measured = measure_cell(
            cell,
            subjects,
            recording.seconds,
            decided=lambda figures: is_decided(figures, budgets),
        )
        found = compared(measured.groups, REFERENCE)
        # Who writes less, or something else, did other work.
        errors = [
            Figure(
                name=f"errors/{cell.name}/{name}",
                value=error_rate(recording.language, [recording.reference], [spoken(taken.output)]),
                unit="errors",
            )
            for name, taken in measured.last.items()
        ]
        unmeasured = {f"speed/{cell.name}/{name}": why for name, why in measured.failed.items()}
        if not any(one.measurement.startswith("energy/") for one in found.series):
            unmeasured[f"energy/{cell.name}"] = UNTOLD
        return replace(found, figures=[*found.figures, *errors], unmeasured=unmeasured)

    kinds = ("speed/", FIRST_WORDS, "memory/", "faults/", "errors/", "energy/")
    runs = (cell.rounds + cell.warming) * len(names)
    return Step(
        kind="speed",
        name=cell.name.replace("/", ", "),
        covers=tuple(f"{kind}{cell.name}" for kind in kinds),
        seconds=SECONDS[cell.length] * runs * _slower(cell),
        work=work,
    )


def _slower(cell: Cell) -> float:
    """Return about how many times as long it takes as greedily on all threads, alone."""
    of_threads = 1.6 if cell.threads == "1 thread" else 1.0
    of_decoding = 1.0 if cell.decoding == "greedy" else 1.5
    return of_threads * of_decoding * (1 + cell.neighbours / 2)


def accuracy_step(name: str, folder: Path, decoding: str, *, with_reference: bool) -> Step:
    """Transcribe the recordings of a folder, which figures call by a name, and count errors.

    The folder has a ``manifest.tsv``; the decoding is one of `benchmarks.parity.CONFIGURATIONS`.
    With the reference, the files are compared with those of openai-whisper.
    """

    def work() -> Found:
        speech = read_manifest(folder)
        reference = reference_transcripts(speech, decoding) if with_reference else None
        program = native_program().command
        return Found(figures=measure_accuracy(name, speech, decoding, program, reference=reference))

    return Step(
        kind="accuracy",
        name=f"{name}, {decoding}",
        covers=(f"accuracy/{name}/{decoding}",),
        seconds=100 if with_reference else 60,
        work=work,
    )
