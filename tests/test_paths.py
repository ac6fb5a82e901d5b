from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from transcriber.paths import cache_home, config_home, model_directory, program_cache


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def test_the_cache_is_in_the_home_folder(home: Path) -> None:
    assert cache_home() == home / ".cache"


def test_the_environment_moves_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache/mine")
    assert cache_home() == Path("/var/cache/mine")
    assert model_directory() == Path("/var/cache/mine/whisper")
    assert program_cache() == Path("/var/cache/mine/whisper-transcriber")


@pytest.mark.parametrize("value", ["", "cache", "./cache", "~/cache"])
def test_a_relative_cache_is_ignored(
    monkeypatch: pytest.MonkeyPatch, home: Path, value: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", value)
    assert cache_home() == home / ".cache"


@pytest.mark.parametrize("kind", ["root", "missing", "below a missing one", "file", "relative"])
def test_what_is_no_home_is_none(monkeypatch: pytest.MonkeyPatch, home: Path, kind: str) -> None:
    (home / "file").touch()
    places = {
        "root": "/",
        "missing": str(home / "missing"),
        "below a missing one": str(home / "missing" / "me"),
        "file": str(home / "file"),
        "relative": ".",
    }
    monkeypatch.setenv("HOME", places[kind])
    assert cache_home() == Path(tempfile.gettempdir(), f"whisper-transcriber-{os.getuid()}")
    assert config_home() is None
    assert not (home / "missing").exists()


def test_a_user_without_a_home_has_a_temporary_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    # As in a container that runs under a number without an entry in the list of users.
    monkeypatch.setattr("pwd.getpwuid", lambda number: {}[number])
    assert cache_home() == Path(tempfile.gettempdir(), f"whisper-transcriber-{os.getuid()}")


@pytest.mark.parametrize("cache", [None, "/var/cache/mine"])
def test_the_models_are_where_openai_whisper_has_them(
    monkeypatch: pytest.MonkeyPatch, cache: str | None
) -> None:
    if cache is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", cache)
    default = Path("~/.cache").expanduser()
    assert model_directory() == Path(os.environ.get("XDG_CACHE_HOME", default)) / "whisper"
