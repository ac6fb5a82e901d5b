"""Packing an AppImage: the same bytes each time, and what the runtime reads in its sections."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from appimage_tools import AppImageTools, make_app_dir, provide_tools, run, section_content
from buildkit.errors import ResultError, ToolError
from debian_programs import debian_command
from native_build.pack import (
    DIGEST_SECTION,
    QUICKEST,
    SMALLEST,
    SUM_SECTION,
    UPDATE_SECTION,
    Compression,
    image_command,
    image_sum,
    join,
    with_section,
    write_digests,
)

COMPRESSIONS = pytest.mark.parametrize(
    "compression", [QUICKEST, SMALLEST], ids=["quickest", "smallest"]
)


@pytest.fixture(scope="module")
def tools() -> AppImageTools:
    return provide_tools()


@pytest.fixture(scope="module")
def app_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_app_dir(tmp_path_factory.mktemp("pack") / "AppDir")


@pytest.mark.slow
@COMPRESSIONS
def test_twice_the_same_bytes(
    tools: AppImageTools,
    app_dir: Path,
    tmp_path: Path,
    compression: Compression,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = tools.pack(app_dir, tmp_path / "first.AppImage", compression=compression)
    other = tmp_path / "elsewhere" / "copy of it"
    # The files come in another order, with other times, for somebody else.
    other.mkdir(parents=True)
    for path in sorted(app_dir.iterdir(), reverse=True):
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, other / path.name, symlinks=True)
        else:
            shutil.copy(path, other / path.name, follow_symlinks=False)
    for path in other.rglob("*"):
        os.utime(path, (1e9, 1e9), follow_symlinks=False)
        if os.geteuid() == 0:
            os.chown(path, 65534, 65534, follow_symlinks=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1234567890")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    before = os.umask(0o077)
    try:
        second = tools.pack(other, tmp_path / "second.AppImage", compression=compression)
    finally:
        os.umask(before)
    assert first.read_bytes() == second.read_bytes()
    assert second.stat().st_mode & 0o777 == 0o755


@pytest.mark.slow
@COMPRESSIONS
def test_no_time_and_no_owner_is_in_it(
    tools: AppImageTools, app_dir: Path, tmp_path: Path, compression: Compression
) -> None:
    image = tmp_path / "image"
    subprocess.run(
        image_command(tools.mksquashfs, app_dir, image, compression),
        check=True,
        capture_output=True,
    )
    assert image.read_bytes()[8:12] == bytes(4)
    listed = run(*debian_command("unsquashfs", "squashfs-tools"), "-UTC", "-lls", image).stdout
    lines = [line for line in listed.splitlines() if "squashfs-root" in line]
    assert len(lines) > 900
    assert all(" root/root " in line and " 1970-01-01 00:00 " in line for line in lines)


@pytest.mark.slow
def test_what_is_smallest_is_smaller(tools: AppImageTools, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    # Repeated further away than a smaller block reaches.
    (folder / "data").write_bytes(random.Random(1).randbytes(300_000) * 3)
    sizes = [
        tools.pack(folder, tmp_path / f"{index}.AppImage", compression=compression).stat().st_size
        for index, compression in enumerate((SMALLEST, QUICKEST))
    ]
    assert sizes[0] < sizes[1]


@pytest.mark.slow
def test_the_sections(tools: AppImageTools, app_dir: Path, tmp_path: Path) -> None:
    appimage = tools.pack(app_dir, tmp_path / "a.AppImage", update_information="zsync|ü")
    content = appimage.read_bytes()
    start = tools.runtime.stat().st_size
    assert section_content(content, UPDATE_SECTION) == "zsync|ü".encode().ljust(1024, b"\0")
    assert section_content(content, DIGEST_SECTION) == hashlib.sha256(content[start:]).digest()
    # For those who sign; the names and the sizes are those that the tools know.
    assert section_content(content, ".sha256_sig") == bytes(1024)
    assert section_content(content, ".sig_key") == bytes(8192)
    # Whether they were loaded or not, the program before them is as it was built.
    assert len(content[:start]) == start
    assert content[:4096] == tools.runtime.read_bytes()[:4096]


@pytest.mark.slow
def test_a_section_keeps_nothing_of_what_it_had(tools: AppImageTools) -> None:
    program = tools.runtime.read_bytes()
    long = with_section(program, UPDATE_SECTION, b"a long text")
    short = with_section(long, UPDATE_SECTION, b"short")
    assert section_content(short, UPDATE_SECTION).rstrip(b"\0") == b"short"
    assert with_section(short, UPDATE_SECTION, b"") == program
    with pytest.raises(ResultError, match="do not fit"):
        with_section(program, UPDATE_SECTION, bytes(1025))
    with pytest.raises(ResultError, match="no section"):
        with_section(program, ".other", b"")
    with pytest.raises(ToolError, match="no section"):
        section_content(program, ".other")


@pytest.mark.slow
def test_joining_puts_the_image_right_behind_the_runtime(
    tools: AppImageTools, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    image.write_bytes(b"hsqs")
    join(tools.runtime, image, tmp_path / "joined")
    content = (tmp_path / "joined").read_bytes()
    assert content[tools.runtime.stat().st_size :] == b"hsqs"
    assert section_content(content, SUM_SECTION) == b"hsqs\0\0\0\0"


def test_the_sum_of_an_image_tells_what_lies_where() -> None:
    def words(*numbers: int) -> bytes:
        return b"".join(number.to_bytes(8, "little") for number in numbers)

    assert image_sum(b"") == words(0)
    assert image_sum(b"\1") == words(1)
    assert image_sum(words(1, 2)) == words(1 + 2 * 3)
    assert image_sum(words(2, 1)) == words(2 + 1 * 3)
    assert image_sum(words(0, 0, 1 << 63)) == words((5 << 63) % (1 << 64))
    # The last word may be a part of one.
    assert image_sum(words(1) + b"\2") == image_sum(words(1, 2))
    image = bytes(range(256)) * 500
    changed = image[:70_000] + bytes(1) + image[70_001:]
    assert image[70_000] != 0
    assert image_sum(changed) != image_sum(image)


@pytest.mark.slow
def test_a_failure_says_why_and_leaves_nothing(tools: AppImageTools, tmp_path: Path) -> None:
    output = tmp_path / "out" / "a.AppImage"
    output.parent.mkdir()
    (tmp_path / "app").mkdir()
    with pytest.raises(ResultError, match="do not fit"):
        tools.pack(tmp_path / "app", output, update_information="x" * 2000)
    assert list(output.parent.iterdir()) == []


def test_the_digests_are_as_sha256sum_checks_them(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("b.AppImage", "a file.zsync")]
    for path in files:
        path.write_bytes(path.name.encode())
    write_digests(files, tmp_path / "SHA256SUMS")
    assert run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=tmp_path).returncode == 0
    names = [line.split("  ")[1] for line in (tmp_path / "SHA256SUMS").read_text().splitlines()]
    assert names == ["a file.zsync", "b.AppImage"]
    files[0].write_bytes(b"other")
    assert run("sha256sum", "--check", "SHA256SUMS", cwd=tmp_path).returncode == 1
