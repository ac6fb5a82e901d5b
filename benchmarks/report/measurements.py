"""What a run found of one measurement, each subject's rounds and its ratio; the table of a kind."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure, Results, Series
from benchmarks.judging.judge import Verdict
from benchmarks.measuring.recordings import MANY, PIECE
from benchmarks.report import quantities
from benchmarks.report.markup import Table, table_of


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found of all subjects in the rounds of one measurement.

    Attributes
    ----------
    name : str
        ``speed/medium/greedy/all threads``.
    series : dict of str to Series
        Of subjects to their rounds.
    ratios : dict of str to Figure
        Of subjects to their ratio to the reference.
    """

    name: str
    series: dict[str, Series] = field(default_factory=dict)
    ratios: dict[str, Figure] = field(default_factory=dict)

    @property
    def parts(self) -> list[str]:
        """The parts of the name without the kind."""
        return self.name.split("/")[1:]

    @property
    def audio_seconds(self) -> float:
        """Length of the recording, or of all of them; 0 where there is none."""
        return max((one.audio_seconds for one in self.series.values()), default=0.0)

    @property
    def is_of_many(self) -> bool:
        """Whether it is of many recordings in one call."""
        return self.parts[0] == MANY

    @property
    def title(self) -> str:
        """What people call it, with the length of its recording."""
        name = ", ".join(self.parts)
        if not self.audio_seconds:
            return name
        if self.is_of_many:
            count = round(self.audio_seconds / PIECE)
            return f"{name} ({count} recordings of {PIECE} s, in one call)"
        return f"{name} ({quantities.length(self.audio_seconds)} of audio)"

    @property
    def subjects(self) -> list[str]:
        """All of whom something was found, in the order in which they were measured."""
        return in_order([self.series, self.ratios])

    @property
    def reference(self) -> str | None:
        """Whom the others are compared with: the only one without a ratio, None for nobody."""
        without = [subject for subject in self.series if subject not in self.ratios]
        return without[0] if self.ratios and len(without) == 1 else None

    def median(self, subject: str) -> float | None:
        """Return the median of a subject's rounds, None where it has none."""
        series = self.series.get(subject)
        return statistics.median(series.samples) if series and series.samples else None

    def ratio(self, subject: str) -> Figure | None:
        """Return the ratio of a subject, which is one for the reference."""
        if subject == self.reference:
            return Figure(name=f"{self.name}/{subject}", value=1.0, unit="ratio")
        return self.ratios.get(subject)

    def rounds(self, subject: str) -> int:
        """Return how many rounds a subject has."""
        if subject in self.series:
            return len(self.series[subject].samples)
        return self.ratios[subject].rounds


def measurements(results: Results, kind: str) -> list[Measurement]:
    """Return what was measured of one kind, the shortest recordings first, many of them last."""
    found: dict[str, Measurement] = {}
    for one in results.series:
        name = one.measurement
        if name.startswith(f"{kind}/"):
            found.setdefault(name, Measurement(name=name)).series[one.subject] = one
    for figure in results.figures:
        name, _, subject = figure.name.rpartition("/")
        # What was read from the disk is in MiB, and has no reference.
        if name.startswith(f"{kind}/") and figure.unit == "ratio":
            found.setdefault(name, Measurement(name=name)).ratios[subject] = figure
    return sorted(found.values(), key=lambda one: (one.is_of_many, one.audio_seconds))


def overview(results: Results, kind: str) -> list[Table]:
    """Return one table of a kind: a row for each measurement, a column for each subject."""
    found = measurements(results, kind)
    subjects = in_order(one.subjects for one in found)
    rows = []
    for one in found:
        counts = [one.rounds(subject) for subject in one.subjects]
        rounds = sorted({min(counts), max(counts)})
        cells = (_median_and_ratio(one, subject) for subject in subjects)
        rows.append((one.title, *cells, "–".join(map(str, rounds))))
    return table_of(kind, (kind, *subjects, "rounds"), rows)


def _median_and_ratio(measurement: Measurement, subject: str) -> str:
    series, ratio = measurement.series.get(subject), measurement.ratios.get(subject)
    median = quantities.quantity(measurement.median(subject), series.unit if series else "")
    return f"{median} ({quantities.quantity(ratio.value, 'ratio')})" if ratio else median


def in_order(names: Iterable[Iterable[str]]) -> list[str]:
    """Return the different names of several lists, each where it was first seen."""
    return list(dict.fromkeys(name for some in names for name in some))


def with_budgets(results: Results, verdicts: Sequence[Verdict]) -> frozenset[str]:
    """Return the subjects that budgets hold: our own, as nobody has budgets for other programs."""
    subjects = {one.subject for one in results.series}
    return frozenset(subjects & {verdict.figure.rpartition("/")[2] for verdict in verdicts})
