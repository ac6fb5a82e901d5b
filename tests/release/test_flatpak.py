from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from packagers import command, lacking

from buildkit.errors import UsageError
from recipe_samples import (
    DESCRIPTION,
    check_that_it_needs_an_address,
    check_that_it_pins,
    small_tarball,
)
from release.common.description import read_description
from release.recipes.flatpak import application_id, make_flatpak

ID = "org.example.whisper_transcriber"


def test_pins_the_very_tarball(tmp_path: Path) -> None:
    check_that_it_pins(make_flatpak, tmp_path, lambda tarball: tarball.sha256)


def test_needs_an_address(tmp_path: Path) -> None:
    check_that_it_needs_an_address(make_flatpak, tmp_path)


def test_has_what_flatpak_builder_wants(tmp_path: Path) -> None:
    made = make_flatpak(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    manifest = yaml.safe_load(made.read_text())
    # It refuses a file that is not called by the identifier.
    assert made.name == f"{manifest['id']}.yml" == f"{ID}.yml"
    # A number would lose its last zero.
    assert manifest["runtime-version"] == "24.08"
    assert manifest["command"] == "transcriber"
    (module,) = manifest["modules"]
    (source,) = module["sources"]
    assert (module["buildsystem"], source["type"]) == ("simple", "archive")
    # Neither the home nor the whole machine.
    assert not {"--filesystem=home", "--filesystem=host", "--device=all"} & {
        *manifest["finish-args"]
    }


def test_lays_out_what_is_called_by_the_identifier(tmp_path: Path) -> None:
    tarball = small_tarball(tmp_path)
    manifest = yaml.safe_load(make_flatpak(tarball, tmp_path, description=DESCRIPTION).read_text())
    with tarfile.open(tarball.path) as archive:
        archive.extractall(tmp_path, filter="tar")
    app = tmp_path / "app"
    app.mkdir()
    environment = {**os.environ, "FLATPAK_DEST": str(app), "FLATPAK_ID": manifest["id"]}
    for line in manifest["modules"][0]["build-commands"]:
        subprocess.run(
            ["/bin/sh", "-ec", line],
            cwd=tmp_path / "transcriber-1.2.3",
            env=environment,
            check=True,
        )
    assert (app / "bin" / manifest["command"]).read_text() == "transcriber.bin"
    assert (app / f"share/icons/hicolor/scalable/apps/{ID}.svg").is_file()
    # flatpak exports no other names.
    names = {path.name for path in (app / "share").rglob("whisper-transcriber*")}
    assert not names
    entry, metainfo = (
        app / f"share/applications/{ID}.desktop",
        app / f"share/metainfo/{ID}.metainfo.xml",
    )
    assert f"\nIcon={ID}\n" in entry.read_text()
    assert f"<id>{ID}</id>" in metainfo.read_text()
    assert f'"desktop-id">{ID}.desktop<' in metainfo.read_text()
    if not lacking("desktop-file-validate"):
        subprocess.run([*command("desktop-file-validate"), entry], check=True)
    if not lacking("appstreamcli"):
        words = ("validate", "--no-net", "--explain", metainfo)
        subprocess.run([*command("appstreamcli"), *words], check=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "4.example.org"])
def test_refuses_a_host_that_names_nobody(host: str) -> None:
    with pytest.raises(UsageError, match="domain"):
        application_id(read_description(address=f"http://{host}/x"))


@pytest.mark.skipif(
    not shutil.which("flatpak-builder"), reason="this machine has no flatpak-builder"
)
def test_flatpak_builder_reads_it(tmp_path: Path) -> None:
    made = make_flatpak(small_tarball(tmp_path), tmp_path, description=DESCRIPTION)
    subprocess.run(["flatpak-builder", "--show-manifest", made], check=True)
