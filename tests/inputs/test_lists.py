"""Files that name recordings."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from transcriber.errors import InputError, UsageError
from transcriber.inputs.lists import expanded
from transcriber.inputs.recordings import find_recordings


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is beside the current one."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = tmp_path / "lists"
    folder.mkdir()
    return folder


def names(path: Path | str) -> list[str]:
    return list(expanded([f"@{path}"]))


CONTENTS = {
    "plain": b"a.wav\nb c.mp3\n",
    "no end": b"a.wav\nb c.mp3",
    "windows": b"a.wav\r\nb c.mp3\r\n",
    "byte order mark": b"\xef\xbb\xbfa.wav\nb c.mp3\n",
    "utf-16": "a.wav\r\nb c.mp3\r\n".encode("utf-16"),
    "remarks and empty lines": b"# first\n\na.wav\n   \n#EXTINF:3,b\nb c.mp3\n\n",
    "blanks": b"  a.wav \n\tb c.mp3\t\n",
    "find -print0": b"a.wav\0b c.mp3\0",
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_forms_of_a_list(lists: Path, kind: str) -> None:
    path = lists / "list.txt"
    path.write_bytes(CONTENTS[kind])
    assert names(path) == [str(lists / "a.wav"), str(lists / "b c.mp3")]


def test_names_are_looked_for_beside_the_list_then_here(lists: Path) -> None:
    (lists / "beside.wav").touch()
    (lists / "both.wav").touch()
    Path("both.wav").touch()
    Path("here.wav").touch()
    Path("odd [1].wav").touch()
    (lists / "list.txt").write_text("beside.wav\nboth.wav\nhere.wav\nodd [1].wav\nmissing.wav\n")
    assert names(lists / "list.txt") == [
        *(str(lists / "beside.wav"), str(lists / "both.wav"), "here.wav", "odd [1].wav"),
        str(lists / "missing.wav"),
    ]
    assert names("../lists/list.txt")[0] == "../lists/beside.wav"


def test_a_list_in_the_current_folder_names_what_is_there(lists: Path) -> None:
    Path("list.txt").write_text("a.wav\nsub/b.wav\n")
    assert names("list.txt") == ["a.wav", "sub/b.wav"]


def test_absolute_names_the_home_addresses_and_standard_input(lists: Path) -> None:
    (lists / "list.txt").write_text("/x/a.wav\n~/b.wav\nhttps://a.example/c.wav\n-\n")
    assert names(lists / "list.txt") == [
        *("/x/a.wav", str(Path("~/b.wav").expanduser()), "https://a.example/c.wav", "-")
    ]


def test_patterns_and_folders(lists: Path) -> None:
    odd = lists / "[odd]"
    (odd / "sub").mkdir(parents=True)
    for name in ("1.wav", "2.wav", "sub/3.wav"):
        (odd / name).touch()
    (odd / "list.txt").write_text("*.wav\nsub\n")
    found = find_recordings([f"@{odd / 'list.txt'}"])
    assert [one.path and one.path.name for one in found] == ["1.wav", "2.wav", "3.wav"]


def test_bytes_that_are_no_text(lists: Path) -> None:
    (lists / "list.txt").write_bytes(b"caf\xe9.wav\n")
    assert os.fsencode(names(lists / "list.txt")[0]).endswith(b"/caf\xe9.wav")


def test_the_other_inputs_stay_where_they_are(lists: Path) -> None:
    (lists / "list.txt").write_text("/b.wav\n/a.wav\n")
    assert list(expanded(["x.wav", f"@{lists / 'list.txt'}", "-", "a@b.wav"])) == [
        *("x.wav", "/b.wav", "/a.wav", "-", "a@b.wav")
    ]
    # The same recording twice is one.
    found = find_recordings(["/a.wav", f"@{lists / 'list.txt'}"])
    assert [str(one.path) for one in found] == ["/a.wav", "/b.wav"]


def test_a_recording_whose_name_begins_with_the_sign_is_itself(lists: Path) -> None:
    Path("@home.wav").touch()
    assert names("home.wav") == ["@home.wav"]
    assert list(expanded(["./@home.wav"])) == ["./@home.wav"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "names no recording"),
        (b"# nothing\n\n", "names no recording"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01", "is no list of names"),
        (b"ID3\x03\x00\x00\x00\x00\x01\x02", "is no list of names"),
    ],
)
def test_what_is_no_list(lists: Path, content: bytes, message: str) -> None:
    (lists / "list.txt").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        names(lists / "list.txt")
    assert str(lists / "list.txt") in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["missing.txt", ".", "x" * 300, "a\0b"])
def test_a_list_that_cannot_be_read(lists: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot read the list") as caught:
        names(name)
    assert caught.value.exit_code == 3
    assert len(str(caught.value).splitlines()) == 1


def test_a_list_on_standard_input(lists: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.wav").touch()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a.wav\n/b.wav\n")))
    assert names("-") == ["a.wav", "/b.wav"]

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    with pytest.raises(UsageError, match="standard input is a terminal"):
        names("-")
