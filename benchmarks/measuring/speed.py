"""Measure whole transcriptions: their time, their first words, their memory and their energy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Series
from benchmarks.measuring.neighbours import busy_neighbours
from benchmarks.measuring.processes import Round, Subject, in_turns, one_round, series
from benchmarks.measuring.ratios import ratio_figures

REFERENCE = "openai-whisper"

FIRST_WORDS = "start/first words, "
"""How the names of figures begin that tell when the first segment came."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is transcribed, how, and how often.

    Attributes
    ----------
    length : str
        Which recording: ``short``, ``medium``, ``long``, or ``many`` of them in one call.
    decoding : str
        ``greedy`` or ``beam 5``, both at one temperature; ``default options`` has five beams, too,
        and decodes windows that fail again.
    threads : str
        ``1 thread`` or ``all threads``.
    rounds : int
        How often each subject runs.
    most_rounds : int
        How often at most, while the noise leaves a budget undecided.
    neighbours : int
        How many other processes want a whole processor each meanwhile.
    """

    length: str
    decoding: str
    threads: str
    rounds: int
    most_rounds: int
    neighbours: int = 0

    @property
    def warming(self) -> int:
        """Rounds before those that count. What the disk has to give is in memory after one."""
        return 1 if self.length == "short" else 0

    @property
    def name(self) -> str:
        """What figures call it."""
        beside = f" beside {self.neighbours} busy" if self.neighbours else ""
        return f"{self.length}/{self.decoding}/{self.threads}{beside}"


@dataclass(frozen=True, kw_only=True)
class Transcriptions:
    """What `measure_cell` found.

    Attributes
    ----------
    groups : list of list of Series
        Times in seconds, times to the first segment, peak memory in MiB, page faults and, where
        the machine tells it, energy in joules.
    last : Round
        The last round, with what was written.
    failed : mapping of str to str
        The optional subjects that failed, with the reason.
    """

    groups: list[list[Series]]
    last: Round
    failed: Mapping[str, str]


def measure_cell(
    cell: Cell,
    subjects: Sequence[Subject],
    audio_seconds: float,
    *,
    before: Callable[[], None] = lambda: None,
    decided: Callable[[Sequence[Figure]], bool] = lambda _: True,
) -> Transcriptions:
    """Transcribe with all subjects in turns.

    Parameters
    ----------
    cell : Cell
        What their commands do.
    subjects : sequence of Subject
        One of them is `REFERENCE`.
    audio_seconds : float
        Length of the recording, or of all of them.
    before : callable
        Is called before each transcription.
    decided : callable
        Whether the ratios of the times, of the first words and of the memory can be judged. While
        they cannot, more rounds follow.

    Raises
    ------
    ToolError
        When a subject fails that is not optional.
    """
    with busy_neighbours(cell.neighbours):
        return _measure(cell, subjects, audio_seconds, before, decided)


def _measure(
    cell: Cell,
    subjects: Sequence[Subject],
    audio_seconds: float,
    before: Callable[[], None],
    decided: Callable[[Sequence[Figure]], bool],
) -> Transcriptions:
    failed: dict[str, str] = {}
    rounds = in_turns(subjects, cell.rounds, warming=cell.warming, before=before, failed=failed)
    while True:
        times = series(
            f"speed/{cell.name}", rounds, "s", lambda one: one.seconds, audio_seconds=audio_seconds
        )
        words = series(f"{FIRST_WORDS}{cell.name}", rounds, "s", lambda x: x.first_segment)
        memory = series(f"memory/{cell.name}", rounds, "MiB", lambda one: one.mib)
        # Who shows no segments as they come has no time of the first one.
        words = [one for one in words if all(one.samples)]
        judged = [
            figure
            for group in (times, words, memory)
            if any(one.subject == REFERENCE for one in group)
            for figure in ratio_figures(group, REFERENCE)
        ]
        if decided(judged) or len(rounds) >= cell.most_rounds:
            faults = series(f"faults/{cell.name}", rounds, "", lambda one: float(one.faults))
            energy = series(f"energy/{cell.name}", rounds, "J", lambda one: one.joules)
            told = [energy] if all(all(one.samples) for one in energy) else []
            groups = [times, words, memory, faults, *told]
            return Transcriptions(groups=groups, last=rounds[-1], failed=failed)
        rounds.append(one_round(subjects, cell.warming + len(rounds), before, failed))


def spoken(output: str) -> str:
    """Return the text of the segments that a program printed, ``[start --> end] text`` each.

    Of several recordings, all print them one recording after the other, in the order in which they
    were given.
    """
    lines = (line.partition("]") for line in output.splitlines() if line.startswith("["))
    return " ".join(text.strip() for _, _, text in lines)
