from __future__ import annotations

import gzip
import os
import subprocess
import time
from pathlib import Path

import pytest

from buildkit.errors import InputError
from debian_samples import make_small_deb, make_whole_program, unpacked
from release.common.description import read_description
from release.debian.package import make_deb


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return unpacked(make_small_deb(tmp_path), tmp_path / "root")


def test_is_named_and_ordered_as_debian_has_it(tmp_path: Path) -> None:
    deb = make_small_deb(tmp_path)
    assert deb.name == "whisper-transcriber_1.2.3~rc.1_amd64.deb"
    assert deb.stat().st_mode & 0o777 == 0o644
    fields = unpacked(deb, tmp_path / "root") / "DEBIAN/control"
    assert "\nVersion: 1.2.3~rc.1\n" in fields.read_text()


def test_has_everything_in_the_places_of_debian(root: Path) -> None:
    usr = root / "usr"
    assert (usr / "bin/transcriber").resolve() == usr / "lib/whisper-transcriber/transcriber.bin"
    manual = usr / "share/man/man1/transcriber.1.gz"
    assert gzip.decompress(manual.read_bytes()) == b"transcriber.1"
    assert not manual.with_suffix("").exists()
    assert (usr / "share/zsh/vendor-completions/_transcriber").is_file()
    assert not (usr / "share/zsh/site-functions").exists()
    documents = usr / "share/doc/whisper-transcriber"
    changes = gzip.decompress((documents / "changelog.gz").read_bytes()).decode()
    assert changes.startswith("whisper-transcriber (1.2.3~rc.1) ")
    assert (documents / "copyright").read_text().startswith("Format: ")
    assert not (usr / "lib/whisper-transcriber/licences").exists()


def test_units_start_the_installed_program(root: Path) -> None:
    system, user = root / "usr/lib/systemd/system", root / "usr/lib/systemd/user"
    assert {path.name for path in system.iterdir()} == {"transcriber.service", "transcriber.socket"}
    units = [system / "transcriber.service", *user.iterdir()]
    assert len(units) == 3
    for unit in units:
        text = unit.read_text()
        assert "\nExecStart=/usr/bin/transcriber " in text
        # Nobody is sent to a place where the unit is not.
        assert text.startswith("[Unit]\n")
    assert "DynamicUser=yes\n" in units[0].read_text()


def test_digests_are_those_of_the_files(root: Path) -> None:
    done = subprocess.run(
        ["md5sum", "--check", "--strict", "DEBIAN/md5sums"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "usr/lib/whisper-transcriber/transcriber.bin: OK" in done.stdout


def test_scripts_are_those_that_a_shell_reads(root: Path) -> None:
    for name in ("postinst", "prerm", "postrm"):
        script = root / "DEBIAN" / name
        assert script.stat().st_mode & 0o777 == 0o755
        subprocess.run(["sh", "-n", script], check=True)


def test_gives_the_same_bytes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_small_deb(tmp_path / "here")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    mask = os.umask(0o077)
    try:
        time.tzset()
        other = make_small_deb(tmp_path / "a longer place")
    finally:
        os.umask(mask)
        monkeypatch.undo()
        time.tzset()
    assert one.read_bytes() == other.read_bytes()
    # Nothing beside it.
    assert list(other.parent.iterdir()) == [other]


@pytest.mark.parametrize("lacking", ["terminal/transcriber.1", "transcriber.cdx.json", "licences"])
def test_says_that_a_program_is_not_whole(tmp_path: Path, lacking: str) -> None:
    program = make_whole_program(tmp_path / "program")
    (program / lacking).rename(tmp_path / "away")
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("## Unreleased\n\n- More.\n")
    with pytest.raises(InputError, match="make appimages"):
        make_deb(program, tmp_path / "out", description=read_description(), changelog=changelog)
    assert not list((tmp_path / "out").iterdir())


def test_says_that_there_is_no_change_log(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        make_deb(
            tmp_path, tmp_path, description=read_description(), changelog=tmp_path / "lacking.md"
        )
