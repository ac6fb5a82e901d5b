"""Root made the home that an account does not have."""

from __future__ import annotations

import os
from pathlib import Path

import child
import pytest

from transcriber import paths

CODE = """
    from pathlib import Path
    from transcriber.download.digest import file_sha256
    from transcriber.models.preference import preference_path, remember_model
    from transcriber.paths import cache_home
    file_sha256(Path(__file__ if "__file__" in globals() else "/proc/self/status"))
    remember_model("base")
    print(cache_home(), preference_path())
    """


@pytest.mark.parametrize("home", ["missing", "missing/below", "file", "file/below", "link"])
def test_it_is_not_made(tmp_path: Path, home: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("missing")
    (tmp_path / "tmp").mkdir()
    before = sorted(path.name for path in tmp_path.iterdir())
    variables = {"HOME": str(tmp_path / home), "TMPDIR": str(tmp_path / "tmp")}
    done = child.run(CODE, variables={**variables, "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""})
    assert done.stderr == ""
    assert done.stdout.split() == [
        str(tmp_path / f"tmp/whisper-transcriber-{os.getuid()}"),
        "None",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not (tmp_path / home / ".cache").exists()


def test_a_home_that_exists_is_used(tmp_path: Path) -> None:
    variables = {"HOME": str(tmp_path), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    done = child.run(CODE, variables=variables)
    assert done.stdout.split() == [
        str(tmp_path / ".cache"),
        str(tmp_path / ".config/whisper-transcriber/model"),
    ]


@pytest.mark.parametrize("folder", ["missing", "missing/.cache", "missing/a/b"])
def test_nor_by_a_variable_that_names_a_folder_in_it(tmp_path: Path, folder: str) -> None:
    (tmp_path / "tmp").mkdir()
    variables = {"HOME": str(tmp_path / "missing"), "TMPDIR": str(tmp_path / "tmp")}
    names = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    done = child.run(CODE, variables=variables | dict.fromkeys(names, str(tmp_path / folder)))
    assert done.stderr == ""
    assert not (tmp_path / "missing").exists()
    # A folder elsewhere is made where it is missing.
    elsewhere = str(tmp_path / "cache")
    done = child.run(CODE, variables=variables | dict.fromkeys(names, elsewhere))
    assert done.stdout.split()[0] == elsewhere


def test_the_usual_word_for_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(paths, "NO_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "none/cache"))
    assert paths.cache_home() == tmp_path / ".cache"
