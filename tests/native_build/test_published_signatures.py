"""A stranger's build with the signature of the published AppImage, and nothing else of it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from buildkit.errors import BuildError
from native_build.pack import KEY_SECTION, SIGNATURE_SECTION, with_section, write_digests
from native_build.published_signatures import take_signatures, with_signature_of
from native_build.zsync_file import write_zsync

REPOSITORY = Path(__file__).resolve().parents[2]
SECTIONS = (".upd_info", SIGNATURE_SECTION, KEY_SECTION)
NAME = "a.AppImage"


def appimage(image: bytes = b"image" * 3000) -> bytes:
    """Return an ELF file with the sections that a signature needs, and an image behind it."""
    size, start = 64, 64
    names = b"\0" + b"\0".join(name.encode() for name in SECTIONS) + b"\0.names\0"
    table = start + size * len(SECTIONS) + len(names)
    header = struct.Struct("<IIQQQQIIQQ")
    rows = [header.pack(*[0] * 10)]
    for index, name in enumerate((*SECTIONS, ".names")):
        length = size if name in SECTIONS else len(names)
        at = names.index(name.encode() + b"\0")
        rows.append(header.pack(at, 1, 0, 0, start + size * index, length, 0, 0, 1, 0))
    head = b"\x7fELF\x02\x01\x01" + bytes(33) + struct.pack("<Q", table)
    head += bytes(10) + struct.pack("<HHH", header.size, len(rows), len(rows) - 1)
    assert len(head) == start
    return head + bytes(size * len(SECTIONS)) + names + b"".join(rows) + image


def signed(content: bytes) -> bytes:
    content = with_section(content, SIGNATURE_SECTION, b"signature")
    return with_section(content, KEY_SECTION, b"key")


def give_away(folder: Path, content: bytes) -> Path:
    """Write an AppImage and what belongs to it; return the list of digests."""
    folder.mkdir()
    path = folder / NAME
    path.write_bytes(content)
    write_zsync(path, folder / f"{NAME}.zsync")
    (folder / "torch.whl").write_bytes(b"wheel")
    names = (NAME, f"{NAME}.zsync", "torch.whl")
    write_digests([folder / name for name in names], folder / "SHA256SUMS")
    return folder / "SHA256SUMS"


def test_the_same_source_gives_the_published_files(tmp_path: Path) -> None:
    published = give_away(tmp_path / "published", signed(appimage()))
    built = give_away(tmp_path / "built", appimage())
    assert built.read_bytes() != published.read_bytes()
    paths = [str(REPOSITORY / name) for name in ("native-build", "torch-build", "")]
    command = [sys.executable, "-m", "native_build.published_signatures"]
    done = subprocess.run(
        [*command, built.parent, published.parent],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{NAME}: GnuPG's signature is taken from the published file\n"
    assert built.read_bytes() == published.read_bytes()
    for name in (NAME, f"{NAME}.zsync"):
        assert (built.parent / name).read_bytes() == (published.parent / name).read_bytes()


@pytest.mark.parametrize("image", [b"image" * 2999 + b"imago", b"image" * 3001, b""])
def test_a_published_file_of_another_source_stays_another(tmp_path: Path, image: bytes) -> None:
    published = give_away(tmp_path / "published", signed(appimage(image)))
    built = give_away(tmp_path / "built", appimage())
    assert take_signatures(built.parent, published.parent) == [NAME]
    assert built.read_bytes() != published.read_bytes()


def test_other_sections_are_the_builds_own() -> None:
    published = with_section(signed(appimage()), ".upd_info", b"elsewhere")
    assert with_signature_of(appimage(), published) == signed(appimage())


def test_what_was_not_signed_stays_as_it_is(tmp_path: Path) -> None:
    published = give_away(tmp_path / "published", appimage())
    built = give_away(tmp_path / "built", appimage())
    assert take_signatures(built.parent, published.parent) == []
    assert built.read_bytes() == published.read_bytes()
    (published.parent / NAME).unlink()
    assert take_signatures(built.parent, published.parent) == []


def test_what_is_no_appimage_is_one_line(tmp_path: Path) -> None:
    published = give_away(tmp_path / "published", b"text")
    built = give_away(tmp_path / "built", appimage())
    with pytest.raises(BuildError, match="ELF"):
        take_signatures(built.parent, published.parent)
