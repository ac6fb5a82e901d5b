"""The recordings that speed is measured on."""

from __future__ import annotations

import wave
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from benchmarks.measuring.recordings import (
    MANY,
    PIECE,
    PIECES,
    RATE,
    Recording,
    fitting,
    recordings,
)
from buildkit.errors import InputError, ToolError

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
HUNDREDTH = RATE // 100


def write_speech(folder: Path, lengths: dict[str, float]) -> dict[str, bytes]:
    """Write noise of so many seconds under each name, and the manifest; return the samples."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    rows, samples = ["file\tlanguage\tkind\treference"], {}
    for name, seconds in lengths.items():
        noise = generator.integers(-9000, 9000, round(seconds * RATE), dtype="<i2")
        samples[name] = noise.tobytes()
        with wave.open(str(folder / f"{name}.wav"), "wb") as stream:
            stream.setparams((1, 2, RATE, 0, "NONE", ""))
            stream.writeframes(samples[name])
        rows.append(f"{name}.wav\t{name[:2]}\treal\tsaid in {name}")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return samples


def made(folder: Path, lengths: dict[str, float]) -> tuple[dict[str, Recording], dict[str, bytes]]:
    samples = write_speech(folder / "speech", lengths)
    return recordings(folder / "speech", folder / "made", ffmpeg=FFMPEG), samples


def samples_of(path: Path) -> bytes:
    with wave.open(str(path), "rb") as stream:
        assert stream.getparams()[:3] == (1, 2, RATE)
        return stream.readframes(stream.getnframes())


def content(recording: Recording) -> bytes:
    return b"".join(map(samples_of, recording.paths))


def test_whole_recordings_are_joined_with_silence_between(tmp_path: Path) -> None:
    lengths = {"en_a": 4.0, "de_b": 9.2, "en_c": 5.0, "en_d": 9.1, "en_e": 48.0}
    found, samples = made(tmp_path, lengths)
    assert [found[name].seconds for name in ("short", "medium")] == [10, 60]
    # One where one suffices, and no German.
    assert found["short"].reference == "said in en_d"
    assert found["medium"].reference == "said in en_d said in en_e"
    pause = bytes(2 * round((60 - 9.1 - 48) / 2 * RATE))
    assert content(found["medium"]) == samples["en_d"] + pause + samples["en_e"] + pause
    long = found["long"]
    assert 600 <= long.seconds < 600 + 48.5
    assert len(long.reference.split(" said")) > 2 * 4
    assert content(long).count(samples["en_e"]) == long.reference.count("en_e")
    assert {one.language for one in found.values()} == {"en"}


def test_many_are_the_pieces_of_one_that_is_joined(tmp_path: Path) -> None:
    lengths = {"en_a": 70.0, "en_b": 110.0, "en_c": 117.0, "en_d": 200.0, "en_e": 9.0}
    found, samples = made(tmp_path, lengths)
    many = found[MANY]
    assert (len(many.paths), many.seconds) == (PIECES, PIECES * PIECE)
    assert {len(samples_of(path)) for path in many.paths} == {2 * PIECE * RATE}
    # Fewer would fill nine tenths, and leave pieces in which nobody speaks.
    assert many.reference == "said in en_a said in en_b said in en_c"
    whole = content(many)
    assert [whole.count(samples[name]) for name in lengths] == [1, 1, 1, 0, 0]


def test_the_same_speech_gives_the_same_bytes_and_is_joined_once(tmp_path: Path) -> None:
    one, samples = made(tmp_path, {"en_a": 9.0})
    # What is too little is repeated.
    assert one["medium"].reference == " ".join(["said in en_a"] * 6)
    assert content(one["medium"]).count(samples["en_a"]) == 6
    speech = tmp_path / "speech"
    other = recordings(speech, tmp_path / "other", ffmpeg=FFMPEG)
    for name, recording in one.items():
        assert content(recording) == content(other[name])
    # Nothing is decoded a second time: what would be needed for it is not even there.
    assert recordings(speech, tmp_path / "made", ffmpeg=Path("none")) == one
    with pytest.raises(ToolError, match="cannot start none"):
        recordings(speech, tmp_path / "third", ffmpeg=Path("none"))


@pytest.mark.parametrize(
    ("lengths", "reason"),
    [
        ({"de_a": 7.0}, "no recording in English"),
        ({"en_a": 11.0}, "no English recording shorter than 10 s"),
        ({"en_a": 0.0}, r"en_a\.wav cannot be decoded"),
    ],
)
def test_speech_that_cannot_be_used_is_told(
    tmp_path: Path, lengths: dict[str, float], reason: str
) -> None:
    with pytest.raises(InputError, match=r"has no manifest\.tsv"):
        recordings(tmp_path, tmp_path / "made", ffmpeg=FFMPEG)
    with pytest.raises(InputError, match=reason):
        made(tmp_path, lengths)


@pytest.mark.parametrize(
    ("lengths", "full", "chosen"),
    [
        # Few before many, if they fill nine tenths.
        ([400, 300, 290, 900], 0.9, (3,)),
        ([400, 300, 290, 800], 0.9, (0, 1, 2)),
        # The fullest of as many.
        ([500, 450, 480, 420], 0.9, (0, 2)),
        # Nothing is above the limit.
        ([1001, 600, 600], 0.9, (1,)),
        ([1001], 0.9, ()),
        # Again and again, where all together do not suffice.
        ([190, 110], 0.9, (0, 0, 0, 0, 1, 1)),
        # What is cut is filled more.
        ([900, 500, 300, 195], 0.9, (0,)),
        ([900, 500, 300, 195], 0.99, (1, 2, 3)),
    ],
)
def test_as_few_as_fill_the_limit(lengths: list[int], full: float, chosen: tuple[int, ...]) -> None:
    samples = [HUNDREDTH * length for length in lengths]
    assert tuple(sorted(fitting(samples, 1000 * HUNDREDTH, full))) == chosen
