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


def write_speech(folder: Path, lengths: dict[str, float]) -> dict[str, bytes]:
    """Write noise of so many seconds under each name, and the manifest; return the samples."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    rows, samples = ["file\tlanguage\tkind\treference"], {}
    for name, seconds in lengths.items():
        noise = generator.integers(-9000, 9000, round(seconds * RATE), dtype="<i2")
        samples[name] = noise.tobytes()
        with wave.open(str(folder / f"{name}.wav"), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(RATE)
            stream.writeframes(samples[name])
        rows.append(f"{name}.wav\t{name[:2]}\treal\tsaid in {name}")
    (folder / "manifest.tsv").write_text("\n".join(rows) + "\n")
    return samples


def content(recording: Recording) -> bytes:
    return b"".join(map(samples_of, recording.paths))


def samples_of(path: Path) -> bytes:
    with wave.open(str(path), "rb") as stream:
        assert (stream.getframerate(), stream.getnchannels(), stream.getsampwidth()) == (
            RATE,
            1,
            2,
        )
        return stream.readframes(stream.getnframes())


def test_whole_recordings_are_joined_with_silence_between(tmp_path: Path) -> None:
    lengths = {"en_a": 4.0, "de_b": 9.2, "en_c": 5.0, "en_d": 9.1, "en_e": 48.0}
    samples = write_speech(tmp_path / "speech", lengths)
    made = recordings(tmp_path / "speech", tmp_path / "made", ffmpeg=FFMPEG)
    assert [made[name].seconds for name in ("short", "medium")] == [10, 60]
    # One where one suffices, and no German.
    assert made["short"].reference == "said in en_d"
    assert made["medium"].reference == "said in en_d said in en_e"
    medium = content(made["medium"])
    pause = bytes(2 * round((60 - 9.1 - 48) / 2 * RATE))
    assert medium == samples["en_d"] + pause + samples["en_e"] + pause

    long = made["long"]
    assert 600 <= long.seconds < 600 + 48.5
    said = long.reference.split(" said")
    assert len(said) > 2 * 4
    assert content(long).count(samples["en_e"]) == long.reference.count("en_e")
    assert {one.language for one in made.values()} == {"en"}


def test_many_are_the_pieces_of_one_that_is_joined(tmp_path: Path) -> None:
    lengths = {"en_a": 70.0, "en_b": 110.0, "en_c": 117.0, "en_d": 200.0, "en_e": 9.0}
    samples = write_speech(tmp_path / "speech", lengths)
    many = recordings(tmp_path / "speech", tmp_path / "made", ffmpeg=FFMPEG)[MANY]
    assert (len(many.paths), many.seconds) == (PIECES, PIECES * PIECE)
    assert list(many.paths) == sorted(many.paths)
    assert {len(samples_of(path)) for path in many.paths} == {2 * PIECE * RATE}
    # Fewer would fill nine tenths, and leave pieces in which nobody speaks.
    assert many.reference == "said in en_a said in en_b said in en_c"
    whole = content(many)
    assert [whole.count(samples[name]) for name in lengths] == [1, 1, 1, 0, 0]


def test_what_is_too_little_is_repeated(tmp_path: Path) -> None:
    samples = write_speech(tmp_path / "speech", {"en_a": 9.0})
    made = recordings(tmp_path / "speech", tmp_path / "made", ffmpeg=FFMPEG)
    assert made["medium"].reference == " ".join(["said in en_a"] * 6)
    assert content(made["medium"]).count(samples["en_a"]) == 6


def test_the_same_speech_gives_the_same_bytes_and_is_joined_once(tmp_path: Path) -> None:
    write_speech(tmp_path / "speech", {"en_a": 7.0, "en_b": 9.0})
    one, again, other = (
        recordings(tmp_path / "speech", tmp_path / name, ffmpeg=FFMPEG)
        for name in ("one", "one", "other")
    )
    assert one == again
    for name, recording in one.items():
        assert [path.read_bytes() for path in recording.paths] == [
            path.read_bytes() for path in other[name].paths
        ]
    # Nothing is decoded a second time: what would be needed for it is not even there.
    assert recordings(tmp_path / "speech", tmp_path / "one", ffmpeg=Path("none")) == one
    with pytest.raises(ToolError, match="cannot start none"):
        recordings(tmp_path / "speech", tmp_path / "third", ffmpeg=Path("none"))


def test_speech_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no manifest\.tsv"):
        recordings(tmp_path, tmp_path / "made", ffmpeg=FFMPEG)
    write_speech(tmp_path / "german", {"de_a": 7.0})
    with pytest.raises(InputError, match="no recording in English"):
        recordings(tmp_path / "german", tmp_path / "made", ffmpeg=FFMPEG)
    write_speech(tmp_path / "long", {"en_a": 11.0})
    with pytest.raises(InputError, match="no English recording shorter than 10 s"):
        recordings(tmp_path / "long", tmp_path / "made", ffmpeg=FFMPEG)
    write_speech(tmp_path / "broken", {"en_a": 7.0})
    (tmp_path / "broken" / "en_a.wav").write_bytes(b"no sound")
    with pytest.raises(InputError, match=r"en_a\.wav cannot be decoded"):
        recordings(tmp_path / "broken", tmp_path / "made", ffmpeg=FFMPEG)


@pytest.mark.parametrize(
    ("lengths", "chosen"),
    [
        # Few before many, if they fill nine tenths.
        ([400, 300, 290, 900], (3,)),
        ([400, 300, 290, 800], (0, 1, 2)),
        # The fullest of as many.
        ([500, 450, 480, 420], (0, 2)),
        # Nothing is above the limit.
        ([1001, 600, 600], (1,)),
        ([1001], ()),
        # Again and again, where all together do not suffice.
        ([190, 110], (0, 0, 0, 0, 1, 1)),
    ],
)
def test_as_few_as_fill_the_limit(lengths: list[int], chosen: tuple[int, ...]) -> None:
    hundredth = RATE // 100
    samples = [hundredth * length for length in lengths]
    found = fitting(samples, 1000 * hundredth)
    assert sorted(found) == list(chosen)


def test_what_is_cut_is_filled_more() -> None:
    hundredth = RATE // 100
    samples = [hundredth * length for length in (900, 500, 300, 195)]
    assert fitting(samples, 1000 * hundredth) == (0,)
    assert fitting(samples, 1000 * hundredth, 0.99) == (1, 2, 3)
