"""Archives that depend on names and contents only."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from buildkit.archive import make_tar, read_folder, read_zip, write_zip, xz_size
from buildkit.errors import BuildError

MEMBERS = {"torch/b.py": b"print()\n", "torch/lib/libomp.so.5": b"\x7fELF" * 900, "torch/a.py": b""}


def lay_out(folder: Path, names: list[str], *, mode: int, time: int) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(MEMBERS[name])
        path.chmod(mode)
        os.utime(path, (time, time))
    return folder


def test_order_mode_and_date_on_the_disk_do_not_matter(tmp_path: Path) -> None:
    one = lay_out(tmp_path / "1", list(MEMBERS), mode=0o644, time=10**9)
    other = lay_out(tmp_path / "2", sorted(MEMBERS), mode=0o700, time=1_600_000_000)
    assert list(read_folder(one)) == sorted(MEMBERS)
    assert make_tar(read_folder(one)) == make_tar(read_folder(other))
    for folder in (one, other):
        write_zip(folder.with_suffix(".zip"), read_folder(folder))
    assert one.with_suffix(".zip").read_bytes() == other.with_suffix(".zip").read_bytes()


def test_a_zip_archive_keeps_order_and_content_with_fixed_dates_and_modes(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write_zip(path, MEMBERS)
    assert read_zip(path) == MEMBERS
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == list(MEMBERS)
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
        assert modes["torch/b.py"] == 0o100644
        assert modes["torch/lib/libomp.so.5"] == 0o100755
        assert archive.getinfo("torch/lib/libomp.so.5").compress_size < 100


def test_a_tar_archive_has_no_owner_and_no_date() -> None:
    with tarfile.open(fileobj=io.BytesIO(make_tar(MEMBERS))) as archive:
        entries = archive.getmembers()
    assert [entry.name for entry in entries] == sorted(MEMBERS)
    assert {(entry.uid, entry.gid, entry.uname, entry.mtime) for entry in entries} == {
        (0, 0, "", 0)
    }


@pytest.mark.skipif(shutil.which("xz") is None, reason="no xz on this machine")
def test_sizes_are_those_of_the_program_xz() -> None:
    content = b"".join(str(number**3).encode() for number in range(9000))
    packed = subprocess.run(
        ["xz", "-9", "-T1", "--stdout"], input=content, capture_output=True, check=True
    )
    assert xz_size(content) == len(packed.stdout)


def test_bytecode_is_left_out(tmp_path: Path) -> None:
    lay_out(tmp_path, ["torch/a.py"], mode=0o644, time=0)
    (tmp_path / "torch/__pycache__").mkdir()
    (tmp_path / "torch/__pycache__/a.cpython-311.pyc").write_bytes(b"1")
    assert list(read_folder(tmp_path)) == ["torch/a.py"]


def test_links_and_empty_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="holds no file"):
        read_folder(tmp_path / "missing")
    lay_out(tmp_path, ["torch/a.py"], mode=0o644, time=0)
    (tmp_path / "torch/b.py").symlink_to("a.py")
    with pytest.raises(BuildError, match=r"b\.py is not an ordinary file"):
        read_folder(tmp_path)


def test_a_damaged_zip_archive_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK no")
    with pytest.raises(BuildError, match=r"cannot read .*a\.zip"):
        read_zip(tmp_path / "a.zip")
