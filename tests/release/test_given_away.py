"""What a release consists of."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import BuildError, InputError
from release.common.description import read_description
from release.publishing import packages
from release.publishing.packages import given_away, make_packages


def test_a_release_has_what_was_built_last_and_every_package(tmp_path: Path) -> None:
    folder = tmp_path / "dist"
    (folder / "packages").mkdir(parents=True)
    # Of an earlier revision.
    (folder / "transcriber-cuda-x86_64.AppImage").touch()
    names = ("transcriber-lean-x86_64.AppImage", "torch.whl")
    (folder / "SHA256SUMS").write_text("".join(f"{'0' * 64}  {name}\n" for name in names))
    (folder / "packages/x.deb").touch()
    found = {path.name for path in given_away(folder, folder / "packages")}
    assert found == {*names, "x.deb"}


def test_without_a_list_nobody_knows_what_was_built(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="SHA256SUMS"):
        given_away(tmp_path, tmp_path)


def test_an_address_that_fits_no_recipe_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "old.deb").touch()
    description = read_description(address="https://192.0.2.1/x")
    with pytest.raises(BuildError, match="domain"):
        make_packages(tmp_path, description=description)
    assert (tmp_path / "old.deb").exists()


def test_without_a_program_nothing_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "PROGRAMS", tmp_path / "nowhere")
    (tmp_path / "old.deb").touch()
    with pytest.raises(InputError, match="make appimages"):
        make_packages(tmp_path, description=read_description())
    assert (tmp_path / "old.deb").exists()
