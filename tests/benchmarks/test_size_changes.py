"""What grew and what shrank, and a table of it for one screen."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.changes import compare, explain, payment_tables

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
        # Smaller than the smallest that was listed, so that it may have been there.
        "torch/_C.so: fourth": 1500,
    },
)


def test_changes_are_explained_the_largest_first() -> None:
    (growth,) = compare({"wheel": BASE}, {"wheel": NOW})
    deltas = [abs(change.delta) for change in growth.changes]
    assert deltas == sorted(deltas, reverse=True)
    assert explain(growth).splitlines() == [
        "wheel: 1,000,000 -> 1,060,000 bytes (+60,000)",
        "     +65,000  grew    component    torch",
        "      -5,000  shrank  component    other",
        "     +66,000  grew    file         torch/_C.so",
        "      -6,000  shrank  file         torch/__init__.py",
        "     +66,000  grew    section      torch/_C.so: .data",
        "     +66,000  new     object file  torch/_C.so: c.o",
        "     +65,536  new     symbol       torch/_C.so: fat",
        # Larger than the smallest that is listed now, so that it would be listed.
        "      -3,000  gone    symbol       torch/_C.so: second",
        "        +200  grew    symbol       torch/_C.so: first",
    ]
    short = explain(growth, rows=1).splitlines()
    assert short[-1] == "      -2,800  2 symbols more"
    assert "      -6,000  1 file more" in short
    (same,) = compare({"wheel": BASE}, {"wheel": BASE})
    assert explain(same) == "wheel: 1,000,000 -> 1,000,000 bytes (+0)"


def test_a_file_that_could_not_be_looked_into_tells_nothing() -> None:
    blind = replace(NOW, objects={}, symbols={})
    for before, after in ((BASE, blind), (blind, BASE)):
        (growth,) = compare({"wheel": before}, {"wheel": after})
        assert {change.kind for change in growth.changes} == {"component", "file", "section"}
    # One that was not there is new.
    (growth,) = compare({}, {"wheel": NOW})
    assert (growth.before, growth.delta) == (0, NOW.bytes)
    assert {change.word for change in growth.changes} == {"new"}
    assert any(change.name == "torch/_C.so: fat" for change in growth.changes)


def test_an_explanation_fits_on_a_screen() -> None:
    long = "a name that is much longer than what a line has room for, " * 3
    table = {f"torch/_C.so: {long}{number}": 10_000 + number for number in range(30)}
    many = replace(NOW, sections=table, objects=table, symbols=table)
    lines = explain(compare({"wheel": BASE}, {"wheel": many})[0]).splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) == 100


def test_what_a_pull_request_would_pay() -> None:
    artefacts, components = payment_tables({"wheel": BASE}, {"wheel": NOW, "lean folder": NOW})
    assert [row.cells for row in artefacts.rows] == [
        ("wheel", "1,000,000", "1,060,000", "+60,000"),
        ("lean folder", "0", "1,060,000", "+1,060,000"),
    ]
    assert components.columns == ("component", "wheel", "lean folder")
    assert [row.cells for row in components.rows] == [
        ("torch", "+65,000", "+965,000"),
        ("other", "-5,000", "+95,000"),
    ]
