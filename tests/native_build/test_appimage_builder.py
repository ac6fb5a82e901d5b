"""appimage-builder on our recipe, and what lies in the folder for others afterwards."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from appimage_tools import EXTRACTED, WORK, AppImageTools, provide_tools, run, section_content
from buildkit.errors import RecipeError
from native_build.app_dir import INSIDE, NAME, make_app_dir
from native_build.appimage_builder import RECIPE, REQUIREMENTS, run_builder
from native_build.appimages import PackTools, Publishing, make_appimage, write_all_digests
from native_build.build_packages import install_packages
from native_build.contents import BILL
from native_build.editions import EDITIONS, LEAN, ULTRA_LEAN, Edition
from native_build.freeze import EXECUTABLE
from native_build.pack import UPDATE_SECTION
from native_build.vex import ENDING
from transcriber import __version__


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(RECIPE.read_text())
    return loaded


def test_the_recipe_agrees_with_the_folder_that_is_packed(recipe: dict[str, Any]) -> None:
    info = recipe["AppDir"]["app_info"]
    assert (info["id"], info["icon"]) == (NAME, NAME)
    assert info["exec"] == f"{INSIDE}/{EXECUTABLE}"


def test_the_recipe_names_the_files_of_all_editions(recipe: dict[str, Any]) -> None:
    pattern = recipe["AppImage"]["file_name"]
    for edition in EDITIONS.values():
        assert pattern.replace("{{ EDITION }}", edition.name) == edition.appimage


@pytest.fixture(scope="module")
def built() -> AppImageTools:
    return provide_tools()


@pytest.fixture(scope="module")
def tools(built: AppImageTools) -> PackTools:
    packages = install_packages(WORK / "appimage-packages", requirements=REQUIREMENTS)
    return PackTools(runtime=built.runtime, mksquashfs=built.mksquashfs, packages=packages)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "program"
    folder.mkdir()
    for name in (EXECUTABLE, "ffmpeg"):
        (folder / name).write_text('#!/bin/sh\necho "said: $*"\n')
    (folder / BILL).write_text('{"bomFormat": "CycloneDX"}')
    folder.with_suffix(ENDING).write_text('{"bomFormat": "CycloneDX"}')
    (folder / "data").write_bytes(b"abc" * 100_000)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_it_packs_with_our_runtime_and_our_compression(
    built: AppImageTools, tools: PackTools, program: Path, tmp_path: Path, edition: Edition
) -> None:
    app_dir = make_app_dir(program, tmp_path / "AppDir")
    made = run_builder(
        app_dir,
        tools.runtime,
        tmp_path / "builder",
        edition,
        packages=tools.packages,
        mksquashfs=tools.mksquashfs,
    )
    head = tools.runtime.read_bytes()
    content = made.read_bytes()
    assert content.startswith(head)
    ours = built.pack(app_dir, tmp_path / "ours", compression=edition.compression).read_bytes()
    assert content[len(head) :] == ours[len(head) :]


@pytest.mark.slow
def test_all_that_is_given_away(tools: PackTools, program: Path, tmp_path: Path) -> None:
    output = tmp_path / "dist"
    publishing = Publishing(update_address="https://a.example/files/")
    made = [
        make_appimage(
            program, edition, output, tmp_path / "work", tools=tools, publishing=publishing
        )
        for edition in (ULTRA_LEAN, LEAN)
    ]
    (output / "torch.whl").write_text("wheel")
    (output / f"torch{ENDING}").write_text("answers")
    write_all_digests(made, output, publishing=publishing)
    names = {"torch.whl", f"torch{ENDING}", "SHA256SUMS"}
    for edition in (ULTRA_LEAN, LEAN):
        stem = edition.appimage.removesuffix(".AppImage")
        names |= {f"{stem}.AppImage", f"{stem}.AppImage.zsync", f"{stem}.cdx.json"}
        names.add(f"{stem}{ENDING}")
    assert {path.name for path in output.iterdir()} == names
    check = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=output,
        capture_output=True,
        check=True,
    )
    assert len(check.stdout.splitlines()) == len(names) - 1
    # Of one that was made alone, and not of what an earlier build left.
    write_all_digests(made[1:], output, publishing=publishing)
    assert ULTRA_LEAN.appimage not in (output / "SHA256SUMS").read_text()
    appimage = output / ULTRA_LEAN.appimage
    # What the updater reads names the file that lies beside it, and that is of these bytes.
    update = section_content(appimage.read_bytes(), UPDATE_SECTION).rstrip(b"\0").decode()
    assert update == f"zsync|https://a.example/files/{appimage.name}.zsync"
    head = (output / f"{appimage.name}.zsync").read_bytes().split(b"\n\n")[0].decode()
    assert (
        f"SHA-1: {hashlib.sha1(appimage.read_bytes(), usedforsecurity=False).hexdigest()}" in head
    )
    assert f"URL: {appimage.name}" in head
    done = run(appimage, "a", "b", home=tmp_path, **EXTRACTED)
    assert (done.returncode, done.stdout) == (0, "said: a b\n")


@pytest.mark.slow
def test_another_recipe_is_believed(tools: PackTools, program: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yml"
    recipe.write_text(RECIPE.read_text().replace("{{ EDITION }}", "{{ VERSION }}"))
    app_dir = make_app_dir(program, tmp_path / "AppDir")
    work = tmp_path / "builder"
    with pytest.raises(RecipeError, match=r"made no transcriber-lean-x86_64\.AppImage"):
        run_builder(
            app_dir,
            tools.runtime,
            work,
            LEAN,
            packages=tools.packages,
            mksquashfs=tools.mksquashfs,
            recipe=recipe,
        )
    assert (work / f"transcriber-{__version__}-x86_64.AppImage").is_file()
