"""The report of sizes says the same after it was written and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.artefacts import lacks_details
from benchmarks.sizes.stored import REPORT, parse_sizes, read_sizes, write_sizes
from buildkit.errors import InputError
from buildkit.places import CHECKOUT


def artefact(file: str, table: dict[str, int]) -> ArtefactSizes:
    detail = {f"{file}: {name}": size for name, size in table.items()}
    return ArtefactSizes(
        bytes=1000,
        components={"torch": 900, "other": 100},
        files={file: 1000},
        sections=detail,
        objects=detail,
        symbols=detail,
    )


TABLE = {"at::native::add(int)": 600, "naïve: a colon": 400}


def test_what_was_written_is_read(tmp_path: Path) -> None:
    sizes = {
        "wheel": artefact("a.so", TABLE),
        "ultra-lean folder": artefact("b.so", TABLE),
        "lean folder": artefact("b.so", {**TABLE, "more": 1}),
    }
    path = tmp_path / "sizes.json"
    write_sizes(sizes, path)
    assert read_sizes(path) == sizes
    text = path.read_text()
    # The same table of another file is there once.
    assert text.count("at::native::add") == 2 * 3
    assert text.count('"b.so":"wheel: a.so"') == 3
    write_sizes(read_sizes(path), path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}x",
        '{"wheel": {"bytes": 1}}',
        '{"wheel": null}',
        '{"wheel": {"bytes": 0, "components": {}, "files": {}, "sections": {"a": "gone: a"},'
        '"objects": {}, "symbols": {}}}',
    ],
)
def test_what_is_no_report_is_told_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_sizes(text)
    path = tmp_path / "sizes.json"
    path.write_text(text)
    with pytest.raises(InputError, match="holds no sizes") as failure:
        read_sizes(path)
    assert "\n" not in str(failure.value)


def test_a_missing_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no sizes"):
        read_sizes(tmp_path / "sizes.json")


def test_the_report_that_is_kept_is_whole_and_small() -> None:
    path = CHECKOUT / REPORT
    for one in read_sizes(path).values():
        assert sum(one.components.values()) == one.bytes == sum(one.files.values())
    assert path.stat().st_size < 260_000
    assert not lacks_details(read_sizes(path))
