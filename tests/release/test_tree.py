"""What a web server is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from release.common.description import read_description
from release.publishing import tree as publish_tree
from release.publishing.tree import lay_out_tree


def test_files_lie_at_the_top_and_indexes_have_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, list[str]] = {}

    def note(files: list[Path], output: Path, **others: object) -> None:
        asked[output.name] = [path.name for path in files]

    monkeypatch.setattr(publish_tree, "write_apt_repository", note)
    monkeypatch.setattr(publish_tree, "write_python_index", note)
    release = tmp_path / "release"
    release.mkdir()
    for name in ("x.deb", "x.whl", "x.AppImage", "SHA256SUMS"):
        (release / name).write_text(name)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/old.deb").touch()
    tree = lay_out_tree(release, tmp_path / "tree", description=read_description())
    assert asked == {"apt": ["x.deb"], "python": ["x.whl"]}
    assert {path.name for path in tree.iterdir()} == {"x.deb", "x.whl", "x.AppImage", "SHA256SUMS"}
    assert (tree / "x.AppImage").read_text() == "x.AppImage"
    assert (tree / "x.AppImage").stat().st_mode & 0o777 == 0o755
