"""The machine's archive and the one of old releases beside it, through the real apt."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from debian_archive import DebianArchive, apt_for

from buildkit.debian_addresses import ADDRESS_VARIABLE, older_addresses
from buildkit.debian_suites import PACKAGING, download_pinned, open_suites, show_source
from buildkit.debian_versions import compare, listed_versions
from buildkit.errors import SourceError
from buildkit.package_pins import Package, PackagePins
from buildkit.sysroot import provide_sysroot

pytestmark = pytest.mark.skipif(
    shutil.which("apt-get") is None, reason="this machine has no apt-get"
)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a folder with an archive that has a new release, and one beside it with an old one."""
    now = DebianArchive(tmp_path / "mirror/debian")
    now.add_source("new", "some", "2-1", {"some_2.orig.tar.gz": b"new"})
    now.add_binary("new", "some", "2-1")
    security = DebianArchive(tmp_path / "mirror/debian-security")
    files = {"some_2.orig.tar.gz": b"new", "some_2-2.debian.tar.xz": b"mended"}
    security.add_source("new-security", "some", "2-2", files)
    old = DebianArchive(tmp_path / "mirror/debian-archive/debian")
    old.add_source("old", "some", "1-1", {"some_1.orig.tar.gz": b"old"})
    return tmp_path / "mirror"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def empty(path: Path) -> Path:
    path.mkdir()
    return path


def test_a_release_that_left_comes_from_the_archive_beside_it(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = apt_for(mirror / "debian", tmp_path / "apt", monkeypatch)
    options = open_suites(empty(tmp_path / "lists"), ["old", "new"], sources=apt)
    for file, content in (("some_1.orig.tar.gz", b"old"), ("some_2.orig.tar.gz", b"new")):
        path = download_pinned("some", file, sha256(content), folder=tmp_path, options=options)
        assert path.read_bytes() == content


def test_the_second_address_is_not_asked_for_what_the_first_has(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    DebianArchive(mirror / "debian-archive/debian").add_source(
        "new", "some", "9-1", {"some_9.orig.tar.gz": b"evil"}
    )
    apt = apt_for(mirror / "debian", tmp_path / "apt", monkeypatch)
    options = open_suites(empty(tmp_path / "lists"), ["new"], sources=apt)
    assert [one.version for one in show_source("some", options)] == ["2-1"]


def test_with_the_first_gone_the_sysroot_comes_from_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = DebianArchive(tmp_path / "mirror/debian-archive/debian")
    content = old.add_binary("old", "libold", "1:2.31-13")
    package = Package(
        name="libold",
        version="1:2.31-13",
        size=len(content),
        sha256=sha256(content),
        purpose="a test",
    )
    apt = apt_for(tmp_path / "mirror/debian", tmp_path / "apt", monkeypatch)
    pins = PackagePins(suite="old", packages=(package,))
    root = provide_sysroot(tmp_path / "cache", pins=pins, apt_sources=apt).root
    assert (root / "usr/libold").read_text() == "1:2.31-13"


def test_an_address_can_be_named(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (mirror / "debian-archive/debian").rename(elsewhere)
    apt = apt_for(mirror / "debian", tmp_path / "apt", monkeypatch)
    with pytest.raises(SourceError, match=rf"suites old .*set {ADDRESS_VARIABLE} to"):
        open_suites(empty(tmp_path / "none"), ["old"], sources=apt)
    monkeypatch.setenv(ADDRESS_VARIABLE, f"file:{elsewhere}/")
    open_suites(empty(tmp_path / "lists"), ["old"], sources=apt)


def test_older_releases_are_beside_an_archive_of_the_usual_name() -> None:
    addresses = ["http://one.invalid/debian", "http://two.invalid/raspbian"]
    assert older_addresses(addresses) == ["http://one.invalid/debian-archive/debian"]


def test_security_updates_are_in_a_folder_of_their_own(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = apt_for(mirror / "debian", tmp_path / "apt", monkeypatch)
    options = open_suites(empty(tmp_path / "lists"), ["new", "new-security"], sources=apt)
    newest, older = show_source("some", options)
    assert (newest.version, newest.packaging) == ("2-2", "some_2-2.debian.tar.xz")
    assert (older.version, older.packaging) == ("2-1", "")
    assert older.upstream == newest.upstream == "some_2.orig.tar.gz"
    path = download_pinned(
        "some",
        newest.packaging,
        sha256(b"mended"),
        folder=tmp_path,
        options=options,
        part=PACKAGING,
    )
    assert path.read_bytes() == b"mended"


def test_a_digest_counts_for_its_file_alone() -> None:
    one, two = "a" * 64, "b" * 64
    listed = f"Version: 1\n {one} 5 x.tar\n\nVersion: 2\n {one} 5 y.tar\n {two} 5 x.tar\n"
    assert {version.version: version.files for version in listed_versions(listed)} == {
        "1": {"x.tar": one},
        "2": {"y.tar": one, "x.tar": two},
    }


def test_versions_are_in_the_order_of_dpkg() -> None:
    listed = "\n\n".join(f"Version: {one}" for one in ("1.9-1", "1:1-1", "1.10~rc1-1", "1.10-1"))
    newest_first = [one.version for one in listed_versions(f"{listed}\n\nVersion: 1.9-1\n")]
    assert newest_first == ["1:1-1", "1.10-1", "1.10~rc1-1", "1.9-1"]
    assert compare("1-1", "1-1") == 0
