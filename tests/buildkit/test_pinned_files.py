"""Putting pinned files in place, from a cache or from the first route that works."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pytest

from buildkit.errors import SourceError
from buildkit.pinned_files import Route, provide

CONTENT = b"the right content"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILES = {"a.bin": DIGEST}


class Routes:
    """Routes that count their calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def bringing(self, name: str, content: bytes | None) -> Route:
        def route(names: Iterable[str], folder: Path) -> None:
            self.calls.append(name)
            for file in names:
                if content is not None:
                    (folder / file).write_bytes(content)

        return route

    def failing(self, name: str) -> Route:
        def route(_: Iterable[str], __: Path) -> None:
            self.calls.append(name)
            raise SourceError(f"{name} does not answer")

        return route


@pytest.fixture
def routes() -> Routes:
    return Routes()


def test_files_that_are_whole_are_left_alone(tmp_path: Path, routes: Routes) -> None:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    provide(tmp_path, FILES, cache=tmp_path / "cache", routes={"one": routes.failing("one")})
    assert routes.calls == []


def test_a_download_goes_into_the_cache_and_serves_the_next_checkout(
    tmp_path: Path, routes: Routes
) -> None:
    cache = tmp_path / "cache"
    provide(tmp_path / "1", FILES, cache=cache, routes={"one": routes.bringing("one", CONTENT)})
    assert (tmp_path / "1" / "a.bin").read_bytes() == CONTENT
    assert [path.name for path in cache.iterdir()] == [DIGEST]
    provide(tmp_path / "2", FILES, cache=cache, routes={"one": routes.failing("one")})
    assert (tmp_path / "2" / "a.bin").read_bytes() == CONTENT
    assert routes.calls == ["one"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1", "2", "cache"]


def test_damaged_files_are_replaced_in_the_checkout_and_in_the_cache(
    tmp_path: Path, routes: Routes
) -> None:
    cache, folder = tmp_path / "cache", tmp_path / "folder"
    for path in (cache / DIGEST, folder / "a.bin"):
        path.parent.mkdir()
        path.write_bytes(CONTENT[:-1])
    provide(folder, FILES, cache=cache, routes={"one": routes.bringing("one", CONTENT)})
    assert routes.calls == ["one"]
    assert (folder / "a.bin").read_bytes() == (cache / DIGEST).read_bytes() == CONTENT


@pytest.mark.parametrize("wrong", [None, b"", b"something else"])
def test_a_route_that_brings_nothing_or_something_else_is_followed_by_the_next(
    tmp_path: Path, routes: Routes, wrong: bytes | None
) -> None:
    both = {"one": routes.bringing("one", wrong), "two": routes.bringing("two", CONTENT)}
    provide(tmp_path / "folder", FILES, cache=tmp_path / "cache", routes=both)
    assert routes.calls == ["one", "two"]
    assert (tmp_path / "folder" / "a.bin").read_bytes() == CONTENT


def test_a_later_route_brings_only_what_is_missing(tmp_path: Path, routes: Routes) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    asked: list[str] = []

    def second(names: Iterable[str], folder: Path) -> None:
        asked.extend(names)
        (folder / "b.bin").write_bytes(b"other")

    both = {"one": routes.bringing("one", CONTENT), "two": second}
    files = {**FILES, "b.bin": other}
    provide(tmp_path / "folder", files, cache=tmp_path / "cache", routes=both)
    assert asked == ["b.bin"]


def test_one_line_names_the_folder_and_every_route_that_failed(
    tmp_path: Path, routes: Routes
) -> None:
    both = {"the archive": routes.failing("one"), "the origin": routes.bringing("two", b"wrong")}
    with pytest.raises(SourceError) as raised:
        provide(tmp_path / "folder", FILES, cache=tmp_path / "cache", routes=both)
    message = str(raised.value)
    assert "\n" not in message
    for part in (
        str(tmp_path / "folder"),
        "the archive: one does not answer",
        "the origin",
        "sha256",
    ):
        assert part in message
    assert not (tmp_path / "folder").exists()


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, routes: Routes
) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file where the folder should be")
    provide(tmp_path / "f", FILES, cache=cache, routes={"one": routes.bringing("one", CONTENT)})
    assert (tmp_path / "f" / "a.bin").read_bytes() == CONTENT
