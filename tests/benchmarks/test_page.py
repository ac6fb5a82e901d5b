"""The page with everything that a run found."""

from __future__ import annotations

import base64
import dataclasses
import functools
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

import matplotlib as mpl
import pytest

import example_results as example
from benchmarks.figures import ArtefactSizes, Results
from benchmarks.judging.history import entry_of
from benchmarks.judging.judge import State, Verdict
from benchmarks.report.page import render_page
from benchmarks.report.tables import NOTES, sections

IMAGE = "data:image/svg+xml;base64,"


def parsed(text: str) -> ElementTree.Element:
    """Return a page, which is refused when its tags do not match."""
    return ElementTree.fromstring(text)  # noqa: S314 - our own text


def texts(text: str, tag: str) -> list[str]:
    """Return what is written in all elements of a kind."""
    return ["".join(element.itertext()) for element in parsed(text).iter(tag)]


def attributes(text: str, name: str) -> list[str]:
    """Return the values of an attribute in all elements."""
    return [one.attrib[name] for one in parsed(text).iter() if name in one.attrib]


def page(
    found: Results,
    states: Sequence[State] = (),
    base: Mapping[str, ArtefactSizes] | None = None,
) -> str:
    before = dataclasses.replace(entry_of(found), revision="0" * 40)
    return render_page(found, example.verdicts(found, states=states), [before], base)


def small_page() -> str:
    """Return a page with one plot of each kind, which are most of the work."""
    groups = [one for one in example.all_series() if "greedy/one thread" in one[0].measurement]
    found = example.results(groups=groups)
    return page(dataclasses.replace(found, sizes={"wheel": found.sizes["wheel"]}))


@functools.cache
def usual_page() -> str:
    """Return the page of the usual results, of which one is enough for most tests."""
    return page(example.results())


def test_nothing_is_fetched() -> None:
    text = usual_page()
    fetching = {"script", "link", "iframe", "object", "embed", "base", "svg", "video", "audio"}
    assert not fetching & {element.tag for element in parsed(text).iter()}
    assert not re.search(r"\w+://|@import|url\(|srcset=|action=|poster=|background=", text)
    assert all(one.startswith(IMAGE) for one in attributes(text, "src"))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert attributes(text, "content")[0] == policy


def test_plots_are_pictures_with_words_for_who_does_not_see_them() -> None:
    pictures = list(parsed(usual_page()).iter("img"))
    titles = texts(usual_page(), "figcaption")
    parts = ("wheel: its", "Time by", "Time over", "Peak memory by", "Sizes of artefacts")
    assert all(any(title.startswith(part) for title in titles) for part in parts)
    assert len(pictures) == len(titles)
    for picture in pictures:
        assert b"<svg " in base64.b64decode(picture.attrib["src"].removeprefix(IMAGE))
        assert picture.attrib["alt"]


def test_the_headline_is_first_and_links_lead_to_all_sections() -> None:
    text = usual_page()
    assert texts(text, "title") == [f"Benchmarks: {texts(text, 'p')[0]}"]
    assert attributes(text, "class")[0] == "verdict met"
    identifiers = attributes(text, "id")
    assert len(set(identifiers)) == len(identifiers) == len(texts(text, "section"))
    assert attributes(text, "href") == [f"#{name}" for name in identifiers]
    assert attributes(text, "aria-labelledby") == identifiers


def test_every_section_is_there_with_its_note_and_all_cells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # They take seconds, and are looked at above.
    for plots in ("_treemaps", "_speed_plots", "_ratio_plots"):
        monkeypatch.setattr(f"benchmarks.report.page.{plots}", lambda *_: [])
    found = example.results()
    name, sizes = next(iter(found.sizes.items()))
    base = {**found.sizes, name: dataclasses.replace(sizes, files={**sizes.files, "new": 1})}
    states = [State.BROKEN, *[State.UNMEASURED] * 7]
    text = page(found, states, base)
    assert attributes(text, "class")[0] == "verdict broken"
    tables = sections(found, example.verdicts(found, states=states), base)
    assert texts(text, "h2") == [*tables, "History"]
    assert set(NOTES.values()) <= set(texts(text, "p"))
    shown = {*texts(text, "td"), *texts(text, "th")}
    for table in (table for some in tables.values() for table in some):
        assert {*table.columns, *(cell for row in table.rows for cell in row.cells)} <= shown
    titles = [table.title for some in tables.values() for table in some]
    assert texts(text, "summary") == titles
    # The first one of each section is open, unless it is long.
    opened = [one[0].text for one in parsed(text).iter("details") if "open" in one.attrib]
    assert opened[:3] == ["1 not met", "Artefacts", "Change of the artefacts"]
    assert "open" not in next(parsed(usual_page()).iter("details")).attrib


def test_tables_have_headers_and_scroll() -> None:
    scrolling = [one for one in parsed(usual_page()).iter("div") if one.get("class") == "scroll"]
    assert len(scrolling) == len(texts(usual_page(), "table")) > 20
    # What scrolls must be reached with the keyboard, too, and have a name.
    for one in scrolling:
        assert (one.get("tabindex"), one.get("role")) == ("0", "group")
        assert one.get("aria-label")
    assert all(head.get("scope") in {"row", "col"} for head in parsed(usual_page()).iter("th"))


def test_the_same_results_give_the_same_bytes() -> None:
    with mpl.rc_context({"axes.facecolor": "red", "font.size": 30, "svg.fonttype": "path"}):
        other_style = small_page()
    assert small_page() == other_style
    # In another process, too, whose hashes of names are others.
    done = subprocess.run(
        [sys.executable, "-c", "import test_page as t; print(t.small_page(), end='')"],
        env={"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == other_style


def test_names_cannot_become_markup() -> None:
    nasty = "<script>alert(\"1\")<script> & 'x' ]]> --> <svg><style>"
    measured = example.made(f"speed/{nasty}/g/t", {nasty: 0.5, "b": 1.0}, 1.0, audio_seconds=9.0)
    found = dataclasses.replace(
        example.results(groups=[measured]),
        machine={nasty: nasty},
        sizes={nasty: example.artefact({nasty: 10}, {nasty: 10}, {f"{nasty}: {nasty}": 5})},
        unmeasured={nasty: nasty},
    )
    judged = [Verdict(figure=nasty, state=State.BROKEN, ceiling=1, reason=nasty, unit=nasty)]
    text = render_page(found, judged, [])
    assert "<script" not in text
    assert nasty in {*texts(text, "td"), *texts(text, "th")}


def test_an_empty_run_makes_a_page() -> None:
    empty = Results(revision="unknown", date="unknown", machine={}, sizes={}, unmeasured={})
    text = render_page(empty, [], [])
    assert texts(text, "p")[0] == "No budget was judged."
    assert texts(text, "h2") == ["Machine"]
