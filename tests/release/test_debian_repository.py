"""An archive for apt: what is in it, and that apt installs from it and refuses another's."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_systems import SUITES, make_system, run_in_copy

from buildkit.errors import InputError, ToolError
from debian_samples import make_small_deb
from release.common.description import read_description
from release.debian.repository import write_apt_repository

INDEX = "main/binary-amd64/Packages"

INSTALL = """\
echo "deb [signed-by=/mnt/archive/whisper-transcriber.asc] file:/mnt/archive stable main" \
    > /etc/apt/sources.list
apt-get update
apt-get install --yes whisper-transcriber
dpkg-query --show --showformat 'installed ${Version}' whisper-transcriber
"""

UPDATE = """\
echo "deb [signed-by=/mnt/archive/whisper-transcriber.asc] file:/mnt/archive stable main" \
    > /etc/apt/sources.list
apt-get update || echo it refuses
apt-get install --yes whisper-transcriber || echo it has no package
"""


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if shutil.which("gpg") is None:
        pytest.skip("this machine has no gpg, which signs")
    home = tmp_path / "gnupg"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    words = ["--passphrase", "", "--quick-generate-key", "a@example.invalid", "rsa3072", "sign"]
    command = ["gpg", "--batch", *words, "never"]
    subprocess.run(command, capture_output=True, check=True, timeout=60)
    yield "a@example.invalid"
    subprocess.run(["gpgconf", "--kill", "all"], check=False)


def make_archive(folder: Path, *, sign_key: str = "") -> Path:
    """Make an archive in a folder that apt's own user may enter."""
    debs = [make_small_deb(folder / version, version) for version in ("1.2.3-rc.1", "1.2.3")]
    output = folder / "work/archive"
    folder.joinpath("work").mkdir(mode=0o755)
    return write_apt_repository(debs, output, description=read_description(), sign_key=sign_key)


def test_lists_each_package_with_its_digest(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    suite = archive / "dists/stable"
    index = (suite / INDEX).read_text()
    assert index.count("Package: whisper-transcriber\n") == 2
    for paragraph in index.rstrip().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in paragraph.splitlines() if not line.startswith(" ")
        )
        content = (archive / fields["Filename"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == fields["SHA256"]
        assert len(content) == int(fields["Size"])
        assert fields["Version"].replace("~", "-") in ("1.2.3-rc.1", "1.2.3")
    assert gzip.decompress((suite / f"{INDEX}.gz").read_bytes()).decode() == index
    assert lzma.decompress((suite / f"{INDEX}.xz").read_bytes()).decode() == index


def test_digests_of_the_indexes_are_in_the_list(tmp_path: Path) -> None:
    suite = make_archive(tmp_path) / "dists/stable"
    listed = (suite / "Release").read_text().partition("SHA256:\n")[2].splitlines()
    assert len(listed) == 3
    for line in listed:
        digest, size, name = line.split()
        content = (suite / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, int(size))
    # That of the newest package, not of today.
    assert "\nDate: Thu, 09 Jul 2026 00:00:00 +0000\n" in (suite / "Release").read_text()
    # There is nothing that would look like a signature.
    assert {path.name for path in suite.iterdir()} == {"Release", "main"}


def test_gives_the_same_bytes_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make_archive(tmp_path / "here")
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    other = make_archive(tmp_path / "a longer place")
    assert contents(one) == contents(other)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_it_held_is_gone(tmp_path: Path) -> None:
    (tmp_path / "archive/pool").mkdir(parents=True)
    (tmp_path / "archive/pool/old.deb").touch()
    deb = make_small_deb(tmp_path)
    write_apt_repository([deb], tmp_path / "archive", description=read_description())
    assert [path.name for path in (tmp_path / "archive").rglob("*.deb")] == [deb.name]


def test_says_that_there_is_no_package(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    with pytest.raises(InputError, match="needs a package"):
        write_apt_repository([], tmp_path / "archive", description=read_description())
    with pytest.raises(InputError, match="cannot read"):
        write_apt_repository(
            [tmp_path / "lacking.deb"], tmp_path / "archive", description=read_description()
        )
    # What was there is there.
    assert (tmp_path / "archive").is_dir()


def test_says_that_there_is_no_key(tmp_path: Path, key: str) -> None:
    with pytest.raises(ToolError, match="check SIGN_KEY"):
        make_archive(tmp_path, sign_key=f"not-{key}")


@pytest.mark.slow
@pytest.mark.parametrize("suite", SUITES)
def test_apt_installs_what_is_signed(tmp_path: Path, key: str, suite: str) -> None:
    archive = make_archive(tmp_path, sign_key=key)
    said = run_in_copy(make_system(suite), INSTALL, archive.parent)
    assert said.endswith("installed 1.2.3"), said


@pytest.mark.slow
@pytest.mark.parametrize("suite", [SUITES[0], SUITES[-1]])
@pytest.mark.parametrize("signature", ["InRelease", "Release.gpg"])
def test_apt_refuses_what_was_changed(tmp_path: Path, key: str, signature: str, suite: str) -> None:
    archive = make_archive(tmp_path, sign_key=key)
    folder = archive / "dists/stable"
    # Each of the two is enough for apt.
    (folder / {"InRelease": "Release.gpg", "Release.gpg": "InRelease"}[signature]).unlink()
    whole = run_in_copy(make_system(suite), INSTALL, archive.parent)
    assert whole.endswith("installed 1.2.3"), whole
    changed = (folder / INDEX).read_bytes().replace(b"Version: 1.2.3\n", b"Version: 9.2.3\n")
    (folder / INDEX).write_bytes(changed)
    (folder / f"{INDEX}.gz").write_bytes(gzip.compress(changed, 9, mtime=0))
    (folder / f"{INDEX}.xz").write_bytes(lzma.compress(changed))
    said = run_in_copy(make_system(suite), UPDATE, archive.parent)
    assert "it has no package" in said, said
    assert "it refuses" in said, said
    assert "Hash Sum mismatch" in said or "unexpected size" in said, said


@pytest.mark.slow
def test_apt_refuses_another_signature(tmp_path: Path, key: str) -> None:
    archive = make_archive(tmp_path, sign_key=key)
    release = archive / "dists/stable/InRelease"
    release.write_text(release.read_text().replace("Suite: stable", "Suite: stabel"))
    (archive / "dists/stable/Release.gpg").unlink()
    said = run_in_copy(make_system("bookworm"), UPDATE, archive.parent)
    assert "it has no package" in said, said
    assert "BADSIG" in said, said
