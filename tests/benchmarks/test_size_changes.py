"""What grew and what shrank, and a table of it for one screen."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.changes import Change, compare, explain, payment_tables

BASE = ArtefactSizes(
    bytes=1_000_000,
    components={"torch": 900_000, "other": 100_000},
    files={"torch/_C.so": 800_000, "torch/__init__.py": 200_000},
    sections={"torch/_C.so: .text": 700_000, "torch/_C.so: .data": 100_000},
    objects={"torch/_C.so: a.o": 500_000, "torch/_C.so: b.o": 300_000},
    symbols={"torch/_C.so: first": 5000, "torch/_C.so: second": 3000, "torch/_C.so: third": 2000},
)
NOW = ArtefactSizes(
    bytes=1_060_000,
    components={"torch": 965_000, "other": 95_000},
    files={"torch/_C.so": 866_000, "torch/__init__.py": 194_000},
    sections={"torch/_C.so: .text": 700_000, "torch/_C.so: .data": 166_000},
    objects={"torch/_C.so: a.o": 500_000, "torch/_C.so: b.o": 300_000, "torch/_C.so: c.o": 66_000},
    symbols={
        "torch/_C.so: fat": 65_536,
        "torch/_C.so: first": 5200,
        "torch/_C.so: third": 2000,
        "torch/_C.so: fourth": 1500,
    },
)


def test_the_largest_change_comes_first() -> None:
    (growth,) = compare({"wheel": BASE}, {"wheel": NOW})
    assert (growth.artefact, growth.delta) == ("wheel", 60_000)
    deltas = [abs(change.delta) for change in growth.changes]
    assert deltas == sorted(deltas, reverse=True)
    changes = {(one.kind, one.name): (one.word, one.delta) for one in growth.changes}
    assert changes == {
        ("component", "torch"): ("grew", 65_000),
        ("component", "other"): ("shrank", -5000),
        ("file", "torch/_C.so"): ("grew", 66_000),
        ("file", "torch/__init__.py"): ("shrank", -6000),
        ("section", "torch/_C.so: .data"): ("grew", 66_000),
        ("object file", "torch/_C.so: c.o"): ("new", 66_000),
        ("symbol", "torch/_C.so: fat"): ("new", 65_536),
        ("symbol", "torch/_C.so: first"): ("grew", 200),
        # Larger than the smallest that is listed now, so that it would be listed.
        ("symbol", "torch/_C.so: second"): ("gone", -3000),
        # ("fourth" is smaller than the smallest that was listed, and may have been there.)
    }


def test_nothing_changed() -> None:
    (growth,) = compare({"wheel": BASE}, {"wheel": BASE})
    assert (growth.delta, growth.changes) == (0, ())
    assert explain(growth) == "wheel: 1,000,000 -> 1,000,000 bytes (+0)"


def test_a_file_that_could_not_be_looked_into_tells_nothing() -> None:
    blind = replace(NOW, objects={}, symbols={})
    for before, after in ((BASE, blind), (blind, BASE)):
        (growth,) = compare({"wheel": before}, {"wheel": after})
        assert {change.kind for change in growth.changes} == {"component", "file", "section"}


def test_an_artefact_or_a_file_that_was_not_there_is_new() -> None:
    (growth,) = compare({}, {"wheel": NOW})
    assert (growth.before, growth.delta) == (0, NOW.bytes)
    assert {change.word for change in growth.changes} == {"new"}
    assert any(change.name == "torch/_C.so: fat" for change in growth.changes)


def test_an_explanation_fits_on_a_screen() -> None:
    long = "a name that is much longer than what a line has room for, " * 3
    table = {f"torch/_C.so: {long}{number}": 10_000 + number for number in range(30)}
    many = replace(NOW, sections=table, objects=table, symbols=table)
    (growth,) = compare({"wheel": BASE}, {"wheel": many})
    lines = explain(growth).splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 100 for line in lines)
    assert lines[0] == "wheel: 1,000,000 -> 1,060,000 bytes (+60,000)"
    assert lines[1].split() == ["+65,000", "grew", "component", "torch"]
    assert any(line.split()[1:] == ["26", "symbols", "more"] for line in lines[-1:])


def test_what_is_left_out_is_added_up() -> None:
    (growth,) = compare({"wheel": BASE}, {"wheel": NOW})
    text = explain(growth, rows=1)
    assert "     +65,536  new     symbol       torch/_C.so: fat" in text
    assert "      -2,800  2 symbols more" in text
    assert "      -6,000  1 file more" in text


def test_what_a_pull_request_would_pay() -> None:
    artefacts, components = payment_tables({"wheel": BASE}, {"wheel": NOW, "lean folder": NOW})
    assert [row.cells for row in artefacts.rows] == [
        ("wheel", "1,000,000", "1,060,000", "+60,000"),
        ("lean folder", "0", "1,060,000", "+1,060,000"),
    ]
    assert components.columns == ("component", "wheel", "lean folder")
    rows = {row.cells[0]: row.cells[1:] for row in components.rows}
    assert rows["torch"] == ("+65,000", "+965,000")
    assert rows["other"] == ("-5,000", "+95,000")
    assert "numpy" not in rows


def test_words() -> None:
    assert Change(kind="file", name="a", before=None, now=3).word == "new"
    assert Change(kind="file", name="a", before=3, now=None).delta == -3
