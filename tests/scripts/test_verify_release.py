"""Building a release again: that the surroundings differ, and what is told of the files."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from buildkit import places
from buildkit.errors import InputError, ResultError, ToolError, UsageError
from scripts import verbs, verify_release
from scripts.release_comparison import compare, unpublished
from scripts.verify_release import (
    Surroundings,
    build_command,
    copy_sources,
    read_list,
    share_downloads,
    surroundings,
)

ONE, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64


@pytest.mark.parametrize(
    ("builds", "same", "text"),
    [
        ((ONE, ONE), True, "is what this source gives"),
        ((ONE, OTHER), False, "differs from build to build"),
        ((OTHER, ONE), False, "differs from build to build"),
        ((OTHER, THIRD), False, "differs from build to build"),
        ((OTHER, OTHER), False, f"{ONE} in the list, and {OTHER} in every build"),
        ((None, ONE), False, "was not built"),
        ((None, None), False, "was not built"),
    ],
)
def test_the_verdict_on_a_file(builds: tuple[str | None, ...], same: bool, text: str) -> None:
    found = [{"a": digest} if digest else {} for digest in builds]
    (verdict,) = compare({"a": ONE}, found)
    assert (verdict.name, verdict.same) == ("a", same)
    assert text in verdict.text


def test_what_is_not_in_the_list() -> None:
    assert unpublished({"a": ONE}, [{"a": ONE, "c": ONE}, {"b": ONE}]) == ["b", "c"]


def test_the_surroundings_have_nothing_in_common() -> None:
    for faketime in (True, False):
        one, other = surroundings("C\nC.utf8\nPOSIX\nde_DE.utf8\n", faketime=faketime)
        for name in ("folder", "umask", "zone", "locale"):
            assert getattr(one, name) != getattr(other, name)
        assert len(one.folder) != len(other.folder)
        assert (one.clock != other.clock) == faketime
        assert other.locale == "de_DE.utf8"
    assert surroundings("C\nde_DE.utf8\ntr_TR.UTF-8", faketime=False)[1].locale == "tr_TR.UTF-8"
    assert surroundings("C\nC.utf8", faketime=False)[1].locale == "C.utf8"
    assert surroundings("locale: not found", faketime=False)[1].locale == "C.UTF-8"


SEEN = """
import os, time
print(time.strftime("%j", time.localtime(0)), time.strftime("%j", time.localtime(13 * 3600)))
old = os.umask(0)
print(f"{old:03o}", os.environ["LC_ALL"], os.environ["TRANSCRIBER_BUILD_CACHE"])
print(sorted({"SIGN_KEY", "MINISIGN_KEY", "UPDATE_ADDRESS"} & set(os.environ)))
"""


def test_a_build_sees_its_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SIGN_KEY", "MINISIGN_KEY", "UPDATE_ADDRESS"):
        monkeypatch.setenv(name, "x")
    seen = []
    for place in surroundings("C.utf8", faketime=False):
        command = build_command(place, tmp_path / place.folder, [sys.executable, "-c", SEEN])
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        seen.append(done.stdout.splitlines())
    one, other = seen
    # The day of the year at the same two moments.
    assert (one[0], other[0]) == ("001 002", "365 001")
    assert one[1] == f"022 C {tmp_path}/one"
    assert other[1].startswith("077 C.utf8 ")
    assert one[2] == other[2] == "['UPDATE_ADDRESS']"


def test_another_clock_is_faketimes() -> None:
    place = Surroundings(folder="a", umask=0o022, zone="UTC", locale="C", clock="+26h")
    words = [sys.executable, "-c", "import time; print(time.time())"]
    command = build_command(place, Path("cache"), words)
    assert command[command.index("faketime") : command.index("sh")] == ["faketime", "-f", "+26h"]
    assert command[-3:] == words
    if shutil.which("faketime"):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert float(done.stdout) > time.time() + 25 * 3600


def test_a_copy_is_as_if_it_had_been_fetched(tmp_path: Path) -> None:
    source = tmp_path / "source"
    made = ("build", "dist", ".git", ".venv", ".cache", "x.egg-info", "scripts/__pycache__")
    for name in (
        *("scripts/a.py", "native-build/recipe", ".ci/run"),
        *(f"{name}/x" for name in made),
    ):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (source / ".ci/run").chmod(0o755)
    (source / "scripts/a.py").chmod(0o600)
    (source / "link").symlink_to("scripts/a.py")
    for umask, modes in ((0o022, (0o644, 0o755, 0o755)), (0o077, (0o600, 0o700, 0o700))):
        copy = tmp_path / f"{umask:03o}"
        copy_sources(source, copy, umask)
        files = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
        assert files == {"scripts/a.py", "native-build/recipe", ".ci/run", "link"}
        assert os.readlink(copy / "link") == "scripts/a.py"  # noqa: PTH115
        found = [(copy / name).stat().st_mode for name in ("scripts/a.py", ".ci/run", ".ci")]
        assert tuple(map(stat.S_IMODE, found)) == modes


def test_only_downloads_are_shared(tmp_path: Path) -> None:
    cache, other = tmp_path / "cache", tmp_path / "other"
    for name in (ONE, OTHER, "ccache/0/x", f"native/{THIRD}", f"{ONE}.part", "verified.json"):
        path = cache / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    share_downloads(cache, other)
    assert sorted(path.name for path in other.iterdir()) == [ONE, OTHER]
    assert (other / ONE).read_text() == ONE
    share_downloads(cache, other)
    share_downloads(tmp_path / "missing", tmp_path / "empty")
    assert not list((tmp_path / "empty").iterdir())


def test_a_list_that_cannot_be_used(tmp_path: Path) -> None:
    for content in ("", "no digest\n"):
        (tmp_path / "list").write_text(content)
        with pytest.raises(InputError, match="list"):
            read_list(tmp_path / "list")
    with pytest.raises(InputError, match="No such file"):
        read_list(tmp_path / "missing")


def test_the_list_is_looked_at_before_the_builds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify_release, "_builds", lambda *_: pytest.fail("it was built"))
    monkeypatch.delenv("SUMS", raising=False)
    assert verbs.run(["verify-release"]) == UsageError.exit_code
    assert "SUMS=" in capsys.readouterr().err
    assert verbs.run(["verify-release", f"SUMS={tmp_path}/none"]) == InputError.exit_code


RECIPE = """
import hashlib, os, pathlib, sys, time
assert sys.argv[1:] == ["appimages"]
content = {content}
folder = pathlib.Path("dist")
folder.mkdir()
(folder / "a.whl").write_text(content)
digest = hashlib.sha256(content.encode()).hexdigest()
(folder / "SHA256SUMS").write_text(f"{{digest}}  a.whl\\n")
"""


def checkout(folder: Path, content: str) -> Path:
    """A repository whose recipe takes no time."""
    (folder / "scripts").mkdir(parents=True)
    (folder / "scripts/__init__.py").touch()
    (folder / "scripts/__main__.py").write_text(RECIPE.format(content=content))
    return folder


def verify(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.BUILD_CACHE_VARIABLE, str(folder / "user"))
    # That of the tests would be found before the copy.
    monkeypatch.delenv("PYTHONPATH", raising=False)
    sums = folder / "SHA256SUMS"
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    sums.write_text(f"{digest}  a.whl\n")
    verify_release.verify_release(str(sums), checkout=folder)


def test_a_release_that_can_be_built_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkout(tmp_path / "checkout", '"test"')
    # The second time over what the first has left.
    for _ in range(2):
        verify(folder, monkeypatch)
        assert capsys.readouterr().out == "a.whl: is what this source gives\n"
    assert len(list((folder / "build/verify-release").rglob("a.whl"))) == 2


@pytest.mark.parametrize(
    "content",
    [
        "os.getcwd()",
        "time.tzname[0]",
        'os.environ["LC_ALL"]',
        "oct(os.umask(0o22))",
        'oct(os.stat("scripts/__main__.py").st_mode)',
    ],
)
def test_what_hangs_on_the_surroundings_is_found(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    content: str,
) -> None:
    with pytest.raises(ResultError, match="1 of 1 files are not what this source gives"):
        verify(checkout(tmp_path / "checkout", content), monkeypatch)
    assert capsys.readouterr().out.startswith("a.whl: differs from build to build")


def test_another_source_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ResultError):
        verify(checkout(tmp_path / "checkout", '"another"'), monkeypatch)
    assert "in every build" in capsys.readouterr().out


def test_a_build_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="failed, the reason is above"):
        verify(checkout(tmp_path / "checkout", "1/0"), monkeypatch)


PACKAGES = """
import pathlib, sys
assert sys.argv[1:] == ["packages"]
folder = pathlib.Path("dist/packages")
folder.mkdir()
(folder / "x.deb").write_text("test")
"""


def test_packages_are_made_again_where_the_list_has_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = checkout(tmp_path / "checkout", '"test"')
    (folder / "release").mkdir()
    (folder / "release/__main__.py").write_text(PACKAGES)
    made = list[Path]()

    def module(copy: Path, name: str, *words: str | Path) -> list[str | Path]:
        made.append(copy)
        return [sys.executable, "-m", name, *words]

    monkeypatch.setattr(verify_release, "_module", module)
    monkeypatch.setenv(places.BUILD_CACHE_VARIABLE, str(folder / "user"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    names = ("a.whl", "x.deb", "RELEASE_NOTES.md", "whisper-transcriber-1.2.3.intoto.json")
    (folder / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name in names))
    verify_release.verify_release(str(folder / "SHA256SUMS"), checkout=folder)
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [f"{name}: is what this source gives" for name in names[:2]]
    assert [line.partition(":")[0] for line in told[2:]] == sorted(names[2:])
    assert len(made) == 2


def test_signatures_in_published_appimages_are_the_recipes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    copy, published = tmp_path / "copy", tmp_path / "published"
    for folder in (published, copy / "dist", copy / ".venv/bin"):
        folder.mkdir(parents=True)
    for name in ("native-build", "torch-build", "buildkit", "scripts", "transcriber"):
        (copy / name).symlink_to(places.CHECKOUT / name)
    python = copy / ".venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (copy / "dist/a.AppImage").write_text("no AppImage")
    # Where the published ones do not lie beside the list, there is nothing to take.
    verify_release._take_signatures(copy, published)
    (published / "a.AppImage").write_text("no AppImage")
    with pytest.raises(ToolError, match="cannot be read"):
        verify_release._take_signatures(copy, published)
    assert "not a 64-bit little-endian ELF file" in capfd.readouterr().err
