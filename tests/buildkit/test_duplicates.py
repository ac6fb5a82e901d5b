from __future__ import annotations

from pathlib import Path

from buildkit.duplicates import duplicate_files


def test_groups_of_files_with_the_same_bytes(tmp_path: Path) -> None:
    for name, content in {
        "b/one": "same",
        "a/two": "same",
        "three": "ours",
        "four": "other, and longer",
        "empty": "",
        "a/empty": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    (tmp_path / "link").symlink_to("three")
    assert duplicate_files(tmp_path) == [[tmp_path / "a/two", tmp_path / "b/one"]]
