"""The tables in the README files."""

from __future__ import annotations

import dataclasses

import pytest

import example_results as example
from benchmarks.report.readme_tables import TABLES, stale, update
from buildkit.errors import InputError

README = """# Title

<!-- benchmark: sizes -->
what was before
<!-- end -->

Between.

<!-- benchmark: speed -->
<!-- end -->
Behind.
"""


def test_the_text_between_the_markers_is_replaced() -> None:
    found = example.results()
    text = update(README, found)
    assert text.startswith("# Title\n\n<!-- benchmark: sizes -->\n\n| artefact | size |")
    assert "| ultra-lean folder | 36.7 MB | 36,724,284 |" in text
    assert "\n\n<!-- end -->\n\nBetween.\n\n<!-- benchmark: speed -->\n\n| speed | native |" in text
    assert text.endswith("\n\n<!-- end -->\nBehind.\n")
    assert "what was before" not in text
    assert update(text, found) == text


def test_stale_tables_are_named() -> None:
    found = example.results()
    text = update(README, found)
    assert stale(README, found) == ["sizes", "speed"]
    assert stale(text, found) == []
    assert stale(text, dataclasses.replace(found, figures=())) == ["speed"]
    assert stale(text.replace("36.7 MB", "36.6 MB"), found) == ["sizes"]


def test_all_tables_can_be_made() -> None:
    markers = "".join(f"<!-- benchmark: {name} -->\n<!-- end -->\n" for name in TABLES)
    text = update(markers, example.results())
    assert "| short, greedy, en WER | 5.2 % |" in text
    assert "| start | native | ultra-lean AppImage, mounted | python -c pass |" in text
    assert "| memory | native |" in text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("nothing", "has no table at all"),
        (README.replace("sizes", "seizes"), "has a table seizes, and there are only sizes, "),
        (README.replace("speed", "sizes"), "has the table sizes twice"),
        (README.replace("<!-- end -->\n\nB", "B"), "the marker <!-- benchmark: sizes --> without"),
        ("<!-- end -->\n<!-- end -->\n", "the marker <!-- end --> without its other end"),
        (README + "<!-- end -->\n", "the marker <!-- end --> without its other end"),
    ],
)
def test_wrong_markers_are_one_line(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"the README .*{reason}"):
        update(text, example.results())
    with pytest.raises(InputError, match="the run has nothing for the table speed"):
        update(README, example.results(groups=[]))


def test_a_name_cannot_end_a_table() -> None:
    found = example.results()
    sizes = {"<!-- end -->": next(iter(found.sizes.values()))}
    text = update(README, dataclasses.replace(found, sizes=sizes))
    assert text.count("<!-- end -->") == 2
    assert "&lt;!-- end --&gt;" in text
