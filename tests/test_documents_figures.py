"""Figures in the documents are those that a run measured, or that the program has."""

from __future__ import annotations

import re
import statistics
import tomllib
from collections.abc import Mapping

import pytest
from documents import CHECKOUT, documents, names, prose

from benchmarks.figures import Figure, Results
from benchmarks.judging.accept import LATEST, read_latest
from benchmarks.report.quantities import quantity

EDITIONS = sorted(path.name[6:-12] for path in CHECKOUT.glob("build-*-appimage.sh"))

MEASURED = re.compile(r"<!-- measured: (.+?) -->(.*?)<!-- -->")

SIZES = re.compile(r"(?:(?<![\d.])(\d\d\.\d) and )?(?<![\d.])(1\d\.\d) MB")
"""Sizes of AppImages: nothing else that the documents speak of has ten to twenty megabytes."""

ROW = re.compile(r"\| `(transcriber-[\w-]+\.AppImage)` \| (\d+\.\d) MB \|")

needs_a_run = pytest.mark.skipif(
    not (CHECKOUT / LATEST).exists(), reason="no whole run was accepted yet"
)


def measured(results: Results) -> dict[str, str]:
    """Return what a run found, as it is written: medians of series, and else the figures."""
    figures = {one.name: quantity(one.value, one.unit) for one in results.figures}
    return figures | {
        f"{one.measurement}/{one.subject}": quantity(statistics.median(one.samples), one.unit)
        for one in results.series
        if one.samples
    }


def stale(text: str, found: Mapping[str, str]) -> list[str]:
    """Return a line for each marked figure that a run did not find."""
    return [
        f"{name} is {found.get(name, 'in no run')}, and not {written}"
        for name, written in MEASURED.findall(text)
        if found.get(name) != written
    ]


def sizes_in(text: str) -> set[str]:
    """Return the sizes of AppImages that a document speaks of."""
    return {size for pair in SIZES.findall(prose(text)) for size in pair if size}


def stated() -> dict[str, str]:
    """Return the sizes in the README's table of downloads."""
    return dict(ROW.findall((CHECKOUT / "README.md").read_text("utf-8")))


@needs_a_run
@pytest.mark.parametrize("name", names())
def test_no_figure_is_stale(name: str) -> None:
    assert stale((CHECKOUT / name).read_text("utf-8"), measured(read_latest(CHECKOUT))) == []


def test_there_are_marked_figures() -> None:
    marked = [path.name for path in documents() if MEASURED.search(path.read_text("utf-8"))]
    assert {"README.md", "benchmarks.md"} <= set(marked)


def test_a_stale_figure_is_told_with_what_was_measured() -> None:
    figures = (Figure(name="accuracy/speech/greedy/en WER", value=0.0491, unit="errors"),)
    found = measured(
        Results(revision="a" * 40, date="", machine={}, figures=figures, sizes={}, unmeasured={})
    )
    right = "<!-- measured: accuracy/speech/greedy/en WER -->4.9 %<!-- -->"
    assert stale(right, found) == []
    assert stale(right.replace("4.9", "5.2"), found) == [
        "accuracy/speech/greedy/en WER is 4.9 %, and not 5.2 %"
    ]
    assert "in no run" in stale("<!-- measured: speed/none -->1 s<!-- -->", found)[0]


def test_a_comment_is_never_left_open() -> None:
    for path in documents():
        text = path.read_text("utf-8")
        assert (
            text.count("<!-- measured: ") == text.count("<!-- -->") == len(MEASURED.findall(text))
        ), path.name


def test_the_readme_has_the_size_of_each_appimage() -> None:
    assert set(stated()) == {f"transcriber-{name}-x86_64.AppImage" for name in EDITIONS}


@pytest.mark.parametrize("name", names())
def test_every_document_has_the_sizes_of_the_readme(name: str) -> None:
    assert sizes_in((CHECKOUT / name).read_text("utf-8")) <= set(stated().values())


def test_sizes_are_found_in_any_sentence() -> None:
    text = "Two AppImages of 11.9 and 13.1 MB; a wheel of 4.8 MB, 192 MB of packages, and 111.2 MB."
    assert sizes_in(text) == {"11.9", "13.1"}


@pytest.mark.parametrize("edition", EDITIONS)
def test_the_sizes_are_those_of_what_was_built(edition: str) -> None:
    name = f"transcriber-{edition}-x86_64.AppImage"
    if not (CHECKOUT / "dist" / name).is_file():
        pytest.skip("nothing is built here: `make appimages` does it")
    size = (CHECKOUT / "dist" / name).stat().st_size
    assert stated()[name] == f"{size / 1e6:.1f}", f"{name} has {size:,} bytes"


def test_the_wheel_is_as_large_as_the_documents_say() -> None:
    size = read_latest(CHECKOUT).sizes["wheel"].bytes
    for name in ("README.md", "ARCHITECTURE.md", "torch-build/README.md"):
        found = re.findall(r"(\d\.\d) MB", (CHECKOUT / name).read_text("utf-8"))
        assert f"{size / 1e6:.1f}" in found, name


def test_the_models_are_as_large_as_the_readme_says() -> None:
    registry = tomllib.loads((CHECKOUT / "transcriber/models/models.toml").read_text("utf-8"))
    text = (CHECKOUT / "README.md").read_text("utf-8")
    table = text.partition("| `--model` |")[2].partition("\n\n")[0]
    told: dict[str, str] = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        for model in re.findall(r"`([\w.-]+)`", cells[1]) if len(cells) > 3 else ():
            told[model] = cells[3]
    aliases = {alias for model in registry.values() for alias in model["aliases"]}
    assert set(told) == {*registry, *aliases}
    for model, entry in registry.items():
        size = entry["size"]
        expected = f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
        assert told[model] == expected, model


def test_the_languages_are_as_many_as_the_readme_says() -> None:
    languages = tomllib.loads((CHECKOUT / "transcriber/languages.toml").read_text("utf-8"))
    count = len(languages["names"])
    text = (CHECKOUT / "README.md").read_text("utf-8")
    assert f"in {count} languages" in text
    assert f"| {count}: Cantonese, too |" in text
