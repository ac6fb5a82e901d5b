from __future__ import annotations

import base64
import csv
import email
import hashlib
import importlib.util
import io
import os
import re
import shutil
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from buildkit.archive import read_zip
from buildkit.errors import RecipeError, ResultError, ToolError
from buildkit.places import CHECKOUT
from release.common.description import read_description
from release.wheels import program as program_wheel
from release.wheels.index import is_refused
from release.wheels.program import make_program_wheel, plain_readme
from scripts.layout import DETECTOR
from scripts.stale_python import pins_in

needs_setuptools = pytest.mark.skipif(
    importlib.util.find_spec("setuptools") is None, reason="no setuptools: make setup"
)
needs_detector = pytest.mark.skipif(
    not (CHECKOUT / DETECTOR / "detector.bin").is_file(), reason="no detector: make setup"
)

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small program: its entry, its detector and what the wheel is made of."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("README.md", "LICENSE", "pins.toml"):
        shutil.copyfile(CHECKOUT / name, folder / name)
    text = (CHECKOUT / "pyproject.toml").read_text()
    packages = 'packages = ["transcriber", "transcriber.speech"]'
    (folder / "pyproject.toml").write_text(re.sub(r"(?m)^packages = .*$", packages, text))
    for name in ("__init__.py", "__main__.py", "languages.toml", "py.typed", "speech/__init__.py"):
        _copy(f"transcriber/{name}", folder)
    for name in ("detector.bin", "detector-licence.txt"):
        _copy(f"{DETECTOR}/{name}", folder)
    return folder


def _copy(name: str, folder: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(CHECKOUT / name, folder / name)


def _described(wheel: Path) -> Message:
    members = read_zip(wheel)
    return email.message_from_bytes(
        next(content for name, content in members.items() if name.endswith("/METADATA"))
    )


@contextmanager
def _other_surroundings() -> Iterator[None]:
    zone, mask = os.environ.get("TZ"), os.umask(0o077)
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
    try:
        yield
    finally:
        os.umask(mask)
        os.environ.pop("TZ") if zone is None else os.environ.update(TZ=zone)
        time.tzset()


@needs_setuptools
@needs_detector
def test_gives_the_same_bytes_whatever_the_surroundings(checkout: Path, tmp_path: Path) -> None:
    first = make_program_wheel(checkout, tmp_path / "a", description=read_description())
    moved = shutil.copytree(checkout, tmp_path / "a longer name/checkout")
    for path in moved.rglob("*"):
        os.utime(path, (1, 1))
    with _other_surroundings():
        second = make_program_wheel(moved, tmp_path / "b", description=read_description())
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


@needs_setuptools
@needs_detector
def test_says_what_pyproject_says(checkout: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in checkout.rglob("*")}
    wheel = make_program_wheel(checkout, tmp_path, description=read_description())
    assert {path: path.stat().st_mtime_ns for path in checkout.rglob("*")} == before
    fields = _described(wheel)
    assert wheel.name == f"whisper_transcriber-{fields['Version']}-py3-none-any.whl"
    assert fields["License-Expression"] == "MIT"
    assert SpecifierSet(fields["Requires-Python"]) == SpecifierSet(PROJECT["requires-python"])
    needed = {str(Requirement(text)) for text in fields.get_all("Requires-Dist", [])}
    assert needed >= {str(Requirement(text)) for text in PROJECT["dependencies"]}
    assert fields["Description-Content-Type"] == "text/markdown"
    assert str(fields.get_payload()).startswith("# Whisper Transcriber\n\n> This is the wheel")
    members = read_zip(wheel)
    about = wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"
    assert b"transcriber = transcriber.__main__:start" in members[f"{about}/entry_points.txt"]
    assert members[f"{about}/licenses/LICENSE"] == (CHECKOUT / "LICENSE").read_bytes()
    assert members["transcriber/speech/detector-licence.txt"]


@needs_setuptools
@needs_detector
def test_lists_the_digest_of_every_file(checkout: Path, tmp_path: Path) -> None:
    members = read_zip(make_program_wheel(checkout, tmp_path, description=read_description()))
    *_, last = members
    assert last.endswith(".dist-info/RECORD")
    listed = {row[0]: row[1:] for row in csv.reader(io.StringIO(members[last].decode()))}
    assert list(listed) == list(members)
    assert listed.pop(last) == ["", ""]
    for name, (digest, size) in listed.items():
        expected = base64.urlsafe_b64encode(hashlib.sha256(members[name]).digest())
        assert digest == f"sha256={expected.decode().rstrip('=')}"
        assert int(size) == len(members[name])


@needs_setuptools
@needs_detector
def test_has_the_version_of_the_description(checkout: Path, tmp_path: Path) -> None:
    trial = read_description(version="1.2.3-rc.1")
    wheel = make_program_wheel(checkout, tmp_path, description=trial)
    assert wheel.name == "whisper_transcriber-1.2.3rc1-py3-none-any.whl"
    assert b'"1.2.3-rc.1"' in read_zip(wheel)["transcriber/__init__.py"]


@needs_setuptools
@needs_detector
def test_the_public_index_refuses_it(checkout: Path, tmp_path: Path) -> None:
    wheel = make_program_wheel(checkout, tmp_path, description=read_description())
    assert is_refused(_described(wheel).as_bytes())


@needs_detector
@pytest.mark.parametrize("name", ["detector.bin", "detector-licence.txt"])
@pytest.mark.parametrize("change", [Path.unlink, lambda path: path.write_bytes(b"another")])
def test_refuses_a_program_without_its_detector(
    checkout: Path, tmp_path: Path, name: str, change: object
) -> None:
    copy = shutil.copytree(checkout, tmp_path / "copy")
    assert callable(change)
    change(copy / DETECTOR / name)
    with pytest.raises(RecipeError, match=rf"{name} is lacking .*: make it: make setup"):
        make_program_wheel(copy, tmp_path, description=read_description())


@needs_setuptools
@needs_detector
@pytest.mark.parametrize("name", ["forgotten/__init__.py", "speech/data.unknown"])
def test_refuses_to_leave_a_file_out(checkout: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(checkout, tmp_path / "copy")
    (copy / "transcriber" / name).parent.mkdir(exist_ok=True)
    (copy / "transcriber" / name).write_text("")
    with pytest.raises(RecipeError, match=f"lacks transcriber/{name}: name its package"):
        make_program_wheel(copy, tmp_path, description=read_description())


@needs_setuptools
@needs_detector
def test_says_in_a_line_what_setuptools_cannot_do(checkout: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(checkout, tmp_path / "copy")
    text = (copy / "pyproject.toml").read_text()
    (copy / "pyproject.toml").write_text(text.replace('"transcriber.speech"]', '"nowhere"]'))
    with pytest.raises(ToolError, match=r"setuptools cannot make the wheel: .*nowhere"):
        make_program_wheel(copy, tmp_path, description=read_description())


@needs_setuptools
@needs_detector
def test_refuses_a_wheel_that_is_too_large(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_wheel, "LIMIT", 1000)
    with pytest.raises(ResultError, match="1000 is the limit"):
        make_program_wheel(checkout, tmp_path, description=read_description())


@needs_setuptools
@needs_detector
def test_the_program_is_whole(tmp_path: Path) -> None:
    wheel = make_program_wheel(CHECKOUT, tmp_path, description=read_description())
    members = read_zip(wheel)
    for name in ("page/index.html", "service/openapi.json", "speech/detector.bin", "py.typed"):
        assert f"transcriber/{name}" in members
    assert not [name for name in members if "__pycache__" in name or name.startswith("tests")]


def test_takes_the_pins_of_the_set_up() -> None:
    pins = {
        pin.name: pin.version
        for name in ("program.txt", "stock.txt")
        for pin in pins_in(CHECKOUT / "requirements" / name)
    }
    extras = PROJECT["optional-dependencies"].values()
    for text in (*PROJECT["dependencies"], *(one for extra in extras for one in extra)):
        requirement = Requirement(text)
        assert requirement.specifier, "without a bound, anything old would do"
        assert requirement.specifier.contains(pins[requirement.name]), text


def test_shows_a_readme_without_what_it_links_to() -> None:
    text = """# It

See ![a picture](docs/one.svg), [a file](docs/two.md#part), [below](#below) and
[the web](https://example.org/x).

```console
$ echo [a](b)
```
"""
    shown = plain_readme(text)
    assert "See *a picture.*, a file, below and\n[the web](https://example.org/x)." in shown
    assert "$ echo [a](b)" in shown
    assert shown.startswith("# It\n\n> This is the wheel")


def test_the_readme_keeps_no_link_into_the_repository() -> None:
    shown = plain_readme((CHECKOUT / "README.md").read_text(encoding="utf-8"))
    assert re.findall(r"\]\((?!https?:)[^)]*\)", re.sub(r"(?ms)^```.*?^```", "", shown)) == []
