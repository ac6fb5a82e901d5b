"""The page with everything that a run found."""

from __future__ import annotations

import dataclasses
import functools
import re
from html.parser import HTMLParser

import example_results as example
from benchmarks.figures import Figure, Results
from benchmarks.judging.history import entry_of
from benchmarks.judging.judge import State, Verdict
from benchmarks.report.page import render_page
from benchmarks.report.tables import sections

VOID = {"meta", "link", "br", "hr", "img", "input"}
FETCHING = {"src", "srcset", "data", "action", "formaction", "poster", "background", "cite", "ping"}


class Page(HTMLParser):
    """What a page consists of; refuses tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
            self.texts.setdefault(tag, []).append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self._open):
            self.texts[tag][-1] += data

    def attributes(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


@functools.cache
def usual_page() -> str:
    """Return the page of the usual results, of which one is enough for most tests."""
    return page(example.results())


def test_many_recordings_are_no_point_of_what_a_longer_one_takes() -> None:
    groups = [
        example.made(
            f"speed/{length}/greedy/all threads",
            {"native": 0.5, example.REFERENCE: 1.0},
            seconds,
            audio_seconds=seconds,
        )
        for length, seconds in (("short", 10.0), ("long", 600.0), ("many", 300.0))
    ]
    text = page(example.results(groups=groups))
    (cost,) = re.findall(r"Median times\. [^<]*", text)
    assert "for 10 min" in cost
    assert "for 5 min" not in cost
    assert "many, 100 recordings of 3 s, in one call" in text


def page(found: Results, states: tuple[State, ...] = (), history: int = 3) -> str:
    now = entry_of(found)
    earlier = [
        dataclasses.replace(now, revision=str(number) * 40, date=f"2026-10-{number + 10}")
        for number in range(history)
    ]
    return render_page(found, example.verdicts(found, states=states), earlier)


def test_nothing_is_fetched() -> None:
    text = usual_page()
    read = Page(text)
    assert "svg" in read.texts
    for tag, attributes in read.tags:
        assert tag not in {"script", "link", "img", "iframe", "object", "embed", "base", "image"}
        assert not FETCHING & set(attributes)
    links = [*read.attributes("href"), *read.attributes("xlink:href")]
    assert len(links) > 10
    assert all(link.startswith("#") for link in links)
    assert set(re.findall(r"url\(.", text)) == {"url(#"}
    assert "@import" not in text
    # A name of SVG's, not an address.
    assert set(re.findall(r"\w+://[^\"'\s]*", text)) == {"http://www.w3.org/2000/svg"}
    (policy,) = [a["content"] for t, a in read.tags if "http-equiv" in a]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_identifiers_are_unique_and_links_lead_somewhere() -> None:
    read = Page(usual_page())
    identifiers = read.attributes("id")
    assert len(set(identifiers)) == len(identifiers)
    used = [link[1:] for link in read.attributes("href")]
    used += [name for a in read.attributes("aria-labelledby") for name in a.split()]
    used += read.attributes("aria-describedby")
    assert set(used) <= set(identifiers)


def test_the_headline_is_first() -> None:
    read = Page(page(example.results(), (State.BROKEN, State.NOISY)))
    assert read.texts["p"][0] == read.texts["title"][0].removeprefix("Benchmarks: ")
    assert re.fullmatch(
        r"Of \d+ budgets: 1 broken, 1 undecided because of noise, \d+ met\.", read.texts["p"][0]
    )
    classes = [attrs.get("class") for tag, attrs in read.tags if tag == "p"]
    assert classes[0] == "verdict broken"
    met = Page(usual_page())
    assert met.texts["p"][0].startswith("All ")
    assert "verdict met" in met.attributes("class")


def test_every_section_is_there() -> None:
    read = Page(usual_page())
    assert read.texts["h2"] == [
        "Budgets",
        "Sizes",
        "Speed",
        "How cost grows",
        "Start and memory",
        "Parts",
        "Accuracy",
        "Further measurements",
        "History",
        "Machine",
        "Not measured",
        "How to read it",
    ]
    assert sum(tag == "main" for tag, _ in read.tags) == 1
    assert sum(tag == "h1" for tag, _ in read.tags) == 1


def test_all_cells_of_the_report_are_on_the_page() -> None:
    found = example.results()
    judged = example.verdicts(found, states=[State.BROKEN])
    read = Page(render_page(found, judged, []))
    shown = {*read.texts["td"], *read.texts["th"]}
    for tables in sections(found, judged).values():
        for table in tables:
            assert set(table.columns) <= shown
            for row in table.rows:
                assert set(row.cells) <= shown


def test_tables_have_headers_and_scroll() -> None:
    read = Page(usual_page())
    tables = sum(tag == "table" for tag, _ in read.tags)
    assert tables == sum(tag == "caption" for tag, _ in read.tags) > 20
    scrolling = [attrs for _, attrs in read.tags if attrs.get("class") == "scroll"]
    assert len(scrolling) == tables + sum(tag == "svg" for tag, _ in read.tags)
    # What scrolls must be reached with the keyboard, too, and have a name.
    assert all(attrs.get("tabindex") == "0" and attrs.get("aria-label") for attrs in scrolling)
    # As regions, dozens of them would stand in the list of the page's landmarks.
    assert all(attrs.get("role") == "group" for attrs in scrolling)
    heads = [attrs for tag, attrs in read.tags if tag == "th"]
    assert all(attrs.get("scope") in {"row", "col"} for attrs in heads)


def test_budgets_that_were_not_measured_are_folded_by_reason() -> None:
    found = example.results()
    judged = example.verdicts(found, states=[State.BROKEN, *[State.UNMEASURED] * 7])
    read = Page(render_page(found, judged, []))
    assert "7 not measured: made up" in read.texts["summary"]
    (folded,) = [text for text in read.texts["details"] if "7 not measured" in text]
    assert all(one.figure in folded for one in judged[1:8])
    # The broken one is seen without opening anything.
    (open_table,) = [text for text in read.texts["table"] if "Not met" in text]
    assert judged[0].figure in open_table
    assert judged[1].figure not in open_table


def test_changes_since_the_accepted_report_are_folded_by_artefact() -> None:
    found = example.results()
    name, sizes = next(iter(found.sizes.items()))
    before = {**sizes.files, next(iter(sizes.files)): 1}
    base = {**found.sizes, name: dataclasses.replace(sizes, files=before)}
    text = render_page(found, example.verdicts(found), [], base)
    read = Page(text)
    assert "Since the accepted report" in read.texts["h2"]
    assert f"Largest changes in {name}" in read.texts["summary"]
    for table in sections(found, (), base)["Since the accepted report"]:
        assert {cell for row in table.rows for cell in row.cells} <= {
            *read.texts["td"],
            *read.texts["th"],
        }


def test_the_date_is_that_of_the_commit() -> None:
    assert "committed 2026-11-24" in usual_page()
    unknown = dataclasses.replace(example.results(), date="unknown")
    assert "committed unknown" not in page(unknown)


def test_the_section_of_speed_has_its_errors_and_its_peers() -> None:
    read = Page(usual_page())
    (speed,) = [text for text in read.texts["section"] if text.startswith("\nSpeed")]
    assert "built for processors with AVX2" in speed
    assert "Word error rates of what was timed" in speed


def test_it_suits_a_phone_and_a_dark_room() -> None:
    text = usual_page()
    assert "width=device-width" in text
    assert "@media (prefers-color-scheme: dark)" in text


def test_the_same_results_give_the_same_bytes() -> None:
    assert page(example.results()) == usual_page()


NASTY = "<script>alert(\"1\")</script> & 'x' ]]> --> </svg></style>"


def test_names_cannot_become_markup() -> None:
    found = example.results()
    sizes = {NASTY: example.artefact({NASTY: 10}, {NASTY: 10}, {f"{NASTY}: {NASTY}": 5})}
    # A part of a figure's name and a subject have none of what divides the names.
    name = NASTY.replace("/", "")
    measured = example.made(f"speed/{name}/g/t", {name: 0.5, "b": 1.0}, 1.0, audio_seconds=9.0)
    found = dataclasses.replace(
        example.results(groups=[measured]),
        revision=NASTY,
        date=NASTY,
        machine={"processor": NASTY, NASTY: NASTY},
        sizes=sizes,
        unmeasured={NASTY: NASTY},
    )
    judged = [
        Verdict(figure=NASTY, state=State.BROKEN, ceiling=1.0, value=2.0, reason=NASTY, unit=NASTY)
    ]
    text = render_page(found, judged, [])
    assert "<script" not in text
    read = Page(text)
    assert NASTY in {*read.texts["td"], *read.texts["th"]}
    assert text.count("</style>") == 1


def test_an_empty_run_makes_a_page() -> None:
    empty = Results(revision="unknown", date="unknown", machine={}, sizes={}, unmeasured={})
    read = Page(render_page(empty, [], []))
    assert read.texts["p"][0] == "No budget was judged."
    assert "svg" not in read.texts
    assert read.texts["h2"] == ["History", "Machine", "How to read it"]


def test_the_history_begins_with_the_second_run() -> None:
    text = page(example.results(), history=0)
    assert "The history begins when a second run is recorded." in text
    assert "The history begins" not in page(example.results(), history=1)


def test_a_run_that_is_recorded_already_counts_once() -> None:
    found = example.results()
    judged = example.verdicts(found)
    assert render_page(found, judged, [entry_of(found)]) == render_page(found, judged, [])


def test_a_single_round_and_thousands_of_files() -> None:
    files = {f"licences/{number}": number for number in range(5000)}
    sizes = {"huge": example.artefact(files, {"licences": sum(files.values())}, {})}
    found = dataclasses.replace(
        example.results(groups=example.all_series(rounds=1)),
        sizes=sizes,
        figures=tuple(Figure(name=f"count/a/{number}", value=number) for number in range(2000)),
    )
    text = page(found)
    assert "count" in text
    assert "a, 1999" in text
    assert len(text) < 3_000_000
