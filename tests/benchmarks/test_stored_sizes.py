"""The report of sizes says the same after it was written and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.artefacts import lacks_details
from benchmarks.sizes.stored import REPORT, read_sizes, write_sizes
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
GONE = '"files": {}, "sections": {"a": "gone: a"}, "objects": {}, "symbols": {}'


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
        *(None, "", "[]", "{}x", '{"wheel": {"bytes": 1}}', '{"wheel": null}'),
        f'{{"wheel": {{"bytes": 0, "components": {{}}, {GONE}}}}}',
    ],
)
def test_what_is_no_report_is_told_in_one_line(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "sizes.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=r"\A.*sizes.json holds no sizes: .*\Z"):
        read_sizes(path)


def test_the_report_that_is_kept_is_whole_and_small() -> None:
    path = CHECKOUT / REPORT
    for one in read_sizes(path).values():
        assert sum(one.components.values()) == one.bytes == sum(one.files.values())
    assert path.stat().st_size < 260_000
    assert not lacks_details(read_sizes(path))
