from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.models.packed import (
    outdated_files,
    packed_cache,
    packed_files,
    packed_files_beside,
    packed_places,
)
from transcriber.models.stored import StoredModel


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def model(
    folder: Path, name: str = "base", digit: str = "a", origin: str = "official"
) -> StoredModel:
    folder.mkdir(exist_ok=True)
    return StoredModel(
        name=name, path=folder / f"{name}.pt", sha256=digit * 64, size=1, origin=origin
    )


def test_places(tmp_path: Path) -> None:
    beside, cached = packed_places(model(tmp_path / "store"), "int8-int16")
    assert beside == tmp_path / "store" / "base.aaaaaaaaaaaa.int8-int16.packed"
    assert cached == packed_cache() / beside.name
    assert packed_cache().is_relative_to(tmp_path / "cache")


def test_nothing_is_put_beside_a_file_of_the_users(tmp_path: Path) -> None:
    (place,) = packed_places(model(tmp_path / "mine", origin="file"), "float32")
    assert place.parent == packed_cache()


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"content")


def test_files_of_a_model(tmp_path: Path) -> None:
    base = model(tmp_path / "store")
    assert packed_files(base) == []
    mine = [*packed_places(base, "float32"), packed_places(base, "int8-int16")[0]]
    old = packed_places(model(tmp_path / "store", digit="b"), "float32")
    other = packed_places(model(tmp_path / "store", name="base.en"), "float32")
    odd = base.path.with_name("base.aaaaaaaaaaaa.float32.packed.bak")
    touch(base.path, *mine, *old, *other, odd)
    assert set(packed_files(base)) == set(mine)
    assert set(packed_files_beside(base.path)) == {mine[0], mine[2], old[0]}
    assert outdated_files(mine[0], base) == [old[0]]
    # In the cache a model of the same name may be another one.
    assert outdated_files(mine[1], base) == []


def test_a_folder_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert packed_files(model(tmp_path / "store")) == []
    assert packed_files_beside(tmp_path / "missing" / "base.pt") == []
