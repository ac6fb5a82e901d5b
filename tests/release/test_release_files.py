"""What a release consists of."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import InputError
from release import packages
from release.description import read_description
from release.packages import given_away, make_packages
from torch_build.build import WHEEL


def test_a_release_has_what_both_builds_made_and_every_package(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    (folder / "packages").mkdir(parents=True)
    wanted = {
        WHEEL,
        WHEEL.replace(".whl", ".vex.cdx.json"),
        "transcriber-lean-x86_64.AppImage",
        "transcriber-lean-x86_64.AppImage.zsync",
        "transcriber-lean-x86_64.cdx.json",
        "transcriber-lean-x86_64.vex.cdx.json",
        "torch-cuda.so.xz",
    }
    # Of an edition without its AppImage, of reports, and of an earlier list.
    others = {"transcriber-cuda-x86_64.cdx.json", "size-report.md", "SHA256SUMS"}
    for name in wanted | others:
        (folder / name).touch()
    (folder / "packages/x.deb").touch()
    found = {path.name for path in given_away(folder, folder / "packages")}
    assert found == wanted | {"x.deb"}


def test_without_a_program_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "PROGRAMS", tmp_path / "nowhere")
    (tmp_path / "old.deb").touch()
    with pytest.raises(InputError, match="make appimages"):
        make_packages(tmp_path, description=read_description())
    assert (tmp_path / "old.deb").exists()
