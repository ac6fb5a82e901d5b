from __future__ import annotations

import os
from pathlib import Path

import pytest

from transcriber import beside
from transcriber.cuda import search
from transcriber.cuda.addon import VARIABLE, Addon
from transcriber.cuda.search import find_addon, in_words, with_addon
from transcriber.cuda.store import stored_path

from .conftest import TORCH, Sample


class Places:
    """Where the add-on can be, each filled when a test says so."""

    def __init__(self, folder: Path, sample: Sample, addon: Addon) -> None:
        self._sample = sample
        self.named = folder / "named.so"
        self.inside = folder / "program" / search.INSIDE
        self.beside = folder / "downloads" / addon.library_name
        self.packed = folder / "downloads" / addon.file_name
        self.cached = stored_path(addon)

    def fill(self, *names: str, content: bytes | None = None) -> None:
        for name in names:
            path: Path = getattr(self, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            usual = self._sample.packed if name == "packed" else self._sample.library
            path.write_bytes(usual if content is None else content)


@pytest.fixture
def places(
    tmp_path: Path, sample: Sample, published: Addon, monkeypatch: pytest.MonkeyPatch
) -> Places:
    """Let this be a program in an AppImage, which lies in a folder of its own."""
    found = Places(tmp_path, sample, published)
    executable = tmp_path / "program/transcriber.bin"
    executable.parent.mkdir()
    (tmp_path / "downloads").mkdir()
    monkeypatch.setenv("APPDIR", str(tmp_path / "program"))
    monkeypatch.setenv("APPIMAGE", str(tmp_path / "downloads/transcriber.AppImage"))
    for module in (beside, search):
        monkeypatch.setattr(module, "native_executable", lambda: executable)
    monkeypatch.setattr(search, "_inside", lambda: found.inside)
    return found


def test_the_order(places: Places) -> None:
    places.fill("named", "inside", "beside", "cached", "packed")
    environment = {VARIABLE: str(places.named)}
    assert find_addon(environment).path == places.named
    for name in ("inside", "beside", "cached"):
        path: Path = getattr(places, name)
        assert find_addon({}).path == path
        path.unlink()
    found = find_addon({})
    assert (found.path, found.packed, found.wanted) == (None, places.packed, True)
    places.packed.unlink()
    found = find_addon({})
    assert (found.path, found.packed, found.wanted) == (None, None, True)
    assert in_words(found) == ["not here: not fetched yet; `transcriber cuda fetch` gets it"]


@pytest.mark.parametrize("damage", [b"short", None])
def test_a_damaged_one_is_passed_over_and_told(
    places: Places, sample: Sample, damage: bytes | None
) -> None:
    wrong = sample.library[:-1] + b"?" if damage is None else damage
    places.fill("beside", content=wrong)
    places.fill("cached")
    found = find_addon({})
    assert found.path == places.cached
    assert len(found.damaged) == 1
    assert found.damaged[0].startswith(f"{places.beside}: it ")
    assert len(in_words(found)) == 2


def test_a_file_that_changes_is_read_again(places: Places, sample: Sample) -> None:
    places.fill("cached")
    assert find_addon({}).path == places.cached
    places.fill("cached", content=sample.library[:-1] + b"?")
    assert find_addon({}).path is None


def test_a_named_file_that_is_missing_is_told_and_no_other_is_taken(places: Places) -> None:
    places.fill("cached")
    found = find_addon({VARIABLE: str(places.named)})
    assert found.path is None
    assert not found.wanted
    assert in_words(found) == [f"not here: {VARIABLE} names no file: {places.named}"]


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("2.6.0+cu124", "not for this PyTorch, 2.6.0+cu124"),
        ("2.6.0+cpu", "not for this PyTorch, 2.6.0+cpu"),
        (None, "not for this PyTorch, which is missing"),
        ("2.7.0+whisper.cpu", f"made for PyTorch {TORCH}, and this is 2.7.0+whisper.cpu"),
    ],
)
def test_another_pytorch_gets_none(
    places: Places, monkeypatch: pytest.MonkeyPatch, version: str | None, reason: str
) -> None:
    places.fill("beside", "cached")
    monkeypatch.setattr(search, "package_version", lambda *_: version)
    found = find_addon({})
    assert (found.path, found.wanted, found.origin) == (None, False, reason)


def test_a_program_that_knows_none_takes_only_what_is_a_part_of_it(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.fill("beside", "cached")
    monkeypatch.setattr(search, "published_addon", lambda: None)
    assert find_addon({}).path is None
    places.fill("inside")
    assert find_addon({}).path == places.inside


def test_variables_of_another_appimage_mean_nothing(
    places: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    places.fill("beside")
    monkeypatch.setenv("APPDIR", str(tmp_path / "another"))
    assert find_addon({}).path is None


def test_the_environment_of_a_child_gets_the_path(places: Places) -> None:
    assert with_addon({"A": "b"}) == {"A": "b"}
    places.fill("cached")
    assert with_addon({"A": "b"}) == {"A": "b", VARIABLE: str(places.cached)}
    named = {VARIABLE: "/elsewhere"}
    assert with_addon(named) is named
    assert VARIABLE not in os.environ


def test_the_environment_of_this_process_gets_it_too(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.fill("cached")
    monkeypatch.setenv(VARIABLE, "")
    assert with_addon() is os.environ
    assert os.environ[VARIABLE] == str(places.cached)


def test_python_finds_what_its_packages_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "module_file", lambda _: tmp_path / "torch/__init__.py")
    assert search._inside() == tmp_path / search.INSIDE
    monkeypatch.setattr(search, "native_executable", lambda: tmp_path / "transcriber.bin")
    assert search._inside() == tmp_path / search.INSIDE
