"""What a reader is told when a recording cannot be read, or only in part."""

import errno
import os
import random
import re
import resource
import socket
import zipfile
from pathlib import Path

import media
import pytest

from transcriber.audio.failures import (
    memory_failure,
    no_audio_failure,
    path_failure,
    printable,
)
from transcriber.audio.messages import FfmpegMessages
from transcriber.audio.stream import AudioLimits, AudioStream, open_audio
from transcriber.errors import InputError, LimitError, TranscriberError


def decode(path: Path, limits: AudioLimits | None = None) -> AudioStream:
    with open_audio(path, ffmpeg=media.ffmpeg(), limits=limits) as stream:
        for _ in stream:
            pass
    return stream


def refusal(path: Path, limits: AudioLimits | None = None) -> TranscriberError:
    with pytest.raises(TranscriberError) as caught:
        decode(path, limits)
    line = str(caught.value)
    assert line.startswith((str(path), "there is no file", "cannot read", "reading", "this ffmpeg"))
    assert line.isprintable()
    assert caught.value.remedy
    # ffmpeg's own words come as a short quote at most.
    assert len(line) < len(str(path)) + 250
    assert "@ 0x" not in line
    return caught.value


@pytest.fixture
def folder() -> Path:
    return media.samples()


def test_a_missing_file(tmp_path: Path) -> None:
    error = refusal(tmp_path / "absent.wav")
    assert isinstance(error, InputError)
    assert "there is no file" in error.message


def test_a_file_in_a_file(folder: Path) -> None:
    assert "Not a directory" in str(refusal(folder / "sample.wav" / "x.wav"))


def test_a_folder(tmp_path: Path) -> None:
    assert "is a folder" in str(refusal(tmp_path))


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp3"
    path.touch()
    assert "is empty" in str(refusal(path))


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "private.wav"
    path.write_bytes(b"RIFF")
    path.chmod(0)
    assert "may not be read" in str(refusal(path))


def test_the_words_for_what_the_system_refuses() -> None:
    denied = path_failure("a.wav", PermissionError(errno.EACCES, "Permission denied"))
    assert str(denied).startswith("a.wav may not be read: ")
    broken = path_failure("a.wav", OSError(errno.EIO, "Input/output error"))
    assert str(broken).startswith("cannot read a.wav: Input/output error: ")


def test_a_null_byte_in_the_name() -> None:
    with pytest.raises(InputError, match="null byte"):
        open_audio(Path("a\0b.wav"), ffmpeg=media.ffmpeg())


def test_a_circle_of_links(tmp_path: Path) -> None:
    path = tmp_path / "circle.wav"
    path.symlink_to(path)
    refusal(path)


def test_a_named_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe.wav"
    os.mkfifo(path)
    error = refusal(path)
    assert "named pipe" in error.message
    assert "regular file, or -" in error.remedy


def test_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.wav")
        assert "a socket" in str(refusal(tmp_path / "socket.wav"))


def test_a_device() -> None:
    with pytest.raises(InputError, match="is a device"):
        open_audio(Path("/dev/zero"), ffmpeg=media.ffmpeg())


def test_text_renamed(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp3"
    path.write_text("These are the notes of a meeting.\n" * 100)
    assert "is a text file" in str(refusal(path))


@pytest.mark.parametrize("ending", ["mp3", "wav", "m4a", "ogg", "bin"])
def test_random_bytes(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"noise.{ending}"
    path.write_bytes(random.Random(3).randbytes(300_000))
    assert re.search("damaged|not a recording", str(refusal(path)))


def test_a_renamed_archive(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "recordings.mp3"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(folder / "sample.wav")
    assert "is a ZIP archive: unpack it" in str(refusal(path))


def test_a_renamed_openpgp_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.m4a"
    path.write_bytes(b"\x8c\x0d\x04\x09\x03\x02" + random.Random(4).randbytes(60_000))
    assert "encrypted with OpenPGP: decrypt it" in str(refusal(path))


@pytest.mark.parametrize("name", ["picture.png", "picture.jpg", "picture.mp3", "picture.bmp"])
def test_a_picture(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    codec = {"png": "png", "jpg": "mjpeg", "bmp": "bmp"}.get(name[-3:], "png")
    media.run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=s=64x64", "-frames:v", "1", "-c:v", codec),
        *("-f", "image2", "-update", "1", path),
    )
    assert re.search("no audio track|not in a format", str(refusal(path)))


@pytest.mark.parametrize("name", ["mute.mp4", "mute.mkv", "mute.avi", "mute.webm"])
def test_only_a_picture_track(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    codec = "libvpx" if name.endswith("webm") else "mpeg4"
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    media.run_ffmpeg("-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=5", "-c:v", codec, path)
    assert "holds no audio track" in str(refusal(path))


@pytest.mark.parametrize("name", ["sample.m4a", "sample.mp4", "sample.mov", "sample.3gp"])
def test_cut_off_before_the_index(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    data = (folder / name).read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    assert "cut off before its index" in str(refusal(path))


def test_cut_off_after_the_header(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "header.wav"
    path.write_bytes((folder / "sample.wav").read_bytes()[:44])
    assert "cut off before its audio begins" in str(refusal(path))


def test_cut_off_after_a_few_samples(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "header.wav"
    path.write_bytes((folder / "sample.wav").read_bytes()[:60])
    stream = decode(path)
    assert stream.samples == 8
    assert stream.warnings == (f"{path} ends early: 0.0 s could be read, the rest is missing",)


def test_a_header_that_announces_nothing(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "nothing.wav"
    data = (folder / "sample.wav").read_bytes()
    path.write_bytes(data[:4] + (36).to_bytes(4, "little") + data[8:40] + bytes(4))
    assert re.search("holds no samples|damaged", str(refusal(path)))


@pytest.mark.parametrize(
    "name", ["sample.m4a", "sample.webm", "sample.wma", "sample.caf", "sample.aiff", "opus.ogg"]
)
def test_a_zeroed_header(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    data = (folder / name).read_bytes()
    path.write_bytes(bytes(64) + data[64:])
    assert re.search("damaged|no recording|no samples", str(refusal(path)))


ENDS = [
    *("sample.wav", "sample24.wav", "float.wav", "adpcm.wav", "sample.w64"),
    *("rf64.wav", "sample.mp3", "faststart.m4a", "fragmented.mp4", "sample.flac"),
    *("opus.ogg", "sample.opus", "flac.oga", "sample.webm", "sample.mkv"),
    *("sample.wma", "sample.asf", "sample.aiff", "sample.caf", "sample.avi"),
    *("sample.flv", "sample.tta", "sample.au"),
]
"""Formats in which a missing end shows; the others are rows of frames that may end anywhere."""


@pytest.mark.parametrize("name", ENDS)
def test_cut_off_within_the_audio(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    data = (folder / name).read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    stream = decode(path)
    assert 0.5 * 16000 < stream.samples < 2.3 * 16000
    assert len(stream.warnings) == 1
    seconds = f"{stream.samples / 16000:.1f} s"
    assert re.fullmatch(
        re.escape(f"{path} ends early: {seconds}")
        + r"( of 3\.[01] s could be read| could be read, the rest is missing)",
        stream.warnings[0],
    ) or (
        # Its last frame is broken, which may have happened in any other way.
        name == "sample.flac"
        and f"is cut off or damaged: {seconds} of 3.0 s could be read, 1 error"
        in stream.warnings[0]
    )


@pytest.mark.parametrize("name", ["plain.mp3", "sample.aac", "sample.ac3", "sample.amr"])
def test_rows_of_frames_end_where_they_end(name: str, folder: Path, tmp_path: Path) -> None:
    if not (folder / name).exists():
        pytest.skip("this ffmpeg cannot write it")
    path = tmp_path / name
    data = (folder / name).read_bytes()
    path.write_bytes(data[: int(len(data) * 0.6)])
    stream = decode(path)
    assert 1.5 * 16000 < stream.samples < 2 * 16000
    # The last frame is cut through, which some of the decoders report.
    assert len(stream.warnings) <= 1
    assert all("is damaged: 1 error" in warning for warning in stream.warnings)


@pytest.mark.parametrize("name", ["sample.mp3", "sample.m4a", "sample.ac3", "sample.eac3"])
def test_damage_in_the_middle_is_one_line(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    data = bytearray((folder / name).read_bytes())
    generator = random.Random(5)
    middle = len(data) // 2
    for position in range(middle, middle + len(data) // 10):
        data[position] = generator.randrange(256)
    path.write_bytes(data)
    stream = decode(path)
    assert stream.samples > 16000
    damage = [warning for warning in stream.warnings if "is damaged" in warning]
    assert len(damage) == 1
    assert re.fullmatch(
        re.escape(str(path)) + r" is damaged: \d+ errors? while decoding it \(ffmpeg: .{5,120}\)",
        damage[0],
    )


def test_a_picture_that_decodes_as_sound_is_none(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sample.mp3"
    data = (folder / "sample.mp3").read_bytes()
    path.write_bytes((folder / "sample.mpg").read_bytes()[:64] + data[64:])
    assert "no audio track" in str(refusal(path))


@pytest.mark.parametrize("name", ["opus.ogg", "sample.flac"])
def test_a_lost_middle_is_no_early_end(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    data = (folder / name).read_bytes()
    middle, length = len(data) // 2, len(data) // 4
    path.write_bytes(data[:middle] + random.Random(6).randbytes(length) + data[middle + length :])
    stream = decode(path)
    *missing, damage = stream.warnings
    # FLAC numbers its samples; the last page of Ogg may tell no time.
    if missing:
        assert "sound is missing " in missing[0]
        assert abs(stream.samples / 16000 - 3) < 0.15
    assert bool(missing) or name != "sample.flac"
    how = (
        "is damaged: " if missing else r"is cut off or damaged: [\d.]+ s of 3\.0 s could be read, "
    )
    assert re.fullmatch(
        re.escape(f"{path} ") + how + r"\d+ errors? while decoding it \(ffmpeg: .{5,120}\)", damage
    )


@pytest.mark.parametrize("codec", ["aac", "alac", "libopus", "flac"])
def test_an_encrypted_mp4(codec: str, folder: Path, tmp_path: Path) -> None:
    if codec not in media.encoders():
        pytest.skip(f"no encoder {codec}")
    path = tmp_path / "protected.mp4"
    media.run_ffmpeg(
        *("-i", folder / "source.wav", "-c:a", codec, "-strict", "-2"),
        *("-encryption_scheme", "cenc-aes-ctr"),
        *("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
        *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8", path),
    )
    assert "is encrypted (copy protection)" in str(refusal(path))


def test_a_protected_windows_media_file(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "protected.wma"
    data = (folder / "sample.wma").read_bytes()
    # The header's comment on codecs becomes an Extended Content Encryption Object.
    codec_list = bytes.fromhex("4052d1861d31d011a3a400a0c90348f6")
    encryption = bytes.fromhex("14e68a292226174cb935dae07ee9289c")
    assert codec_list in data
    path.write_bytes(data.replace(codec_list, encryption))
    assert "is encrypted (copy protection)" in str(refusal(path))


def element(name: str, *children: bytes) -> bytes:
    body = b"".join(children)
    return bytes.fromhex(name) + (1 << 56 | len(body)).to_bytes(8, "big") + body


def test_a_protected_webm(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "protected.webm"
    data = (folder / "sample.webm").read_bytes()
    # ContentEncodings with one ContentEncryption by AES, as Widevine and its kin have it, goes
    # into the TrackEntry, and that into a Tracks element of its own.
    encryption = element(
        "6d80",
        element(
            "6240",
            element("5033", b"\1"),
            element("5035", element("47e1", b"\5"), element("47e2", b"key name")),
        ),
    )
    name = bytes.fromhex("1654ae6b")
    # Its first mention is in the table of contents.
    tracks = data.index(name, data.index(name) + 4)
    entry = data.index(b"\xae", tracks + 4)
    start, length = _content(data, entry + 1)
    extended = element("1654ae6b", element("ae", data[start : start + length], encryption))
    # The Segment's length is left unknown, since it grows.
    segment = data.index(bytes.fromhex("18538067")) + 4
    head = data[:segment] + b"\x01" + b"\xff" * 7 + data[segment + 8 : tracks]
    assert _content(data, segment)[0] == segment + 8
    path.write_bytes(head + extended + data[start + length :])
    assert "is encrypted (copy protection)" in str(refusal(path))


def _content(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content of an EBML element begins, and its length."""
    width = 9 - data[position].bit_length()
    value = int.from_bytes(data[position : position + width], "big")
    return position + width, value & ((1 << 7 * width) - 1)


def test_audible_and_others_are_told_by_ffmpegs_words() -> None:
    for words in (
        "[warning] [aax] activation_bytes option is missing!",
        "[warning] DRM protected stream detected, decoding will likely fail!",
        "[error] Invalid encryption header",
    ):
        messages = FfmpegMessages()
        messages.feed(f"[mov @ 0x1] {words}\n".encode())
        error = no_audio_failure("a", messages, head=b"\0", lacks_end=False, memory_bytes=1)
        assert "is encrypted" in error.message, words


def test_a_codec_without_a_decoder(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "unknown.wav"
    data = (folder / "sample.wav").read_bytes()
    path.write_bytes(data[:20] + b"\x34\x12" + data[22:])
    assert "cannot decode the audio of" in str(refusal(path))


# With the least ffmpeg crashes, with a little more it calls the recording damaged.
@pytest.mark.parametrize("mebibytes", [1, 10, 14, 17, 40])
def test_too_little_memory(mebibytes: int, folder: Path) -> None:
    error = refusal(folder / "sample.m4a", AudioLimits(memory_bytes=mebibytes << 20))
    assert isinstance(error, LimitError)
    assert f"more than {mebibytes} MiB of memory: allow more with --audio_memory" in str(error)


def test_more_audio_than_is_taken(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    data = (folder / "sample.wav").read_bytes()
    # One sample per second: 3 s of sound become 13 hours.
    path.write_bytes(data[:24] + b"\1\0\0\0\2\0\0\0" + data[32:])
    stream = open_audio(path, ffmpeg=media.ffmpeg(), limits=AudioLimits(audio_seconds=7200))
    with stream, pytest.raises(LimitError, match="more than 2 hours of audio: split it"):
        list(stream)
    assert stream.samples < 7300 * 16000


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a b.wav", "a b.wav"), ("ü日.wav", "ü日.wav"), ("a\nb\x1b[1m\udcff", "a�b�[1m�")],
)
def test_what_a_terminal_shows(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_is_not_known_is_not_claimed() -> None:
    error = no_audio_failure(
        "a", FfmpegMessages(), head=bytes(16), lacks_end=False, memory_bytes=1 << 30
    )
    assert str(error) == "a is damaged, or not a recording: copy or record it again"


def test_the_lower_limit_of_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, 0))
    assert "more than 1024 MiB of memory: it may" in str(memory_failure("a.wav", 1 << 30))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (300 << 20, 0))
    told = str(memory_failure("a.wav", 1 << 30))
    assert "the 300 MiB of memory that a program may use here (ulimit -v)" in told
