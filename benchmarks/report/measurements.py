"""Put together what a run found of one measurement: each subject's rounds and its ratio."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Results, Series
from benchmarks.judging.judge import Verdict
from benchmarks.measuring.comparison import spread
from benchmarks.measuring.recordings import MANY


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What was found of all subjects in the rounds of one measurement.

    Attributes
    ----------
    name : str
        ``speed/medium/greedy/all threads``.
    kind : str
        The first part of the name.
    parts : tuple of str
        The others.
    audio_seconds : float
        Length of the recording, or of all of them; 0 where there is none.
    series : mapping of str to Series
        Of subjects to their rounds.
    ratios : mapping of str to Figure
        Of subjects to their ratio to the reference.
    reference : str or None
        The subject that the others are compared with: the only one that has rounds and no ratio.
        None when nobody is compared.
    """

    name: str
    kind: str
    parts: tuple[str, ...]
    audio_seconds: float
    series: Mapping[str, Series]
    ratios: Mapping[str, Figure]
    reference: str | None

    @property
    def is_of_many(self) -> bool:
        """Whether it is of many recordings in one call."""
        return self.parts[0] == MANY

    @property
    def subjects(self) -> list[str]:
        """All of whom something was found, in the order in which they were measured."""
        return list(dict.fromkeys([*self.series, *self.ratios]))

    def median(self, subject: str) -> float | None:
        """Return the median of a subject's rounds, None where it has none."""
        series = self.series.get(subject)
        return spread(series.samples)[1] if series and series.samples else None

    def ratio(self, subject: str) -> Figure | None:
        """Return the ratio of a subject, which is one for the reference."""
        if subject == self.reference:
            return Figure(name=f"{self.name}/{subject}", value=1.0, unit="ratio")
        return self.ratios.get(subject)

    def rounds(self, subject: str) -> int:
        """Return how many rounds a subject has, 0 for one of whom nothing was found."""
        series, ratio = self.series.get(subject), self.ratios.get(subject)
        if series and series.samples:
            return len(series.samples)
        return ratio.rounds if ratio else 0


def measurements(results: Results, kind: str) -> list[Measurement]:
    """Return what was measured of one kind, the shortest recordings first, many of them last."""
    series: dict[str, dict[str, Series]] = {}
    ratios: dict[str, dict[str, Figure]] = {}
    for one in results.series:
        if one.measurement.startswith(f"{kind}/"):
            series.setdefault(one.measurement, {})[one.subject] = one
    for figure in results.figures:
        name, _, subject = figure.name.rpartition("/")
        # What was read from the disk is in MiB, and has no reference.
        if name.startswith(f"{kind}/") and figure.unit == "ratio":
            ratios.setdefault(name, {})[subject] = figure
    names = dict.fromkeys([*series, *ratios])
    return sorted(
        (_measurement(name, series.get(name, {}), ratios.get(name, {})) for name in names),
        key=lambda measurement: (measurement.is_of_many, measurement.audio_seconds),
    )


def _measurement(
    name: str, series: Mapping[str, Series], ratios: Mapping[str, Figure]
) -> Measurement:
    kind, *parts = name.split("/")
    without = [subject for subject in series if subject not in ratios]
    return Measurement(
        name=name,
        kind=kind,
        parts=tuple(parts),
        audio_seconds=max((one.audio_seconds for one in series.values()), default=0.0),
        series=series,
        ratios=ratios,
        reference=without[0] if ratios and len(without) == 1 else None,
    )


def by_configuration(found: Iterable[Measurement]) -> dict[tuple[str, ...], list[Measurement]]:
    """Return measurements of speed by their decoding and threads: each has all lengths."""
    groups: dict[tuple[str, ...], list[Measurement]] = {}
    for measurement in found:
        groups.setdefault(measurement.parts[1:], []).append(measurement)
    return groups


def in_order(names: Iterable[Sequence[str]]) -> list[str]:
    """Return the different names of several lists, each where it was first seen."""
    return list(dict.fromkeys(name for some in names for name in some))


def kinds(results: Results) -> list[str]:
    """Return the kinds of what was measured of subjects: ``speed``, ``start`` and so on."""
    return list(dict.fromkeys(one.measurement.partition("/")[0] for one in results.series))


def with_budgets(results: Results, verdicts: Iterable[Verdict]) -> frozenset[str]:
    """Return the subjects that budgets hold: our own, as nobody has budgets for other programs."""
    subjects = {one.subject for one in results.series}
    return frozenset(subjects & {verdict.figure.rpartition("/")[2] for verdict in verdicts})
