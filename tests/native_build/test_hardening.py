"""What the executables have against the bytes of strangers; README.md has the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.places import CHECKOUT
from native_build.editions import EDITIONS
from native_parts import output_of, part

pytestmark = pytest.mark.slow

PROGRAM = CHECKOUT / "build/native/program"


def executables() -> list[Path]:
    return [
        PROGRAM / edition / name for edition in EDITIONS for name in ("transcriber.bin", "ffmpeg")
    ]


def named(path: Path) -> str:
    return f"{path.parent.name}, {path.name}"


@pytest.mark.parametrize("path", executables(), ids=named)
def test_executables_lie_anywhere_and_what_the_loader_wrote_is_read_only(path: Path) -> None:
    found = output_of("readelf", "--wide", "--file-header", "--segments", "--dynamic", path)
    assert "Position-Independent Executable" in found
    assert "GNU_RELRO" in found
    assert "BIND_NOW" in found or " NOW " in found
    (stack,) = [line for line in found.splitlines() if "GNU_STACK" in line]
    assert stack.split()[6] == "RW"


@pytest.mark.parametrize("selection", ["slim", "wide"])
def test_ffmpeg_ends_where_an_array_was_written_beyond(selection: str) -> None:
    used = output_of("nm", "--dynamic", "--undefined-only", part(f"ffmpeg-{selection}") / "ffmpeg")
    assert "__stack_chk_fail" in used
    assert "_chk@" in used


@pytest.mark.parametrize("archive", ["crypto", "ssl", "z"])
def test_the_libraries_under_python_do_so_too(archive: str) -> None:
    used = output_of("nm", "--undefined-only", part("python") / f"libraries/lib/lib{archive}.a")
    assert "__stack_chk_fail" in used
