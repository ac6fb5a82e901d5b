"""Lists of digests, as sha256sum writes them and as somebody may forge them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from transcriber.signatures.digest_list import read_digests

ONE, OTHER = "a1" * 32, "b2" * 32


def test_what_sha256sum_writes_is_read(tmp_path: Path) -> None:
    names = [
        "a.AppImage",
        "two words.whl",
        " begins with a blank",
        "*star",
        os.fsdecode(b"\xff.so"),
    ]
    for name in names:
        (tmp_path / name).write_bytes(os.fsencode(name))
    for mode in ("--text", "--binary"):
        command = ["sha256sum", mode, "--", *names]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
        digests = read_digests(done.stdout)
        assert list(digests) == names
        assert len(set(digests.values())) == len(names)


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (f"{ONE}  a\r\n{OTHER} *b\r\n", {"a": ONE, "b": OTHER}),
        (f"# a list\n\n{ONE.upper()}  ./a", {"a": ONE}),
        (f"{ONE}  a\n{ONE} *a\n", {"a": ONE}),
        ("", {}),
    ],
)
def test_the_forms_of_a_line(content: str, names: dict[str, str]) -> None:
    assert read_digests(content.encode()) == names


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a.AppImage", "no digest"),
        (f"{ONE[1:]}  a", "no digest"),
        (f"{ONE}0  a", "no digest"),
        (f"{ONE}\ta", "no digest"),
        (f"{ONE} a", "no digest"),
        (f"{ONE}  ", "no digest"),
        (f"SHA256 (a) = {ONE}", "no digest"),
        (f"\\{ONE}  a\\nb", "no digest"),
        (f"{ONE}  ../a", "own folder"),
        (f"{ONE}  /etc/a", "own folder"),
        (f"{ONE}  folder/a", "own folder"),
        (f"{ONE}  ./../a", "own folder"),
        (f"{ONE}  ..", "own folder"),
        (f"{ONE}  ./", "own folder"),
        (f"{ONE}  a\0b", "own folder"),
        (f"{OTHER}  first", "contradicts"),
    ],
)
def test_a_line_that_is_none_ends_the_list(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"line 2 .*{reason}"):
        read_digests(f"{ONE}  first\n{line}\n".encode())
