"""The tables of a run, and how they are written."""

from __future__ import annotations

import dataclasses
import re

import pytest

import example_results as example
from benchmarks.figures import ArtefactSizes, Figure, Results, Series
from benchmarks.judging.judge import State, Verdict, judge_figure
from benchmarks.measuring.comparison import FEWEST_ROUNDS
from benchmarks.report import quantities
from benchmarks.report.compared_tables import compared_tables, growth_tables, overview, thread_count
from benchmarks.report.markup import Row, Table, as_html, as_markdown
from benchmarks.report.measurements import measurements, with_budgets
from benchmarks.report.section_notes import notes_on
from benchmarks.report.tables import (
    component_table,
    largest,
    render,
    sections,
    timed_errors,
    unmeasured_table,
)
from benchmarks.report.verdict_tables import headline, unmeasured_budgets, verdict_table


def run_of(*series: Series, figures: tuple[Figure, ...] | None = None) -> Results:
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(one.measurement, []).append(one)
    found = example.results(groups=list(groups.values()))
    return found if figures is None else dataclasses.replace(found, figures=figures)


def cells(table: Table, subject: str) -> tuple[str, ...]:
    (row,) = (row for row in table.rows if row.cells[0] == subject)
    return row.cells


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (11_534_336, "bytes", "11,534,336"),
        (0.0519, "errors", "5.2 %"),
        (0.0123, "s", "12.3 ms"),
        (0.00061, "s", "610 µs"),
        (9.996, "s", "10.0 s"),
        (1234.5, "s", "1234 s"),
        (0.0, "s", "0 s"),
        (0.6254, "ratio", "0.625"),
        (1.0, "ratio", "1.00"),
        (81_234, "", "81,234"),
        (12.5, "", "12.5"),
        (448.2, "MiB", "448 MiB"),
        (None, "ratio", quantities.NOTHING),
        (float("nan"), "s", quantities.NOTHING),
        (float("inf"), "bytes", quantities.NOTHING),
    ],
)
def test_numbers_with_their_units(value: float | None, unit: str, expected: str) -> None:
    assert quantities.quantity(value, unit) == expected


def test_an_interval_says_its_unit_once_where_both_ends_have_it() -> None:
    assert quantities.interval(0.0121, 0.0129, "s") == "12.1–12.9 ms"
    assert quantities.interval(0.98, 1.02, "s") == "980 ms–1.02 s"
    assert quantities.interval(0.4, 0.5, "ratio") == "0.400–0.500"
    assert quantities.interval(None, 1.0, "ratio") == quantities.NOTHING


def test_lengths_and_sizes() -> None:
    assert [quantities.length(one) for one in (10, 95, 300, 3720)] == [
        "10 s",
        "1 min 35 s",
        "5 min",
        "1 h 2 min",
    ]
    assert [quantities.megabytes(one) for one in (11_534_336, 5_400, 12)] == [
        "11.5 MB",
        "5.40 kB",
        "12 B",
    ]


def test_a_measurement_has_a_row_for_each_subject() -> None:
    table = compared_tables(
        run_of(
            Series(measurement="speed/a/greedy/one thread", subject="native", unit="s",
                   samples=(1.0, 2.0, 3.0), audio_seconds=10.0),
            Series(measurement="speed/a/greedy/one thread", subject="other", unit="s",
                   samples=(2.0, 4.0, 6.0), audio_seconds=10.0),
        ),
        "speed",
        {"native"},
    )[0]  # fmt: skip
    assert table.title == "speed: a, greedy, one thread (10 s of audio)"
    assert table.columns[3] == "by other"
    assert cells(table, "native") == (
        "native", "2.00 s", "1.50–2.50 s", "0.500", "0.500–0.500 (range of 3)", "0.200", "3"
    )  # fmt: skip
    assert cells(table, "other")[3:5] == ("1.00", quantities.NOTHING)
    assert [row.mark for row in table.rows] == ["ours", ""]


def test_a_single_round_has_no_quartiles() -> None:
    (table,) = compared_tables(
        run_of(*example.made("start/x", {"native": 2.0, "base": 1.0}, 0.1, rounds=1)), "start"
    )
    assert cells(table, "native")[2] == quantities.NOTHING
    assert cells(table, "native")[-1] == "1"


@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        (1, quantities.NOTHING),
        (3, "0.440–0.520 (range of 3)"),
        (FEWEST_ROUNDS - 1, f"0.440–0.520 (range of {FEWEST_ROUNDS - 1})"),
        (FEWEST_ROUNDS, "0.440–0.520"),
    ],
)
def test_the_range_of_a_few_rounds_is_no_interval(rounds: int, expected: str) -> None:
    name = "speed/a/greedy/one thread/native"
    figure = Figure(name=name, value=0.5, unit="ratio", low=0.44, high=0.52, rounds=rounds)
    found = run_of(figures=(figure,))
    (table,) = compared_tables(found, "speed")
    assert table.columns[4] == "interval"
    assert cells(table, "native")[4] == expected
    verdict = judge_figure(figure, 0.6)
    (judged,) = verdict_table([verdict], found)
    assert cells(judged, name)[judged.columns.index("interval")] == expected


def test_without_a_reference_nothing_is_compared() -> None:
    series = example.made("start/x", {"native": 2.0, "base": 1.0}, 0.1)
    (table,) = compared_tables(run_of(*series, figures=()), "start")
    assert table.columns == ("subject", "median", "quartiles", "rounds")
    assert {len(row.cells) for row in table.rows} == {4}


def test_only_a_ratio_is_shown_as_a_ratio() -> None:
    figure = Figure(name="read/x/native", value=16.81, unit="MiB")
    series = Series(measurement="read/x", subject="native", unit="MiB", samples=(16.81,))
    found = run_of(series, figures=(figure,))
    (one,) = measurements(found, "read")
    assert one.ratios == {}
    (table,) = compared_tables(found, "read")
    assert table.columns == ("subject", "median", "quartiles", "rounds")
    assert cells(table, "native") == ("native", "16.8 MiB", quantities.NOTHING, "1")


def test_a_figure_without_rounds_is_shown_all_the_same() -> None:
    figure = Figure(name="memory/x/native", value=0.5, unit="ratio", low=0.4, high=0.6, rounds=7)
    (table,) = compared_tables(run_of(figures=(figure,)), "memory")
    nothing = quantities.NOTHING
    assert table.rows[0].cells == ("native", nothing, nothing, "0.500", "0.400–0.600", "7")


def growing(length: str, audio: float, threads: str, seconds: float) -> Series:
    name = f"speed/{length}/greedy/{threads}"
    return Series(
        measurement=name, subject="native", unit="s", samples=(seconds,), audio_seconds=audio
    )


def test_how_cost_grows() -> None:
    marginal, threads = growth_tables(
        run_of(
            growing("long", 110.0, "one thread", 26.0),
            growing("short", 10.0, "one thread", 6.0),
            growing("long", 110.0, "all threads", 13.0),
            growing("short", 10.0, "all threads", 4.5),
            figures=(),
        )
    )
    assert marginal.columns == ("subject", "configuration", "10 s to 1 min 50 s")
    assert [row.cells for row in marginal.rows] == [
        ("native", "greedy, one thread", "0.200"),
        ("native", "greedy, all threads", "0.0850"),
    ]
    assert threads.title == "Time with all threads by that with one thread"
    assert threads.columns[2:] == ("short, 10 s", "long, 1 min 50 s")
    assert threads.rows[0].cells == ("native", "greedy", "0.750", "0.500")


def test_many_recordings_are_told_last_and_in_words() -> None:
    found = run_of(
        growing("many", 300.0, "all threads", 20.0),
        growing("long", 600.0, "all threads", 13.0),
        figures=(),
    )
    (table,) = overview(found, "speed")
    assert [row.cells[0] for row in table.rows] == [
        "long, greedy, all threads (10 min of audio)",
        "many, greedy, all threads (100 recordings of 3 s, in one call)",
    ]
    assert cells(compared_tables(found, "speed")[1], "native")[-2] == "0.0667"
    assert any("in one call" in note for note in notes_on("Speed", found))


def test_many_recordings_are_not_one_that_is_longer() -> None:
    found = run_of(
        growing("many", 300.0, "all threads", 20.0),
        growing("long", 600.0, "all threads", 13.0),
        figures=(),
    )
    assert growth_tables(found) == []


def test_one_length_and_one_number_of_threads_grow_nothing() -> None:
    assert growth_tables(run_of(growing("short", 10.0, "all threads", 6.0), figures=())) == []


def test_a_subject_that_lacks_a_length_has_the_slope_over_it() -> None:
    lengths = [growing(name, audio, "one thread", audio) for name, audio in (("a", 1.0), ("c", 9))]
    other = [
        dataclasses.replace(growing(name, audio, "one thread", 2 * audio), subject="other")
        for name, audio in (("a", 1.0), ("b", 4.0), ("c", 9.0))
    ]
    (marginal,) = growth_tables(run_of(*lengths, *other, figures=()))
    assert marginal.columns[2:] == ("1.0 s to 4.0 s", "1.0 s to 9.0 s", "4.0 s to 9.0 s")
    nothing = quantities.NOTHING
    assert cells(marginal, "native")[2:] == (nothing, "1.00", nothing)
    assert cells(marginal, "other")[2:] == ("2.00", nothing, "2.00")


def test_numbers_of_threads_in_order() -> None:
    names = ["all threads", "one thread", "4 threads", "2 threads", "as many as it likes"]
    assert sorted(names, key=thread_count) == [
        "as many as it likes",
        "one thread",
        "2 threads",
        "4 threads",
        "all threads",
    ]


def test_verdicts_that_are_not_met_come_first() -> None:
    found = example.results()
    judged = example.verdicts(
        found, states=[State.MET, State.UNMEASURED, State.NOISY, State.BROKEN]
    )
    (table,) = verdict_table(judged, found)
    words = [row.cells[1] for row in table.rows[:4]]
    assert words == ["broken", "undecided because of noise", "not measured", "met"]
    assert [row.mark for row in table.rows[:4]] == ["broken", "noisy", "unmeasured", ""]
    assert table.rows[0].cells[0] == judged[3].figure


def test_the_room_below_a_ceiling() -> None:
    verdicts = [
        Verdict(figure="size/a", state=State.MET, value=75.0, ceiling=100.0, unit="bytes"),
        Verdict(figure="size/b", state=State.BROKEN, value=110.0, ceiling=100.0, unit="bytes"),
        Verdict(figure="size/c", state=State.UNMEASURED, ceiling=100.0, reason="no time"),
        Verdict(figure="accuracy/x/differing files", state=State.MET, value=0.0, ceiling=0.0),
    ]
    (table,) = verdict_table(verdicts, example.results())
    room = {row.cells[0]: row.cells[4] for row in table.rows}
    nothing = quantities.NOTHING
    assert room == {
        "size/a": "25.0 %",
        "size/b": "-10.0 %",
        "size/c": nothing,
        "accuracy/x/differing files": nothing,
    }


@pytest.mark.parametrize(
    ("figure", "ceiling", "expected"),
    [
        ("size/wheel/torch", 4_478_325.0, "4,478,325"),
        ("accuracy/further speech/greedy/de WER", 0.172, "17.2 %"),
        ("accuracy/further speech/greedy/ja CER", 0.272, "27.2 %"),
        ("accuracy/fetched speech/greedy/differing files", 3.0, "3"),
        ("count/--version/instructions", 109_322_987.0, "109,322,987"),
        ("read/--version, cold/native", 18.494, "18.5 MiB"),
        ("speed/short/greedy/1 thread/native", 0.62, "0.620"),
    ],
)
def test_a_ceiling_without_a_figure_has_the_unit_of_its_kind(
    figure: str, ceiling: float, expected: str
) -> None:
    verdict = Verdict(figure=figure, state=State.UNMEASURED, ceiling=ceiling, reason="no time")
    (table,) = verdict_table([verdict], example.results())
    assert cells(table, figure)[table.columns.index("ceiling")] == expected
    (unmeasured,) = unmeasured_budgets([verdict])
    assert cells(unmeasured, figure) == (figure, expected)


def test_the_units_of_kinds_are_those_of_the_figures() -> None:
    for figure in example.results().figures:
        verdict = Verdict(figure=figure.name, state=State.UNMEASURED, ceiling=figure.value)
        (table,) = unmeasured_budgets([verdict])
        assert table.rows[0].cells[1] == quantities.quantity(figure.value, figure.unit)


def test_budgets_that_were_not_measured_stand_together_by_reason() -> None:
    verdicts = [
        Verdict(figure=name, state=state, ceiling=1.0, reason=reason)
        for name, state, reason in (
            ("speed/a", State.UNMEASURED, "no time"),
            ("size/b", State.UNMEASURED, "no wheel"),
            ("speed/c", State.UNMEASURED, "no time"),
            ("speed/d", State.BROKEN, "vanished"),
        )
    ]
    tables = unmeasured_budgets(verdicts)
    assert [(table.title, [row.cells[0] for row in table.rows]) for table in tables] == [
        ("2 not measured: no time", ["speed/a", "speed/c"]),
        ("1 not measured: no wheel", ["size/b"]),
    ]


def test_the_headline() -> None:
    found = example.results()
    judged = example.verdicts(found)
    assert headline(judged) == f"All {len(judged)} budgets are met."
    assert headline([]) == "No budget was judged."
    mixed = example.verdicts(found, states=[State.NOISY, State.BROKEN, State.BROKEN])
    assert headline(mixed) == (
        f"Of {len(mixed)} budgets: 2 broken, 1 undecided because of noise, {len(mixed) - 3} met."
    )


def test_components_add_up_and_the_largest_is_first() -> None:
    found = example.results()
    (table,) = component_table(found, "ultra-lean folder")
    shown = [int(row.cells[1].replace(",", "")) for row in table.rows]
    assert shown == sorted(shown, reverse=True)
    assert sum(shown) == found.sizes["ultra-lean folder"].bytes


def test_the_report_shows_every_figure_and_series() -> None:
    found = example.results()
    report = render(found, example.verdicts(found))
    for one in measurements(found, "speed"):
        assert f"### speed: {', '.join(one.parts)}" in report
    for title in ("Budgets", "Sizes", "Counts", "Start and memory", "Parts", "Accuracy"):
        assert f"\n## {title}\n" in report
    # A kind that nothing here knows by name.
    assert "## Further measurements\n\n| subject | median |" in report
    assert "it takes hours: give --long" in report
    assert example.MACHINE["processor"] in report
    assert report == render(found, example.verdicts(found))


def test_every_table_of_the_report_is_regular() -> None:
    found = example.results()
    report = render(found, example.verdicts(found))
    blocks = re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE)
    assert len(blocks) > 20
    for block in blocks:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_what_is_missing_for_one_reason_is_one_row() -> None:
    why = "only a whole run measures it"
    unmeasured = {"speed/a/b": why, "part/x": why, "speed/c": why, "speed/d": "no", "size": "no"}
    (table,) = unmeasured_table(dataclasses.replace(example.results(), unmeasured=unmeasured))
    assert [row.cells for row in table.rows] == [
        ("speed", "a/b; c", why),
        ("part", "x", why),
        ("speed", "d", "no"),
        ("size", "size", "no"),
    ]


def test_an_empty_run_makes_a_report() -> None:
    empty = Results(revision="unknown", date="unknown", machine={}, sizes={}, unmeasured={})
    report = render(empty, [])
    assert "No budget was judged." in report
    assert "## Speed" not in report


NASTY = 'a|b <script>"x" & *y* `z`\nnext'


def test_names_are_shown_as_they_are() -> None:
    table = Table(title=NASTY, columns=("name", NASTY), rows=(Row(cells=(NASTY, "1")),))
    markdown = as_markdown(table)
    assert len(markdown.splitlines()) == 3
    assert r'a\|b &lt;script&gt;"x" &amp; \*y\* \`z\` next' in markdown
    page = as_html(table)
    assert "<script>" not in page
    assert page.count("&lt;script&gt;&quot;x&quot; &amp; *y*") == 4


def test_columns_of_numbers_are_flush_right() -> None:
    table = Table(title="t", columns=("a", "b", "c"), numbers=frozenset({2}),
                  rows=(Row(cells=("x", "y", "1"), mark="ours"),))  # fmt: skip
    assert as_markdown(table) == "| a | b | c |\n|---|---|---:|\n| **x** | y | 1 |\n"
    assert "<td>y</td><td class=number>1</td>" in as_html(table)
    assert '<tr class="ours"><th scope=row>x</th>' in as_html(table)


def test_ours_are_those_with_budgets() -> None:
    found = example.results()
    judged = [
        Verdict(figure="speed/short/greedy/one thread/native", state=State.MET, ceiling=1.0),
        Verdict(figure="size/wheel", state=State.MET, ceiling=1.0),
    ]
    # The wheel is a subject, too, and its size has a budget.
    assert with_budgets(found, judged) == {"native", "wheel"}
    assert with_budgets(found, judged[:1]) == {"native"}


def test_the_overview_has_a_column_for_each_subject() -> None:
    found = example.results()
    (table,) = overview(found, "speed")
    assert table.columns[1:] == (*example.SPEEDS, "rounds")
    assert len(table.rows) == len(measurements(found, "speed"))
    one = table.rows[0]
    assert re.fullmatch(r"[\d.]+ s \(0\.\d{3}\)", one.cells[1])
    assert re.fullmatch(r"[\d.]+ s", one.cells[-2])
    assert one.cells[-1] == "9"


def test_the_overview_says_of_how_many_rounds_it_is() -> None:
    few, many = (
        Series(measurement="speed/a/b/c", subject=name, unit="s", samples=(1.0,) * rounds)
        for name, rounds in (("native", 1), ("other", 3))
    )
    (table,) = overview(run_of(few, figures=()), "speed")
    assert table.rows[0].cells[-1] == "1"
    both = dataclasses.replace(example.results(), series=(few, many), figures=())
    (table,) = overview(both, "speed")
    assert table.rows[0].cells[-1] == "1–3"


def test_errors_of_what_was_timed_have_a_column_for_each_subject() -> None:
    (table,) = timed_errors(example.results())
    assert table.columns == ("recording", "native", "other")
    assert [row.cells for row in table.rows] == [
        ("short, greedy, 1 thread", "9.5 %", quantities.NOTHING),
        ("medium, greedy, 1 thread", "12.5 %", "26.6 %"),
    ]


def test_the_largest_parts_of_an_artefact_are_listed() -> None:
    found = example.results()
    tables = {table.columns[0]: table for table in largest(found, "ultra-lean folder")}
    files = found.sizes["ultra-lean folder"].files
    first = max(files, key=lambda name: files[name])
    assert tables["files"].rows[0].cells == (first, f"{files[first]:,}")
    assert all(len(table.rows) <= 15 for table in tables.values())


def test_the_report_says_what_a_change_would_pay() -> None:
    found = example.results()
    assert "Since the accepted report" not in render(found, ())
    name, sizes = next(iter(found.sizes.items()))
    base = {**found.sizes, name: dataclasses.replace(sizes, bytes=sizes.bytes - 1234)}
    report = render(found, (), base)
    assert "## Since the accepted report" in report
    assert "+1,234" in report


def changed(sizes: ArtefactSizes) -> ArtefactSizes:
    """Return sizes of which many files and an object file were other ones."""
    files = {
        name: size - 100 * number if name.startswith("licenses") else size
        for number, (name, size) in enumerate(sizes.files.items())
    }
    objects = dict(sizes.objects)
    del objects["transcriber.bin: module.transcriber.engine.o"]
    return dataclasses.replace(sizes, files=files, objects=objects)


def test_the_report_says_what_changed_most_in_each_artefact() -> None:
    found = example.results()
    name = "ultra-lean folder"
    base = {**found.sizes, name: changed(found.sizes[name])}
    tables = sections(found, (), base)["Since the accepted report"]
    (table,) = (one for one in tables if one.title.startswith("Largest changes"))
    assert table.title == f"Largest changes in {name}"
    files = [row.cells for row in table.rows if row.cells[1] == "file"]
    assert len(files) == 11
    assert files[0][0] == "licenses/59.txt"
    deltas = [int(row[4].replace(",", "")) for row in files]
    assert deltas[:10] == sorted(deltas[:10], reverse=True)
    others = sum(path.startswith("licenses") for path in found.sizes[name].files) - 10
    assert files[10][0] == f"{others} more"
    total = sum(found.sizes[name].files.values()) - sum(base[name].files.values())
    assert sum(deltas) == total
    (added,) = [row.cells for row in table.rows if row.cells[1] == "object file"]
    assert added == (
        "transcriber.bin: module.transcriber.engine.o",
        "object file",
        quantities.NOTHING,
        "910,000",
        "+910,000",
    )


def test_the_section_of_speed_says_what_peers_do_otherwise() -> None:
    def report(*subjects: str) -> str:
        factors = {**dict.fromkeys(subjects, 1.2), "native": 0.5, "openai-whisper": 1.0}
        group = example.made("speed/a/greedy/1 thread", factors, 1.0, audio_seconds=9.0)
        return render(example.results(groups=[group]), ())

    notes = {
        "whisper.cpp q8_0": "built for processors with AVX2",
        "faster-whisper fp32 batched": "without the text before them",
        "faster-whisper int8": "makes its int8 weights when it loads",
        "native, batch 1": "decodes several windows at once",
    }
    for subject, words in notes.items():
        text = report(subject)
        speed = text[text.index("## Speed") : text.index("## Accuracy")]
        assert [one for one in notes.values() if one in speed] == [words]
    assert not any(words in report("faster-whisper fp32") for words in notes.values())


def test_the_errors_of_what_was_timed_are_beside_the_times() -> None:
    found = sections(example.results(), ())
    title = "Word error rates of what was timed"
    assert [name for name, tables in found.items() for one in tables if one.title == title] == [
        "Speed"
    ]
