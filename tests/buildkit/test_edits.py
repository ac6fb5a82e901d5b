"""Edits of upstream's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.edits import Edit, apply, by_path, digests, read_edits
from buildkit.errors import RecipeError
from buildkit.sources import read_sources
from torch_build.recipe import EDITS, SOURCES


def edit(anchor: str, replacement: str, reason: str = "a test") -> Edit:
    return Edit(source="s", path="p", anchor=anchor, replacement=replacement, reason=reason)


def test_edits_are_made_one_after_the_other() -> None:
    assert apply("a b\r\n", [edit("a", "c"), edit("c b", "")]) == "\r\n"


@pytest.mark.parametrize(("text", "count"), [("", 0), ("xaxa", 2)])
def test_an_anchor_must_be_there_once(text: str, count: int) -> None:
    with pytest.raises(RecipeError, match=rf"s/p \(a test\).*'a' is there {count} times"):
        apply(text, [edit("a", "b")])


def test_the_digest_is_of_the_change_and_not_of_its_reason() -> None:
    one, two, three = (
        digests(by_path([change], "s"))
        for change in (edit("a", "b"), edit("a", "b", "why"), edit("a", "c"))
    )
    assert one == two != three
    assert by_path([edit("a", "b")], "other") == {}


ENTRY = '[[edit]]\nsource = "s"\npath = "p"\nanchor = "a"\nreason = "r"\n'


@pytest.mark.parametrize(
    "text", [ENTRY, ENTRY.replace('"a"', '""') + 'replacement = "x"\n', ENTRY + "surplus = 1\n"]
)
def test_an_incomplete_entry_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "edits.toml").write_text(text)
    with pytest.raises(RecipeError, match="edit"):
        read_edits(tmp_path / "edits.toml")


def test_entries_keep_their_order(tmp_path: Path) -> None:
    entry = ENTRY + 'replacement = "x"\n'
    (tmp_path / "edits.toml").write_text(entry + entry.replace('"a"', '"b"'))
    assert [e.anchor for e in read_edits(tmp_path / "edits.toml")] == ["a", "b"]


def test_our_own_edits_are_of_known_sources() -> None:
    assert {e.source for e in read_edits(EDITS)} <= {s.name for s in read_sources(SOURCES).archives}
