"""Times are those of the recording's clock: silence stands where there is no sound."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import media
import pytest
from conftest import Run
from utterance import Utterance

from reported.sounds import PICTURE, found_at, loudness, plain, read
from transcriber.errors import InputError

SECONDS = 5.0

GAPS: dict[str, tuple[float, tuple[str, ...]]] = {
    "pcm.mkv": (10, ("-c:a", "pcm_s16le")),
    "opus.webm": (10, ("-c:a", "libopus")),
    "aac.m4a": (10, ("-c:a", "aac")),
    "aac.mov": (3, ("-c:a", "aac")),
    "fragments.mp4": (30, ("-c:a", "aac", "-movflags", "frag_keyframe+empty_moov")),
    "aac.ts": (25, ("-c:a", "aac")),
    "mp2.mpg": (4, ("-c:a", "mp2")),
    "mp3.flv": (3, ("-c:a", "libmp3lame", "-ar", "44100")),
    # A page of Ogg has one time: where a gap lies within it is not known.
    "vorbis.ogg": (12, ("-c:a", "libvorbis", "-page_duration", "100000")),
    "sample.opus": (0.7, ("-c:a", "libopus", "-page_duration", "100000")),
    "sample.wma": (4, ("-c:a", "wmav2")),
}


PICTURES = {".flv": "flv", ".webm": "libvpx"}
PICTURELESS = {"aac.m4a", "sample.opus", "vorbis.ogg", "sample.wma", "fragments.mp4", "mp2.mpg"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write_wav(tmp_path_factory.mktemp("source") / "source.wav", seconds=SECONDS)


def write_gap(path: Path, source: Path, seconds: float, *arguments: str, picture: bool) -> Path:
    """Write the source twice, and between both so many seconds without packets of sound."""
    ends = f"{SECONDS:g}+{seconds:g}"
    graph = f"[0:a][1:a][2:a]concat=n=3:v=0:a=1,aselect='lt(t,{SECONDS:g})+gte(t,{ends})'[sound]"
    silence = ("-f", "lavfi", "-t", f"{seconds:g}", "-i", "anullsrc=r=16000:cl=mono")
    codec = PICTURES.get(path.suffix, "mpeg4")
    inputs = ("-i", source, *silence, "-i", source, *(PICTURE if picture else ()))
    shown = ("-map", "3:v", "-c:v", codec) if picture else ()
    made = ("-filter_complex", graph, "-map", "[sound]", *shown, *arguments)
    media.run_ffmpeg(*inputs, *made, path)
    return path


@pytest.mark.parametrize("picture", [False, True], ids=["sound", "picture"])
@pytest.mark.parametrize("name", GAPS)
def test_a_gap(name: str, picture: bool, source: Path, tmp_path: Path) -> None:
    seconds, arguments = GAPS[name]
    needed = {arguments[1], PICTURES.get(Path(name).suffix, "mpeg4")}
    if not needed <= media.encoders() or (picture and name in PICTURELESS):
        pytest.skip("this ffmpeg or this format has no such thing")
    path = write_gap(tmp_path / name, source, seconds, *arguments, picture=picture)
    sound, stream = read(path)
    wanted = plain(source)
    again = SECONDS + seconds
    assert found_at(sound[: round(SECONDS * 16000)], wanted[16000:32000]) == pytest.approx(
        1, abs=0.1
    )
    assert found_at(sound, wanted, after=again - 0.4) == pytest.approx(again, abs=0.16)
    # What stands in it is silence, up to what codecs smear.
    assert loudness(sound, SECONDS + 0.25, again - 0.2) < 20
    assert len(sound) / 16000 == pytest.approx(again + SECONDS, abs=0.25)
    missing = [line for line in stream.warnings if "sound is missing" in line]
    assert len(missing) == 1
    assert "of silence" in missing[0]
    assert not [line for line in stream.warnings if "ends early" in line]


def test_many_gaps_are_one_line(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "gaps.mkv"
    kept = "lt(t,1)+between(t,2,3)+gte(t,4)"
    media.run_ffmpeg("-i", source, "-af", f"aselect='{kept}'", "-c:a", "pcm_s16le", path)
    sound, stream = read(path)
    assert len(stream.warnings) == 1
    assert "sound is missing in 2 places, the first at 1." in stream.warnings[0]
    wanted = plain(source)
    assert found_at(sound, wanted[-12000:]) == pytest.approx(SECONDS - 0.75, abs=0.11)


def test_a_gap_before_a_missing_end(source: Path, tmp_path: Path) -> None:
    path = write_gap(tmp_path / "gap.mkv", source, 6, "-c:a", "pcm_s16le", picture=False)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 4 // 5])
    sound, stream = read(path)
    assert 12 < len(sound) / 16000 < 15
    assert len([line for line in stream.warnings if "ends early" in line]) == 1
    assert len([line for line in stream.warnings if "sound is missing" in line]) == 1


def test_packets_that_were_not_received(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "reception.ts"
    media.run_ffmpeg("-i", source, "-c:a", "aac", path)
    data = path.read_bytes()
    packets = len(data) // 188
    lost = slice(188 * (packets * 2 // 5), 188 * (packets * 3 // 5))
    path.write_bytes(data[: lost.start] + data[lost.stop :])
    sound, stream = read(path)
    wanted = plain(source)
    assert found_at(sound, wanted[-16000:]) == pytest.approx(SECONDS - 1, abs=0.15)
    assert [line for line in stream.warnings if "sound is missing" in line]


LATE = {
    "late.mp4": ("mpeg4", "aac"),
    "late.mov": ("mpeg4", "pcm_s16le"),
    "late.mkv": ("mpeg4", "flac"),
    "late.webm": ("libvpx", "libopus"),
    "late.ts": ("mpeg2video", "aac"),
    "late.mpg": ("mpeg1video", "mp2"),
    "late.flv": ("flv", "libmp3lame"),
}


@pytest.mark.parametrize("offset", [2.0, 5.0, 9.0])
@pytest.mark.parametrize("name", LATE)
def test_sound_that_begins_after_the_picture(
    name: str, offset: float, source: Path, tmp_path: Path
) -> None:
    picture, codec = LATE[name]
    if not {picture, codec} <= media.encoders():
        pytest.skip("this ffmpeg cannot write it")
    path = tmp_path / name
    rate = ("-r", "25", "-ar", "44100") if name.endswith(("mpg", "flv", "ts")) else ()
    media.run_ffmpeg(
        *(*PICTURE, "-itsoffset", f"{offset:g}", "-i", source, "-map", "0:v", "-map", "1:a"),
        *("-c:v", picture, "-c:a", codec, *rate, path),
    )
    sound, stream = read(path)
    assert found_at(sound, plain(source)) == pytest.approx(offset, abs=0.1)
    assert loudness(sound, 0, offset - 0.2) == 0
    assert len(stream.warnings) == 1
    assert "its sound begins at" in stream.warnings[0]


@pytest.mark.parametrize("name", ["late.ts", "late.mpg"])
def test_several_tracks_that_begin_late(name: str, source: Path, tmp_path: Path) -> None:
    picture, codec = LATE[name]
    path = tmp_path / name
    media.run_ffmpeg(
        *(*PICTURE, "-itsoffset", "8", "-i", source, "-map", "0:v", "-map", "1:a", "-map", "1:a"),
        *("-c:v", picture, "-c:a", codec, "-r", "25", "-ar", "44100", "-ac", "2", path),
    )
    sound, stream = read(path, track="2")
    assert found_at(sound, plain(source)) == pytest.approx(8, abs=0.1)
    assert len(stream.warnings) == 2


@pytest.mark.parametrize("name", ["late.ts", "late.mpg", "late.mkv"])
def test_a_picture_without_sound_holds_none(name: str, tmp_path: Path) -> None:
    picture, _ = LATE[name]
    path = tmp_path / name
    media.run_ffmpeg(*PICTURE, "-c:v", picture, "-r", "25", path)
    with pytest.raises(InputError, match="holds no audio track"):
        read(path)


@pytest.mark.parametrize("name", ["late.m4a", "late.mka", "late.flv"])
def test_sound_that_begins_late_without_a_picture(name: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    codec = "libmp3lame" if name.endswith("flv") else "aac"
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    media.run_ffmpeg("-itsoffset", "3", "-i", source, "-c:a", codec, "-ar", "44100", path)
    sound, _ = read(path)
    assert found_at(sound, plain(source)) == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("name", ["broadcast.ts", "broadcast.mpg", "broadcast.ogg"])
def test_a_clock_that_begins_anywhere(name: str, source: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    codec = {"ts": "aac", "mpg": "mp2", "ogg": "libvorbis"}[name.rpartition(".")[2]]
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    media.run_ffmpeg(
        "-i", source, "-c:a", codec, "-output_ts_offset", "1000", "-muxdelay", "0", path
    )
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(SECONDS, abs=0.2)
    assert stream.warnings == ()


@pytest.mark.parametrize("speed", [1.05, 0.95, 1.02])
@pytest.mark.parametrize("name", ["drift.mkv", "drift.mov"])
def test_samples_that_drift_from_the_clock(name: str, speed: float, tmp_path: Path) -> None:
    source = media.write_wav(tmp_path / "source.wav", seconds=20)
    path = tmp_path / name
    # The times of the packets are stretched, and their samples are not.
    media.run_ffmpeg(
        *(
            "-i",
            source,
            "-af",
            f"asetpts='PTS*{speed}'",
            "-c:a",
            "flac" if "mkv" in name else "alac",
        ),
        path,
    )
    sound, stream = read(path)
    wanted = plain(source)
    for second in (2, 9, 17):
        part = wanted[second * 16000 : second * 16000 + 8000]
        assert found_at(sound, part) == pytest.approx(second * speed, abs=0.3)
    assert len(sound) / 16000 == pytest.approx(20 * speed, abs=0.3)
    assert len(stream.warnings) == 1
    assert ("sound is missing" if speed > 1 else "were left out") in stream.warnings[0]


@pytest.mark.parametrize("name", ["sample.mkv", "sample.m4a", "sample.ts", "sample.webm"])
def test_where_nothing_is_missing_the_samples_are_openais(name: str) -> None:
    path = media.samples() / name
    if not path.exists():
        pytest.skip("this ffmpeg cannot write it")
    sound, stream = read(path)
    assert sound.tobytes() == media.openai_samples(path)
    assert stream.warnings == ()


def test_a_clock_that_jumps_beyond_the_end_is_not_followed(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "jump.mkv"
    media.run_ffmpeg(
        *("-i", source, "-af", "asetpts='PTS+gte(T,2)*30/TB'", "-c:a", "pcm_s16le", path)
    )
    data = path.read_bytes()
    # The length in the header (EBML Duration, eight bytes) says nothing of the jump.
    place = data.index(b"\x44\x89\x88") + 3
    path.write_bytes(data[:place] + struct.pack(">d", 5000.0) + data[place + 8 :])
    sound, stream = read(path)
    assert len(sound) / 16000 == pytest.approx(SECONDS, abs=0.2)
    assert len(stream.warnings) == 1
    assert "its clock jumps ahead by 30 s at 2." in stream.warnings[0]


@pytest.mark.parametrize("picture", [False, True], ids=["sound", "picture"])
def test_a_whole_avi_does_not_end_early(picture: bool, source: Path, tmp_path: Path) -> None:
    if not {"libmp3lame", "mpeg4"} <= media.encoders():
        pytest.skip("this ffmpeg cannot write it")
    path = write_gap(tmp_path / "gap.avi", source, 4, "-c:a", "libmp3lame", picture=picture)
    _, stream = read(path)
    assert len(stream.warnings) == 1
    assert "its sound fills 1" in stream.warnings[0]


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_an_flv_with_a_picture_that_was_cut_off(share: float, source: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.flv"
    shown = ("-f", "lavfi", "-i", "color=c=gray:s=64x48:r=25:d=5", "-c:v", "flv")
    media.run_ffmpeg(*shown[:4], "-i", source, *shown[4:], "-c:a", "aac", path)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    _, stream = read(path)
    assert [line for line in stream.warnings if "ends early" in line]


@pytest.mark.slow
@pytest.mark.parametrize("batch", ["auto", "1"])
@pytest.mark.parametrize("name", ["gap.mkv", "gap.mp4", "gap.ts"])
def test_the_subtitles_have_the_players_times(
    name: str, batch: str, run: Run, models: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    spoken = tmp_path / "spoken.wav"
    length = f"{SECONDS:g}"
    media.run_ffmpeg("-i", utterances[0].path, "-af", "apad", "-t", length, "-ac", "1", spoken)
    codec = "pcm_s16le" if name.endswith("mkv") else "aac"
    path = write_gap(tmp_path / name, spoken, 10, "-c:a", codec, picture=True)
    greedy = ("--beam_size", "None", "--temperature_increment_on_fallback", "None")
    done = run(
        *(path, "--model", "tiny.en", "--model_dir", models, "--threads", "1", *greedy),
        *("--batch_size", batch, "-f", "json", "-o", tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "10.0 s of silence fill the gap" in done.stderr
    segments = json.loads((tmp_path / name).with_suffix(".json").read_text())["segments"]
    assert 0 <= segments[0]["start"] < 1.5
    second = [segment["start"] for segment in segments if segment["start"] > 2 * SECONDS]
    assert second[0] == pytest.approx(2 * SECONDS + SECONDS, abs=1.5)
