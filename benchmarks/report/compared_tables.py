"""Tables of what subjects took: in each measurement, how that grows, and all at a glance."""

from __future__ import annotations

import math
from collections.abc import Collection
from itertools import pairwise

from benchmarks.figures import Results
from benchmarks.measuring.comparison import FEWEST_ROUNDS, spread
from benchmarks.measuring.recordings import PIECE
from benchmarks.report import quantities
from benchmarks.report.markup import Row, Table, with_rows
from benchmarks.report.measurements import Measurement, by_configuration, in_order, measurements
from benchmarks.report.quantities import NOTHING

OURS = "ours"
"""Marks the rows of our own subjects."""


def compared_tables(results: Results, kind: str, ours: Collection[str] = ()) -> list[Table]:
    """Return a table for each measurement of a kind, with a row for each subject.

    Parameters
    ----------
    results : Results
        What the run found.
    kind : str
        ``start``, ``memory``, ``speed`` or ``part``.
    ours : collection of str
        The subjects whose rows are marked.
    """
    return with_rows(*(_compared(one, ours) for one in measurements(results, kind)))


def title_of(measurement: Measurement) -> str:
    """Return what people call a measurement, with the length of its recording."""
    name = ", ".join(measurement.parts)
    if not measurement.audio_seconds:
        return name
    audio = _audio(measurement)
    return f"{name} ({audio})" if measurement.is_of_many else f"{name} ({audio} of audio)"


def _audio(measurement: Measurement) -> str:
    """Return the length of the recording in words, or how many there are and how long they are."""
    audio = measurement.audio_seconds
    if not measurement.is_of_many:
        return quantities.length(audio)
    return f"{round(audio / PIECE)} recordings of {PIECE} s, in one call"


def interval_of_rounds(low: float | None, high: float | None, unit: str, rounds: int) -> str:
    """Return an interval, which is marked where it is only the range of a few rounds.

    Parameters
    ----------
    low, high : float or None
        Its ends; None for what has no spread.
    unit : str
        Theirs.
    rounds : int
        How many rounds it was made of. One has no interval; 0 where nobody knows.
    """
    text = quantities.interval(low, high, unit)
    if text == NOTHING or rounds == 1:
        return NOTHING
    return f"{text} (range of {rounds})" if 1 < rounds < FEWEST_ROUNDS else text


def _compared(measurement: Measurement, ours: Collection[str]) -> Table:
    columns = ["subject", "median", "quartiles"]
    if measurement.ratios:
        columns += [f"by {measurement.reference or 'reference'}", "interval"]
    if measurement.audio_seconds:
        columns.append("real-time factor")
    return Table(
        title=f"{measurement.kind}: {title_of(measurement)}",
        columns=(*columns, "rounds"),
        rows=tuple(
            _row(_compared_cells(measurement, subject), ours) for subject in measurement.subjects
        ),
    )


def _compared_cells(measurement: Measurement, subject: str) -> tuple[str, ...]:
    ratio = measurement.ratio(subject)
    series = measurement.series.get(subject)
    samples = series.samples if series else ()
    middle, quartiles, factor = NOTHING, NOTHING, NOTHING
    compared: tuple[str, ...] = ()
    if measurement.ratios:
        compared = NOTHING, NOTHING
        if ratio:
            compared = (
                quantities.quantity(ratio.value, ratio.unit),
                interval_of_rounds(ratio.low, ratio.high, ratio.unit, ratio.rounds),
            )
    if series and samples:
        low, median, high = spread(samples)
        middle = quantities.quantity(median, series.unit)
        if len(samples) > 1:
            quartiles = quantities.interval(low, high, series.unit)
        if measurement.audio_seconds:
            factor = quantities.significant(median / measurement.audio_seconds)
    return (
        subject,
        middle,
        quartiles,
        *compared,
        *([factor] if measurement.audio_seconds else []),
        str(measurement.rounds(subject)),
    )


def growth_tables(results: Results, ours: Collection[str] = ()) -> list[Table]:
    """Return what another second of audio costs, and what more threads bring."""
    speed = [
        one
        for one in measurements(results, "speed")
        # Many recordings are not one that is longer.
        if len(one.parts) == 3 and not one.is_of_many
    ]
    return with_rows(_marginal(speed, ours), _threads(speed, ours))


def _marginal(speed: list[Measurement], ours: Collection[str]) -> Table:
    """Return the slope of each subject's median over the length, from each length to the next."""
    slopes: dict[tuple[str, str], dict[tuple[float, float], float]] = {}
    for configuration, group in by_configuration(speed).items():
        for subject in in_order(one.subjects for one in group):
            points = sorted(
                (one.audio_seconds, median)
                for one in group
                if one.audio_seconds and (median := one.median(subject)) is not None
            )
            slopes[subject, ", ".join(configuration)] = {
                (shorter, longer): (more - less) / (longer - shorter)
                for (shorter, less), (longer, more) in pairwise(points)
            }
    steps = sorted({step for one in slopes.values() for step in one})
    rows = tuple(
        _row((*names, *(quantities.significant(one.get(step, math.nan)) for step in steps)), ours)
        for names, one in slopes.items()
        if one
    )
    columns = [f"{quantities.length(a)} to {quantities.length(b)}" for a, b in steps]
    return Table(
        title="What another second of audio takes, in seconds",
        columns=("subject", "configuration", *columns),
        numbers=frozenset(range(2, 2 + len(steps))),
        rows=rows,
    )


def _threads(speed: list[Measurement], ours: Collection[str]) -> Table:
    """Return the median with the most threads by that with one."""
    counts = {one.parts[2]: thread_count(one.parts[2]) for one in speed}
    most = max(counts, key=lambda name: counts[name], default="")
    single = next((name for name, count in counts.items() if count == 1), most)
    found = {one.parts: one for one in speed}
    lengths = {one.parts[0]: one for one in speed}
    rows = []
    if single != most:
        for decoding in dict.fromkeys(one.parts[1] for one in speed):
            for subject in in_order(one.subjects for one in speed):
                ratios = []
                for length in lengths:
                    both = [
                        one.median(subject)
                        if (one := found.get((length, decoding, name)))
                        else None
                        for name in (most, single)
                    ]
                    ratios.append(both[0] / both[1] if both[0] and both[1] else None)
                if any(ratios):
                    cells = [quantities.quantity(ratio, "ratio") for ratio in ratios]
                    rows.append(_row((subject, decoding, *cells), ours))
    return Table(
        title=f"Time with {most} by that with {single}",
        columns=("subject", "decoding", *map(title_of_length, lengths.values())),
        numbers=frozenset(range(2, 2 + len(lengths))),
        rows=tuple(rows),
    )


def title_of_length(measurement: Measurement) -> str:
    """Return what people call the recording of a measurement of speed."""
    name = measurement.parts[0]
    return f"{name}, {_audio(measurement)}" if measurement.audio_seconds else name


def thread_count(name: str) -> float:
    """Return the number that ``one thread``, ``4 threads`` or ``all threads`` begins with.

    ``all`` is infinite, and what is no number is less than any.
    """
    word = name.partition(" ")[0]
    return int(word) if word.isdecimal() else {"one": 1, "all": math.inf}.get(word, -math.inf)


def overview(results: Results, kind: str) -> list[Table]:
    """Return one table of a kind: a row for each measurement, a column for each subject."""
    found = measurements(results, kind)
    subjects = in_order(one.subjects for one in found)
    rows = tuple(
        Row(
            cells=(
                title_of(one),
                *(_median_and_ratio(one, subject) for subject in subjects),
                _rounds(one),
            )
        )
        for one in found
    )
    return with_rows(Table(title=kind, columns=(kind, *subjects, "rounds"), rows=rows))


def _rounds(measurement: Measurement) -> str:
    """Return the number of rounds, the least and the greatest where subjects differ in it."""
    counts = [measurement.rounds(subject) for subject in measurement.subjects]
    least, most = min(counts), max(counts)
    return str(most) if least == most else f"{least}–{most}"


def _median_and_ratio(measurement: Measurement, subject: str) -> str:
    series, ratio = measurement.series.get(subject), measurement.ratios.get(subject)
    median = quantities.quantity(measurement.median(subject), series.unit if series else "")
    if ratio is None:
        return median
    return f"{median} ({quantities.quantity(ratio.value, 'ratio')})"


def _row(cells: tuple[str, ...], ours: Collection[str]) -> Row:
    return Row(cells=cells, mark=OURS if cells[0] in ours else "")
