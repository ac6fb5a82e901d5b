"""What files take in a squashfs image, against the image itself and mksquashfs's own word."""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.sizes.squashfs import ImageFile, apportion, image_files, packed_weight
from buildkit.errors import BuildError
from buildkit.places import build_cache

OURS = sorted((build_cache() / "native").glob("mksquashfs-*/mksquashfs"))
MKSQUASHFS = str(OURS[-1]) if OURS else shutil.which("mksquashfs")

needs_mksquashfs = pytest.mark.skipif(MKSQUASHFS is None, reason="no mksquashfs on this machine")

BLOCK = 128 * 1024
NOISE = random.Random(1)

ZSTD = ("-comp", "zstd", "-Xcompression-level", "22", "-b", "128K")
COMPRESSIONS = {
    "zstd": ZSTD,
    "zstd, plain tables": (*ZSTD, "-noI"),
    "xz": ("-comp", "xz", "-b", "128K"),
    "no fragments": (*ZSTD, "-no-fragments"),
}


def make_image(folder: Path, image: Path, options: Sequence[str] = ZSTD) -> bytes:
    assert MKSQUASHFS is not None
    words = [MKSQUASHFS, str(folder), str(image), *options]
    words += ["-noappend", "-quiet", "-no-progress"]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this mksquashfs cannot: {made.stdout}{made.stderr}")
    return image.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "deep/er").mkdir(parents=True)
    (folder / "empty folder").mkdir()
    noise = NOISE.randbytes(3 * BLOCK + 1000)
    (folder / "noise").write_bytes(noise)
    (folder / "deep/same").write_bytes(noise)
    (folder / "deep/er/zeros").write_bytes(bytes(2 * BLOCK))
    (folder / "deep/er/words").write_bytes(b"the same words " * 40_000)
    (folder / "small").write_bytes(NOISE.randbytes(700))
    (folder / "little").write_bytes(b"a" * 700)
    (folder / "nothing").touch()
    (folder / "link").symlink_to("small")
    # More entries than a header of a folder's table, or a block of it, has room for.
    (folder / "many").mkdir()
    for number in range(700):
        (folder / f"many/a file with a long name, so that there are blocks {number:03}").touch()
    return folder


@needs_mksquashfs
@pytest.mark.parametrize("options", COMPRESSIONS.values(), ids=COMPRESSIONS)
def test_every_file_is_found_with_its_bytes(
    folder: Path, tmp_path: Path, options: Sequence[str]
) -> None:
    files = {one.path: one for one in image_files(make_image(folder, tmp_path / "i", options))}
    expected = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    assert {path: one.size for path, one in files.items()} == expected
    for one in files.values():
        assert sum(plain for plain, _ in one.blocks) == one.size
    # Of two files with one content, one has the bytes.
    copies = sorted(packed_bytes(files[path]) for path in ("noise", "deep/same"))
    assert copies[0] == 0
    assert copies[1] >= 3 * BLOCK + 1000
    assert packed_bytes(files["deep/er/zeros"]) == 0
    assert 0 < packed_bytes(files["deep/er/words"]) < 5000
    assert packed_bytes(files["small"]) > packed_bytes(files["little"]) > 0


def packed_bytes(one: ImageFile) -> int:
    return sum(packed for _, packed in one.blocks)


@needs_mksquashfs
def test_the_whole_image_is_accounted_for(folder: Path, tmp_path: Path) -> None:
    image = make_image(folder, tmp_path / "i")
    rest = len(image) - sum(map(packed_bytes, image_files(image)))
    # The superblock, the tables, and zeros up to four kilobytes.
    assert 96 < rest < 16_000
    for file in folder.rglob("*"):
        if file.is_file():
            file.unlink()
    assert image_files(make_image(folder, tmp_path / "j")) == []


@needs_mksquashfs
@pytest.mark.parametrize("damage", ["magic", "end", "compressor", "table"])
def test_a_damaged_image_is_told_in_one_line(folder: Path, tmp_path: Path, damage: str) -> None:
    image = bytearray(make_image(folder, tmp_path / "i"))
    tables = int.from_bytes(image[64:72], "little")
    match damage:
        case "magic":
            image[0] = 0
        case "end":
            del image[50:]
        case "compressor":
            image[20] = 99
        case "table":
            image[tables + 10 : tables + 200] = bytes(190)
    with pytest.raises(BuildError, match="file system cannot be read") as failure:
        image_files(bytes(image))
    assert "\n" not in str(failure.value)


def test_weights_are_the_same_on_every_machine() -> None:
    # What bzip2 1.0 makes of these; zlib's bytes depend on which zlib a machine has.
    content = b"".join(b"%d squared is %d\n" % (number, number**2) for number in range(5000))
    assert (packed_weight(b""), packed_weight(content)) == (14, 26_054)


@pytest.mark.parametrize(
    ("total", "weights"), [(10, [1, 1, 1]), (7, [5]), (0, [3, 4]), (1, [1, 1, 1, 1]), (9, [0, 2])]
)
def test_shares_add_up(total: int, weights: list[int]) -> None:
    shares = apportion(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * weight / sum(weights)) <= 1
