"""Recordings as clients really send them: odd, damaged, and made to exhaust the server."""

from __future__ import annotations

import json
import os
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import fuzz_media
import media
import pytest
from commands.test_serve import Running, serving
from utterance import Utterance

from service.programs import Watch, left, options

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ADDRESS = "/v1/audio/transcriptions"

DAMAGED = int(os.environ.get("TRANSCRIBER_SERVICE_DAMAGED", "40"))
"""Recordings that are damaged at random."""

MOST_MIB = 700
"""Of any process: the limit that ffmpeg has, and far more than the model needs."""

SILENCE = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono")
PICTURE = ("-f", "lavfi", "-i", "color=c=gray:s=64x48:r=10:d=12")


@pytest.fixture(scope="module")
def speech(utterances: list[Utterance]) -> Path:
    return utterances[2].path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("served") / "data", *options(models)) as running:
        yield running


def asked(server: Running, path: Path, **fields: str) -> tuple[int, dict[str, object]]:
    """Send a recording, and return the answer; nothing is left of it, and the server lives."""
    status, body = server.post(ADDRESS, path, **fields)
    answer = json.loads(body)
    deadline = time.monotonic() + 20
    while left(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left(server) == []
    assert server.get("/health")["status"] == "ok"
    if status == 200:
        assert isinstance(answer["text"], str)
    else:
        error = answer["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert error["message"].isprintable()
        assert str(server.folder) not in error["message"]
    return status, answer


Made = Callable[[Path, Path], object]
"""Writes a recording, out of one with speech."""


def made(*arguments: str | Path) -> Made:
    """Return what has ffmpeg write it."""
    return lambda path, speech: media.run_ffmpeg(
        *(speech if one == "SPEECH" else one for one in arguments), path
    )


def holding(content: bytes) -> Made:
    return lambda path, _: path.write_bytes(content)


GAP = "[0:a][1:a][2:a]concat=n=3:v=0:a=1,aselect='lt(t,5)+gte(t,15)'[o]"

READ: dict[str, tuple[str, Made]] = {
    "a gap": (
        "gap.mkv",
        made(
            *("-i", "SPEECH", "-t", "10", *SILENCE, "-i", "SPEECH"),
            *("-filter_complex", GAP, "-map", "[o]", "-c:a", "pcm_s16le"),
        ),
    ),
    "sound that begins late": (
        "late.mp4",
        made(
            *(*PICTURE, "-itsoffset", "5", "-i", "SPEECH", "-map", "0:v", "-map", "1:a"),
            *("-c:v", "mpeg4", "-c:a", "aac"),
        ),
    ),
    "channels that cancel": (
        "inverted.wav",
        made("-i", "SPEECH", "-af", "aeval='val(0)|-val(0)':c=stereo"),
    ),
    "two tracks": (
        "two.mkv",
        made(
            *("-i", "SPEECH", "-f", "lavfi", "-i", "sine=f=220:r=48000:d=5", "-map", "0:a"),
            *("-map", "1:a", "-c:a", "flac", "-ac:a:0", "1", "-ac:a:1", "6"),
        ),
    ),
    "a film of a camera": (
        "clip.mxf",
        made(
            *(*PICTURE, "-i", "SPEECH", "-map", "0:v", "-map", "1:a", "-s", "320x240"),
            *("-r", "25", "-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"),
        ),
    ),
    "quick speech": ("quick.wav", made("-i", "SPEECH", "-af", "atempo=2.0,atempo=1.3")),
    "a wrong name": ("film.txt", made("-i", "SPEECH", "-f", "ogg", "-c:a", "libopus")),
    "a browser's recording under a wrong name": (
        "blob.wav",
        made("-i", "SPEECH", "-c:a", "libopus", "-f", "webm"),
    ),
    "no name": ("x", made("-i", "SPEECH", "-f", "flac")),
    "a piece": ("cut.wav", made("-i", "SPEECH", "-t", "1.37")),
}


@pytest.mark.parametrize("kind", READ)
def test_what_can_be_read_is_read(server: Running, tmp_path: Path, speech: Path, kind: str) -> None:
    name, make = READ[kind]
    make(tmp_path / name, speech)
    status, answer = asked(server, tmp_path / name)
    assert status == 200, answer
    assert "less" in str(answer["text"]).lower() or kind in ("quick speech", "a piece"), answer


@pytest.mark.parametrize("name", ["silence.wav", "silence.flac", "silence.opus"])
def test_silence_has_no_text(server: Running, tmp_path: Path, name: str) -> None:
    media.run_ffmpeg(*SILENCE, "-t", "6", tmp_path / name)
    status, answer = asked(server, tmp_path / name)
    assert (status, answer["text"]) == (200, "")


HEADER = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0"

UNREADABLE = {
    "nothing": b"",
    "one byte": b"\0",
    "text": b"no sound at all\n" * 1000,
    "zeros": bytes(100_000),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "an archive": b"PK\3\4" + bytes(1000),
    "a header alone": HEADER,
    "a list of another file": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "a list of addresses": b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\nhttp://127.0.0.1:9/a.ts\n",
    "a description of a stream": b"v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 0\r\n",
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_refused(server: Running, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(UNREADABLE[kind])
    status, answer = asked(server, path)
    assert status == 400, answer
    assert answer["error"]["type"] == "invalid_request_error"  # type: ignore[index]


@pytest.mark.parametrize("fields", [{"prompt": "a <|endoftext|> b"}, {"clip_timestamps": "0,1"}])
def test_odd_wishes(server: Running, speech: Path, fields: dict[str, str]) -> None:
    assert asked(server, speech, **fields)[0] == 200


def test_a_model_that_cannot_translate_says_so(server: Running, speech: Path) -> None:
    status, body = server.post("/v1/audio/translations", speech)
    assert (status, "tiny.en" in body.decode()) == (400, True)


def test_damaged_recordings(server: Running, tmp_path: Path) -> None:
    statuses = set()
    with Watch(server) as watch:
        for number, (_, name, content) in enumerate(fuzz_media.damaged_recordings(7, DAMAGED)):
            path = tmp_path / f"{number}-{name}"
            path.write_bytes(content)
            status, answer = asked(server, path)
            assert status in (200, 400, 413), (path.name, answer)
            statuses.add(status)
            path.unlink()
    assert statuses >= {200, 400}
    assert watch.mib < MOST_MIB


THOUSAND_HOURS_MS = 1000 * 3600 * 1000.0


def lying(path: Path, _: Path) -> None:
    """Write a Matroska file of a second that says that it has a thousand hours."""
    media.run_ffmpeg(*SILENCE, "-t", "1", "-c:a", "flac", path)
    content = path.read_bytes()
    # The duration is an 8-byte float behind its identifier and length.
    at = content.index(b"\x44\x89\x88") + 3
    path.write_bytes(content[:at] + struct.pack(">d", THOUSAND_HOURS_MS) + content[at + 8 :])


BOMBS: dict[str, tuple[str, Made, int]] = {
    "an hour of silence in FLAC": ("hour.flac", made(*SILENCE, "-t", "3600"), 200),
    "an hour of silence in Opus": (
        "hour.opus",
        made(*SILENCE, "-t", "3600", "-c:a", "libopus", "-b:a", "6k"),
        200,
    ),
    "a thousand hours that are a second": ("lie.mkv", lying, 200),
    "four gigabytes that are none": ("lie.wav", holding(HEADER + b"data\xff\xff\xff\xff"), 400),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_exhaust_nothing(server: Running, tmp_path: Path, speech: Path, kind: str) -> None:
    name, make, wanted = BOMBS[kind]
    make(tmp_path / name, speech)
    size = (tmp_path / name).stat().st_size
    with Watch(server) as watch:
        status, answer = asked(server, tmp_path / name)
    print(f"{size} bytes: {status} {answer}, {watch.mib:.0f} MiB, {watch.bytes:.0f} bytes on disk")
    assert status == wanted, answer
    assert wanted != 200 or answer["text"] == ""
    assert watch.mib < MOST_MIB
    assert watch.bytes < size + (4 << 20)
