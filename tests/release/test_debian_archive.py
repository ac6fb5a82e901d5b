from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildkit.errors import InputError
from debian_samples import make_small_deb, unpacked
from release.debian.archive import make_deb_archive, read_deb, read_members


def make_archive(folder: Path, time: int = 1_800_000_000) -> bytes:
    (folder / "control").mkdir(parents=True)
    (folder / "control/control").write_text("Package: a\n")
    (folder / "root/usr").mkdir(parents=True)
    (folder / "root/usr/file").write_text("odd")
    (folder / "root/usr/link").symlink_to("file")
    return make_deb_archive(folder / "control", folder / "root", time)


def test_dpkg_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(make_archive(tmp_path))
    root = unpacked(tmp_path / "a.deb", tmp_path / "unpacked")
    assert (root / "DEBIAN/control").read_text() == "Package: a\n"
    assert (root / "usr/link").readlink() == Path("file")
    assert (root / "usr/file").stat().st_mtime == 1_800_000_000
    listed = subprocess.run(
        ["dpkg-deb", "--contents", tmp_path / "a.deb"], capture_output=True, text=True, check=True
    )
    assert all(line.split()[1] == "root/root" for line in listed.stdout.splitlines())


def test_tells_what_is_in_it(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    assert list(read_members(archive)) == ["debian-binary", "control.tar.xz", "data.tar.xz"]
    assert read_deb(archive) == ("Package: a\n", 1_800_000_000)


def test_reads_what_dpkg_made(tmp_path: Path) -> None:
    root = unpacked(make_small_deb(tmp_path), tmp_path / "root")
    made = tmp_path / "made.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", root, made],
        capture_output=True,
        check=True,
    )
    assert read_deb(made.read_bytes())[0] == (root / "DEBIAN/control").read_text()


@pytest.mark.parametrize("size", [0, 8, 30, 70, 200, -1])
def test_refuses_what_is_damaged(tmp_path: Path, size: int) -> None:
    damaged = make_archive(tmp_path)[:size]
    with pytest.raises(InputError, match="Debian package"):
        # One that ends behind a member is sound, but lacks what is looked for.
        read_members(damaged)
        read_deb(damaged)


def test_refuses_damage_in_a_member(tmp_path: Path) -> None:
    archive = bytearray(make_archive(tmp_path))
    archive[200:230] = bytes(30)
    with pytest.raises(InputError, match=r"control\.tar\.xz"):
        read_deb(bytes(archive))
