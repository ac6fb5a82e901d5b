from __future__ import annotations

import dataclasses
from pathlib import Path

from release.common.description import read_description
from release.debian.control import file_name, make_control, make_digests

DESCRIPTION = dataclasses.replace(
    read_description(address="https://example.org/transcriber"),
    version="1.2.3",
    summary="Speech to text",
    paragraphs=("word " * 30, "The end."),
)


def fields(text: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in text.splitlines() if not line.startswith(" "))


def test_says_what_the_package_needs(tmp_path: Path) -> None:
    found = fields(make_control(DESCRIPTION, tmp_path))
    assert found["Version"] == "1.2.3"
    assert found["Depends"] == "libc6 (>= 2.31)"
    # apt would install these on a server, too.
    assert "Recommends" not in found
    assert found["Homepage"] == DESCRIPTION.address
    assert "Homepage" not in fields(
        make_control(dataclasses.replace(DESCRIPTION, address=""), tmp_path)
    )


def test_describes_in_lines_of_the_control_file(tmp_path: Path) -> None:
    lines = make_control(DESCRIPTION, tmp_path).partition("Description: ")[2].splitlines()
    assert lines[0] == "Speech to text"
    assert lines[-2:] == [" .", " The end."]
    assert all(line.startswith(" ") and len(line) < 80 for line in lines[1:])


def test_counts_the_size_as_dpkg_does(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/large").write_bytes(bytes(1025))
    (tmp_path / "usr/link").symlink_to("large")
    assert fields(make_control(DESCRIPTION, tmp_path))["Installed-Size"] == str(2 + 1 + 1)


def test_digests_leave_links_out(tmp_path: Path) -> None:
    (tmp_path / "a b").write_text("word\n")
    (tmp_path / "link").symlink_to("a b")
    assert make_digests(tmp_path) == "a46ec67a0f2e7c387926ac5d783ea4b8  a b\n"


def test_the_name_is_that_of_the_version() -> None:
    assert file_name(DESCRIPTION) == "whisper-transcriber_1.2.3_amd64.deb"
