"""Links and paths in the documents lead somewhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from documents import CHECKOUT, names, prose

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

REGISTRY = re.compile(r"pypi\.|pythonhosted|debian\.(org|net)|ubuntu\.com|npmjs")

LONGEST = 260
"""Lines of a page of the documentation: who looks for something reads no more."""


def anchors(path: Path) -> set[str]:
    """Return the anchors that sites make of a document's headings."""
    found: set[str] = set()
    for heading in re.findall(r"(?m)^#+ +(.*?) *#*$", prose(path.read_text("utf-8"))):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = sum(other == anchor or other.startswith(f"{anchor}-") for other in found)
        found.add(f"{anchor}-{number}" if anchor in found else anchor)
    return found


def broken(name: str) -> list[str]:
    """Return the links of a document that lead nowhere."""
    path = CHECKOUT / name
    wrong = []
    for target in LINK.findall(prose(path.read_text("utf-8"))):
        file, _, anchor = target.partition("#")
        if "://" in file:
            continue
        meant = (path.parent / file).resolve() if file else path
        if not meant.is_relative_to(CHECKOUT) or not meant.exists():
            wrong.append(f"{target}: there is no such file")
        elif anchor and (meant.suffix != ".md" or anchor not in anchors(meant)):
            wrong.append(f"{target}: there is no such heading")
    return wrong


@pytest.mark.parametrize("name", names())
def test_every_link_leads_somewhere(name: str) -> None:
    assert broken(name) == []


def test_a_wrong_link_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys.modules[__name__], "CHECKOUT", tmp_path)
    (tmp_path / "a.md").write_text("# Some `code`, and more\n")
    lines = [
        "[right](a.md#some-code-and-more) [here](#one) [elsewhere](https://example.org/x)",
        "[no file](b.md) [no heading](a.md#two) [none here](#two) [outside](../x.md)",
        "# One",
        "```",
        "[in code](b.md)",
        "```",
    ]
    (tmp_path / "b c.md").write_text("\n".join(lines))
    assert broken("b c.md") == [
        "b.md: there is no such file",
        "a.md#two: there is no such heading",
        "#two: there is no such heading",
        "../x.md: there is no such file",
    ]


def test_the_index_and_the_readme_lead_to_every_page() -> None:
    pages = {path.name for path in (CHECKOUT / "docs").glob("*.md")}
    for name, folder in (("README.md", "docs/"), ("docs/index.md", "")):
        targets = {link.partition("#")[0] for link in LINK.findall((CHECKOUT / name).read_text())}
        missing = [page for page in pages if f"{folder}{page}" not in targets]
        assert set(missing) <= {"index.md"}, name


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/building.md"])
def test_every_path_that_is_named_exists(name: str) -> None:
    tops = "transcriber|tests|buildkit|benchmarks|scripts|docs|requirements|[.]ci"
    tops += "|torch-build|native-build"
    text = prose((CHECKOUT / name).read_text("utf-8"))
    paths = re.findall(rf"`((?:{tops})/[^`\s]*)`", text)
    assert [path for path in paths if not (CHECKOUT / path).exists()] == []


@pytest.mark.parametrize("recipe", ["torch-build", "native-build"])
def test_every_module_that_a_recipe_names_exists(recipe: str) -> None:
    text = prose((CHECKOUT / recipe / "README.md").read_text("utf-8"))
    folders = (recipe, "buildkit", "scripts", "tests")
    there = {path.name for name in folders for path in (CHECKOUT / name).rglob("*.py")}
    named = {path.rpartition("/")[2] for path in re.findall(r"`([\w/.-]+\.py)`", text)}
    assert named
    assert named - there == set()


def test_the_rooms_of_the_program_are_those_that_there_are() -> None:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text("utf-8")
    _, _, table = text.partition("| in `transcriber/` |")
    table, _, _ = table.partition("\n\n")
    described = set(re.findall(r"(?m)^\| `([\w/]+)/` \|", table))
    folders = {path.parent for path in (CHECKOUT / "transcriber").glob("**/__init__.py")}
    rooms = {str(path.relative_to(CHECKOUT / "transcriber")) for path in folders} - {"."}
    assert described == rooms


def test_the_single_modules_are_those_that_there_are() -> None:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text("utf-8")
    described = re.findall(r"(?m)^\| `(\w+)` \|", text)
    there = [path.stem for path in (CHECKOUT / "transcriber").glob("*.py")]
    assert sorted(described) == sorted({*there} - {"__init__"})


@pytest.mark.parametrize("name", names())
def test_no_document_names_a_registry_or_a_machine(name: str) -> None:
    text = (CHECKOUT / name).read_text("utf-8")
    assert REGISTRY.search(text) is None
    assert not re.search(r"/(work|root|home)/\w", text)


@pytest.mark.parametrize("path", sorted((CHECKOUT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_no_page_is_too_long(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST
