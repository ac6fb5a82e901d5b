"""What a program needs in order to start."""

import struct
from pathlib import Path

import pytest

from transcriber.audio.program_files import _configured, program_files

HEAD = struct.Struct("<4sBBB9xHHIQQQIHHHHHH")
PART = struct.Struct("<IIQQQQQQ")
BASE = 0x400000


def program(
    path: Path, *, loader: str = "", runpath: str = "", machine: int = 62, tag: int = 29
) -> Path:
    """Write the parts of an x86-64 program that are looked at, at an address of its own."""
    strings = b"\0libm.so.6\0" + runpath.encode() + b"\0"
    place = HEAD.size + 3 * PART.size
    loader_text = loader.encode() + b"\0"
    table = place + len(loader_text)
    entries = struct.pack("<6Q", 5, BASE + table, tag, 11, 0, 0) if runpath else b""
    parts = [
        (1, 0, BASE, table + len(strings) + len(entries)),
        (3 if loader else 0, place, BASE + place, len(loader_text)),
        (2 if runpath else 0, table + len(strings), BASE + table + len(strings), len(entries)),
    ]
    data = HEAD.pack(b"\x7fELF", 2, 1, 1, 2, machine, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    for kind, where, address, length in parts:
        data += PART.pack(kind, 4, where, address, address, length, length, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data + loader_text + strings + entries)
    return path


def test_a_static_program_needs_itself(tmp_path: Path) -> None:
    found = program_files(program(tmp_path / "ffmpeg"))
    assert found is not None
    assert found.started == (str(tmp_path / "ffmpeg"),)
    assert not any("lib" in path for path in found.read)


def test_a_dynamic_one_needs_its_loader_and_libraries(tmp_path: Path) -> None:
    path = program(tmp_path / "ffmpeg", loader="/lib64/ld-linux-x86-64.so.2")
    found = program_files(path)
    assert found is not None
    assert found.started == (str(path), "/lib64/ld-linux-x86-64.so.2")
    assert {"/usr/lib", "/lib64", "/etc/ld.so.cache"} <= set(found.read)
    assert not {"/", "/etc", "/home", str(tmp_path)} & set(found.read)


@pytest.mark.parametrize("tag", [15, 29])
def test_the_folders_that_it_names_itself(tmp_path: Path, tag: int) -> None:
    named = "$ORIGIN/../lib:/opt/codecs/lib:${ORIGIN}:relative:/a/$LIB:/"
    path = program(tmp_path / "bin/ffmpeg", loader="/lib/ld.so", runpath=named, tag=tag)
    found = program_files(path)
    assert found is not None
    added = {path for path in found.read if path.startswith((str(tmp_path), "/opt", "/a", "rel"))}
    assert added == {str(tmp_path / "lib"), "/opt/codecs/lib", str(tmp_path / "bin")}
    assert "/" not in found.read


def test_what_the_environment_adds(tmp_path: Path) -> None:
    path = program(tmp_path / "ffmpeg", loader="/lib/ld.so")
    found = program_files(path, "/opt/a.so:libb.so /opt/c.so", "/opt/lib::/root:/srv/lib")
    assert found is not None
    assert {"/opt/a.so", "/opt/c.so", "/opt/lib", "/srv/lib"} <= set(found.read)
    assert not {"", "/root", "libb.so"} & set(found.read)


def test_what_the_administrator_adds(tmp_path: Path) -> None:
    (tmp_path / "ld.so.conf.d").mkdir()
    (tmp_path / "ld.so.conf").write_text("include ld.so.conf.d/*.conf\n/opt/one\n# /opt/no\n")
    (tmp_path / "ld.so.conf.d/codecs.conf").write_text("/opt/two \n")
    assert _configured(tmp_path) == ["/opt/one", "/opt/two"]
    assert _configured(tmp_path / "missing") == []


def test_a_link_is_followed(tmp_path: Path) -> None:
    program(tmp_path / "store/ffmpeg")
    (tmp_path / "ffmpeg").symlink_to(tmp_path / "store/ffmpeg")
    found = program_files(tmp_path / "ffmpeg")
    assert found is not None
    assert found.started == (str(tmp_path / "store/ffmpeg"),)


@pytest.mark.parametrize(
    "content",
    [
        b"#!/bin/sh\nexec ffmpeg\n",
        b"",
        b"\x7fELF",
        b"\x7fELF\x02\x01\x01" + bytes(20),
        b"\x7fELF\x01\x01\x01" + bytes(100),
        b"\x7fELF\x02\x02\x01" + bytes(100),
    ],
)
def test_of_what_is_no_program_nothing_is_known(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ffmpeg").write_bytes(content)
    assert program_files(tmp_path / "ffmpeg") is None


def test_nor_of_one_for_another_processor(tmp_path: Path) -> None:
    assert program_files(program(tmp_path / "ffmpeg", machine=183)) is None
    assert program_files(tmp_path / "missing") is None


def test_a_damaged_one_is_no_obstacle(tmp_path: Path) -> None:
    """Whatever is wrong with it, the kernel says so when it is started."""
    path = program(tmp_path / "whole", loader="/lib/ld.so", runpath="/opt/lib")
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        for byte in (0, 0xFF):
            copy = tmp_path / f"damaged-{place}-{byte}"
            copy.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            program_files(copy)
            copy.unlink()
