"""What is to be known about the sections of the report and of the page."""

from __future__ import annotations

import re
from collections.abc import Mapping

from benchmarks.figures import Results
from benchmarks.measuring.comparison import FEWEST_ROUNDS
from benchmarks.measuring.recordings import MANY
from benchmarks.peers.contestants import BATCH_1

_INTERVAL = (
    f"An interval holds the true median with 95 %. Fewer than {FEWEST_ROUNDS} rounds have none:"
    " their range is shown in its place."
)

NOTES = {
    "Budgets": f"Room is what is left below the ceiling, as a part of it. {_INTERVAL}",
    "Sizes": (
        "Components add up to the artefact as it is: packed in the wheel and in an AppImage, as"
        " the files are in a folder."
    ),
    "Since the accepted report": "What changed since the sizes that were accepted last.",
    "Speed": (
        "Times of whole runs. The ratio to the reference is the median of the rounds' own ratios."
        f" {_INTERVAL} The real-time factor is the time by the length of what is heard: below 1 is"
        " faster than real time."
    ),
    "How cost grows": "Made of medians. Where cost is proportional, every step costs the same.",
    "Start and memory": (
        "Time from the start of the process to the end of the action, and peak resident memory."
        f" {_INTERVAL}"
    ),
    "Parts": _INTERVAL,
    "Accuracy": "Wrong words (WER) or characters (CER) by those that were said.",
}
"""Of titles to what holds for every run."""

_ABOUT_SUBJECTS: Mapping[str, str] = {
    BATCH_1: (
        "By itself, the native program decodes several windows at once, but not in float32; with"
        " batch 1, one after the other, as openai-whisper does."
    ),
    r"whisper\.cpp\b.*": (
        "whisper.cpp comes as its package has it, built for processors with AVX2: with AVX-512 it"
        " may be faster. What it writes greedily may be shorter, and then it did less work."
    ),
    r"faster-whisper\b.*\bbatched\b.*": (
        "Batched, faster-whisper decodes windows without the text before them, no times within a"
        " window, and none again at higher temperatures."
    ),
    r"faster-whisper\b.*\bint8\b.*": (
        "faster-whisper makes its int8 weights when it loads the model, within the time."
    ),
}
"""Of patterns of the names of subjects to what they do otherwise; README.md has more of it."""

_OF_MANY = (
    "Many recordings are a longer one that is cut where words may be spoken, given in one call:"
    " faster-whisper and whisper.cpp load the model once, and transcribe one after the other."
)

_WRITTEN = "Who wrote less, or something else, did other work: see the word error rates."


def notes_on(title: str, results: Results) -> list[str]:
    """Return what is to be known about the section `title` of a run.

    For the section of speed, what the subjects that were measured do otherwise is in it, too.
    """
    notes = [NOTES[title]] if title in NOTES else []
    if title == "Speed":
        subjects = {
            one.subject for one in results.series if one.measurement.startswith("speed/")
        } | {
            figure.name.rpartition("/")[2]
            for figure in results.figures
            if figure.name.startswith("speed/")
        }
        notes += [
            note
            for pattern, note in _ABOUT_SUBJECTS.items()
            if any(re.fullmatch(pattern, subject) for subject in subjects)
        ]
        if any(one.measurement.startswith(f"speed/{MANY}/") for one in results.series):
            notes.append(_OF_MANY)
        if any(figure.name.startswith("errors/") for figure in results.figures):
            notes.append(_WRITTEN)
    return notes
