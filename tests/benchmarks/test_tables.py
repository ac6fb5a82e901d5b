"""The tables of a run, and how they are written."""

from __future__ import annotations

import dataclasses
import re

import example_results as example
from benchmarks.figures import Figure, Results, Series
from benchmarks.judging.judge import State, Verdict, judge_figure
from benchmarks.measuring.comparison import FEWEST_ROUNDS
from benchmarks.report import quantities
from benchmarks.report.markup import Table, as_html, as_markdown, table_of
from benchmarks.report.measurements import measurements, overview, with_budgets
from benchmarks.report.quantities import NOTHING
from benchmarks.report.tables import headline, render, sections, timed_errors, verdict_tables


def run_of(*series: Series, figures: tuple[Figure, ...] = ()) -> Results:
    return dataclasses.replace(example.results(), series=series, figures=figures)


def rounds_of(measurement: str, subject: str, *samples: float, audio: float = 10.0) -> Series:
    return Series(
        measurement=measurement, subject=subject, unit="s", samples=samples, audio_seconds=audio
    )


def cells(tables: list[Table]) -> list[tuple[str, ...]]:
    """Return the rows of the only table."""
    (table,) = tables
    return [row.cells for row in table.rows]


def test_numbers_are_written_with_their_units() -> None:
    quantity, interval = quantities.quantity, quantities.interval
    for written, expected in (
        (quantity(11_534_336, "bytes"), "11,534,336"),
        (quantity(0.0519, "errors"), "5.2 %"),
        (quantity(0.0123, "s"), "12.3 ms"),
        (quantity(0.00061, "s"), "610 µs"),
        (quantity(9.996, "s"), "10.0 s"),
        (quantity(1234.5, "s"), "1234 s"),
        (quantity(0.0, "s"), "0 s"),
        (quantity(0.6254, "ratio"), "0.625"),
        (quantity(1.0, "ratio"), "1.00"),
        (quantity(81_234, ""), "81,234"),
        (quantity(12.5, ""), "12.5"),
        (quantity(448.2, "MiB"), "448 MiB"),
        (quantity(None, "ratio"), NOTHING),
        (quantity(float("nan"), "s"), NOTHING),
        (interval(0.0121, 0.0129, "s", 9), "12.1–12.9 ms"),
        (interval(0.98, 1.02, "s", 0), "980 ms–1.02 s"),
        (interval(None, 1.0, "ratio", 9), NOTHING),
        (interval(0.44, 0.52, "ratio", 1), NOTHING),
        (interval(0.44, 0.52, "ratio", FEWEST_ROUNDS - 1), "0.440–0.520 (range of 5)"),
        (interval(0.44, 0.52, "ratio", FEWEST_ROUNDS), "0.440–0.520"),
        (quantities.length(10), "10 s"),
        (quantities.length(95), "1 min 35 s"),
        (quantities.length(3720), "1 h 2 min"),
        (quantities.megabytes(11_534_336), "11.5 MB"),
        (quantities.megabytes(5_400), "5.40 kB"),
        (quantities.megabytes(12), "12 B"),
    ):
        assert written == expected


def test_the_overview_has_a_column_for_each_subject_and_many_recordings_last() -> None:
    many, long = "speed/many/greedy/all threads", "speed/long/greedy/all threads"
    found = run_of(
        rounds_of(many, "native", 20.0, audio=300.0),
        rounds_of(long, "native", 13.0, audio=600.0),
        rounds_of(long, "other", 25.0, 26.0, 27.5, audio=600.0),
        figures=(
            Figure(name=f"{long}/native", value=0.5, unit="ratio"),
            Figure(name=f"{long}/alone", value=0.6, unit="ratio", rounds=7),
            Figure(name=f"{long}/read", value=0.6, unit="MiB"),
        ),
    )
    (table,) = overview(found, "speed")
    assert table.columns == ("speed", "native", "other", "alone", "rounds")
    alone, together = cells([table])
    assert alone == (
        *("long, greedy, all threads (10 min of audio)", "13.0 s (0.500)", "26.0 s"),
        *(f"{NOTHING} (0.600)", "1–7"),
    )
    assert together[0] == "many, greedy, all threads (100 recordings of 3 s, in one call)"
    assert together[1:] == ("20.0 s", NOTHING, NOTHING, "1")


def test_verdicts_are_grouped_by_what_is_to_be_done() -> None:
    more = Figure(name="more", value=130, low=120, high=150, rounds=FEWEST_ROUNDS)
    states = {"none": State.UNMEASURED, "noisy": State.NOISY, "gone": State.BROKEN}
    judged = [
        Verdict(figure="size/met", state=State.MET, value=75, ceiling=100, unit="bytes"),
        Verdict(figure="zero", state=State.MET, value=0, ceiling=0),
        *(
            Verdict(figure=name, state=state, ceiling=0.2, reason="so")
            for name, state in states.items()
        ),
        judge_figure(more, 100),
    ]
    tables = verdict_tables(judged, run_of(figures=(more,)))
    assert [table.title for table in tables] == ["3 not met", "1 not measured", "2 met"]
    assert [row.cells for table in tables for row in table.rows] == [
        ("gone", "broken", NOTHING, "0.200", NOTHING, NOTHING, "so"),
        ("more", "broken", "130", "100", "-30.0 %", "120–150", ""),
        ("noisy", "undecided because of noise", NOTHING, "0.200", NOTHING, NOTHING, "so"),
        ("none", "not measured", NOTHING, "0.200", NOTHING, NOTHING, "so"),
        ("size/met", "met", "75", "100", "25.0 %", NOTHING, ""),
        ("zero", "met", "0", "0", NOTHING, NOTHING, ""),
    ]
    marks = [row.mark for table in tables for row in table.rows]
    assert marks == ["broken", "broken", "noisy", "unmeasured", "", ""]


def test_the_headline() -> None:
    judged = example.verdicts(example.results(), states=[State.NOISY, State.BROKEN, State.BROKEN])
    assert headline(judged[3:]) == f"All {len(judged) - 3} budgets are met."
    assert headline([]) == "No budget was judged."
    assert headline(judged) == (
        f"Of {len(judged)} budgets: 2 broken, 1 undecided because of noise, {len(judged) - 3} met."
    )


def test_the_report_shows_every_kind_of_figure_in_regular_tables() -> None:
    found = example.results()
    report = render(found, example.verdicts(found))
    for title in sections(found, ()):
        assert f"\n## {title}\n" in report
    for kind in ("speed", "start", "memory", "part"):
        for one in measurements(found, kind):
            assert f"| {one.title} |" in report
    # A kind that nothing here knows by name.
    assert "## Further measurements\n\n### faults\n" in report
    assert "it takes hours: give --long" in report
    assert example.MACHINE["processor"] in report
    for block in re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_what_is_missing_for_one_reason_is_one_row() -> None:
    unmeasured = {"speed/a/b": "why", "part/x": "why", "speed/c": "why", "size": "no"}
    found = dataclasses.replace(example.results(), unmeasured=unmeasured)
    assert cells(sections(found, ())["Not measured"]) == [
        ("speed", "a/b; c", "why"),
        ("part", "x", "why"),
        ("size", "size", "no"),
    ]


def test_names_are_shown_as_they_are() -> None:
    nasty = 'a|b <script>"x" & *y* `z`\nnext'
    (table,) = table_of(nasty, ("name", nasty), [(nasty, "1")])
    markdown = as_markdown(table)
    assert len(markdown.splitlines()) == 3
    assert r'a\|b &lt;script&gt;"x" &amp; \*y\* \`z\` next' in markdown


def test_columns_of_numbers_are_flush_right_and_marks_brought_out() -> None:
    rows = [("x", "y", "1"), ("o", "p", "2")]
    (table,) = table_of("t", ("a", "b", "c"), rows, words=("b",), marks={"x": "ours"})
    assert as_markdown(table) == (
        "| a | b | c |\n|---|---|---:|\n| **x** | y | 1 |\n| o | p | 2 |\n"
    )
    assert '<td>y</td><td class="number">1</td>' in as_html(table, is_open=True)
    assert '<tr class="ours"><th scope="row">x</th>' in as_html(table, is_open=True)
    assert table_of("t", ("a",), []) == []


def test_ours_are_the_subjects_with_budgets() -> None:
    speed = Verdict(figure="speed/short/greedy/one thread/native", state=State.MET, ceiling=1)
    size = Verdict(figure="size/lean folder", state=State.MET, ceiling=1)
    assert with_budgets(example.results(), [speed, size]) == {"native"}


def test_errors_of_what_was_timed_have_a_column_for_each_subject() -> None:
    found = example.results()
    (table,) = timed_errors(found)
    assert table in sections(found, ())["Speed"]
    assert table.columns == ("recording", "native", "other")
    assert cells([table]) == [
        ("short, greedy, 1 thread", "9.5 %", NOTHING),
        ("medium, greedy, 1 thread", "12.5 %", "26.6 %"),
    ]


def test_the_largest_parts_of_each_artefact_are_listed() -> None:
    name = "ultra-lean folder"
    found = example.results()
    tables = {table.title: table for table in sections(found, ())["Sizes"]}
    sizes = found.sizes[name]
    assert len(tables[f"Largest files of {name}"].rows) == 15
    for kind, parts in (("components", sizes.components), ("objects", sizes.objects)):
        shown = [row.cells[:2] for row in tables[f"Largest {kind} of {name}"].rows]
        largest = sorted(parts.items(), key=lambda part: -part[1])
        assert shown == [(part, f"{size:,}") for part, size in largest]


def test_the_report_says_what_changed_since_the_accepted_one() -> None:
    found = example.results()
    assert "Since the accepted report" not in sections(found, ())
    wheel = found.sizes["wheel"]
    files = {**wheel.files, "torch/_C.so": 1}
    before = dataclasses.replace(wheel, files=files, bytes=wheel.bytes - 1234)
    tables = sections(found, (), {**found.sizes, "wheel": before})["Since the accepted report"]
    assert ("wheel", "4,330,756", "4,331,990", "+1,234") in [row.cells for row in tables[0].rows]
    assert "Largest changes in wheel" in [table.title for table in tables]
