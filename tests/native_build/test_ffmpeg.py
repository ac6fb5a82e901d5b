"""The ffmpeg of each edition: which recordings it reads, and that it does nothing else."""

from __future__ import annotations

import functools
import re
from array import array
from pathlib import Path

import media
import pytest

from buildkit.places import CHECKOUT
from native_build.editions import EDITIONS, LEAN, ULTRA_LEAN
from native_parts import output_of
from transcriber.audio.command import DEMUXERS
from transcriber.audio.ffmpeg import Ffmpeg, find_ffmpeg
from transcriber.audio.stream import open_audio
from transcriber.errors import InputError

pytestmark = pytest.mark.slow

README = CHECKOUT / "README.md"

ONLY_LEAN = {"sample.voc", "sample.sox", "sample.dts", "sample.g722"}
"""What programs of today do not write any more, or for cinemas and telephone networks only."""


@functools.cache
def ffmpeg_of(edition: str) -> Ffmpeg:
    path = CHECKOUT / "build/native/program" / edition / "ffmpeg"
    assert path.is_file(), "`make appimages` builds it"
    return find_ffmpeg(str(path))


def samples_of(path: Path, ffmpeg: Ffmpeg) -> array[int]:
    with open_audio(path, ffmpeg=ffmpeg) as stream:
        return array("h", b"".join(stream))


NAMES = [one.name for one in media.FORMATS if one.encoder in media.encoders()]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("edition", EDITIONS)
def test_recordings_sound_as_with_the_ffmpeg_that_everybody_has(edition: str, name: str) -> None:
    path = media.samples() / name
    if edition == ULTRA_LEAN.name and name in ONLY_LEAN:
        with pytest.raises(InputError):
            samples_of(path, ffmpeg_of(edition))
        return
    found, expected = samples_of(path, ffmpeg_of(edition)), samples_of(path, media.ffmpeg())
    if media.BY_NAME[name].lossless:
        assert found == expected
    # Another release of ffmpeg, which may round elsewhere and cut a frame later.
    assert abs(len(found) - len(expected)) <= 2048
    pairs = list(zip(found, expected, strict=False))
    noise = sum((one - other) ** 2 for one, other in pairs) / len(pairs)
    loudness = sum(other**2 for _, other in pairs) / len(pairs)
    assert noise <= loudness / 1000


def readme_endings() -> list[str]:
    """Return the formats that the README promises."""
    promised = re.search(r"will do: (.*?) and more", README.read_text(), re.DOTALL)
    assert promised, "the README names no formats"
    return re.findall(r"\w+", promised[1])


@pytest.mark.parametrize("ending", readme_endings())
def test_what_the_readme_names_is_tried(ending: str) -> None:
    names = [name for name in NAMES if name.endswith(f".{ending}")]
    assert names, f"no sample ends in .{ending}"
    assert not ONLY_LEAN.intersection(names)


def listed(ffmpeg: Ffmpeg, what: str) -> set[str]:
    """Return the names in one of ffmpeg's lists about itself."""
    text = output_of(ffmpeg.path, "-hide_banner", f"-{what}").split("--\n")[-1]
    rows = [line.split() for line in text.splitlines() if line.startswith(" ")]
    return {name for row in rows for name in (row[1] if len(row) > 1 else row[0]).split(",")}


@pytest.mark.parametrize("edition", EDITIONS)
def test_it_opens_nothing_but_files_that_the_program_allows(edition: str) -> None:
    ffmpeg = ffmpeg_of(edition)
    assert listed(ffmpeg, "protocols") == {"file", "pipe"}
    assert listed(ffmpeg, "demuxers") <= {*DEMUXERS, "mp4", "m4a", "3gp", "3g2", "mj2", "webm"}
    assert listed(ffmpeg, "encoders") == {"pcm_s16le"}
    assert listed(ffmpeg, "muxers") == {"s16le"}


def test_lean_reads_more() -> None:
    ultra_lean, lean = (ffmpeg_of(edition.name) for edition in (ULTRA_LEAN, LEAN))
    for what in ("demuxers", "decoders"):
        assert listed(ultra_lean, what) < listed(lean, what)


@pytest.mark.parametrize("edition", EDITIONS)
def test_its_licence_is_the_lesser_one(edition: str) -> None:
    told = output_of(ffmpeg_of(edition).path, "-version")
    assert "--enable-gpl" not in told
    assert "--enable-nonfree" not in told
    assert "GNU Lesser General Public" in output_of(ffmpeg_of(edition).path, "-L")
