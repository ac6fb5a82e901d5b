import contextlib
import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import media
import pytest

from transcriber.audio.command import CHANNELS_OUTPUT, DEMUXERS, build_command
from transcriber.audio.stream import AHEAD_BLOCKS, BLOCK_BYTES, open_audio
from transcriber.errors import InputError


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.write_wav(tmp_path_factory.mktemp("source") / "source.wav", seconds=1)


def test_blocks_digest_and_count(tmp_path: Path) -> None:
    path = media.write_wav(tmp_path / "long.wav", seconds=70)
    stream = open_audio(path, ffmpeg=media.ffmpeg())
    assert (stream.samples, stream.announced_seconds) == (0, None)
    with stream:
        first = next(stream)
        assert len(first) == BLOCK_BYTES
        assert stream.announced_seconds == 70
        assert stream.samples == BLOCK_BYTES // 2
        assert stream.sha256 == hashlib.sha256(first).hexdigest()
        blocks = [first, *stream]
    assert [len(block) for block in blocks] == [BLOCK_BYTES, BLOCK_BYTES, 2240000 - 2 * BLOCK_BYTES]
    sound = b"".join(blocks)
    assert sound == path.read_bytes()[44:]
    assert stream.samples == 70 * 16000
    assert stream.sha256 == hashlib.sha256(sound).hexdigest()
    assert stream.warnings == ()
    assert list(stream) == []


def test_it_is_decoded_ahead_of_the_caller(tmp_path: Path) -> None:
    path = media.write_wav(tmp_path / "long.wav", seconds=70)
    with open_audio(path, ffmpeg=media.ffmpeg()) as stream:
        stream.begin()
        # Nothing of that is seen before the blocks are taken.
        time.sleep(0.5)
        assert (stream.samples, stream.sha256) == (0, hashlib.sha256().hexdigest())
        assert sum(map(len, stream)) == 2240000


def test_no_further_ahead_than_said(tmp_path: Path) -> None:
    note = tmp_path / "written"
    body = f"""
        for number in range({3 * AHEAD_BLOCKS}):
            sys.stdout.buffer.write(bytes({BLOCK_BYTES})); sys.stdout.flush()
            open({str(note)!r}, "w").write(str(number + 1))
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    path = media.write_wav(tmp_path / "a.wav", seconds=0.1)
    with open_audio(path, ffmpeg=fake) as stream:
        stream.begin()
        deadline = time.monotonic() + 30
        while not _count(note) >= AHEAD_BLOCKS and time.monotonic() < deadline:
            time.sleep(0.05)
        # One that is too many would be there by then.
        time.sleep(0.5)
        # What waits, and what a pipe and the pieces of a block hold.
        assert AHEAD_BLOCKS <= _count(note) <= AHEAD_BLOCKS + 2
        assert sum(map(len, stream)) == 3 * AHEAD_BLOCKS * BLOCK_BYTES


def _count(note: Path) -> int:
    return int(note.read_text() or 0) if note.exists() else 0


def test_importing_it_is_cheap() -> None:
    code = (
        "import sys, transcriber.audio.stream;"
        "print(sorted({'numpy', 'torch', 'whisper', 'ffmpeg', 'tqdm'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_the_command_is_openais_with_fences(tmp_path: Path) -> None:
    command = build_command(Path("ffmpeg"), tmp_path / "a.wav")
    source = command.index("-i")
    assert command[source + 1] == f"file:{tmp_path}/a.wav"
    before, after = command[:source], command[source + 2 :]
    assert before[:2] == ["ffmpeg", "-nostdin"]
    assert before[before.index("-threads") + 1] == "0"
    assert before[before.index("-protocol_whitelist") + 1] == "file"
    formats = before[before.index("-format_whitelist") + 1].split(",")
    assert not {"hls", "dash", "concat", "image2", "sdp", "lavfi", "tty", "srt"} & set(formats)
    assert len(formats) == len(set(formats))
    fences = {"-vn", "-sn", "-dn"}
    assert fences < set(after)
    assert [argument for argument in after if argument not in fences] == [
        *("-f", "s16le", "-ac", "1", "-acodec", "pcm_s16le"),
        # Tells of times, and leaves the samples as they are.
        *("-af", after[after.index("-af") + 1]),
        *("-ar", "16000"),
        # How it is written, not what.
        *("-flush_packets", "0"),
        "-",
    ]


def test_the_command_for_one_of_several_streams(tmp_path: Path) -> None:
    command = build_command(
        Path("ffmpeg"), tmp_path / "a.wav", stream=3, offset=7000, channels=True
    )
    source = command.index("-i")
    assert command[command.index("-skip_initial_bytes") + 1] == "7000"
    assert command.index("-skip_initial_bytes") < source
    first, second = command[source:].index("-"), command[source:].index(CHANNELS_OUTPUT)
    mix, pair = command[source : source + first], command[source + first : source + second]
    assert mix[mix.index("-map") + 1] == pair[pair.index("-map") + 1] == "0:3"
    assert (mix[mix.index("-ac") + 1], pair[pair.index("-ac") + 1]) == ("1", "2")
    assert "-af" not in pair


def test_ffmpeg_knows_the_formats_by_these_names() -> None:
    done = subprocess.run(
        [media.ffmpeg().path, "-hide_banner", "-demuxers"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    known = {
        name
        for line in done.stdout.splitlines()
        if len(line.split()) > 2
        for name in line.split()[1].split(",")
    }
    # A slip in a name would go unnoticed; what came with later versions may be missing.
    assert set(DEMUXERS) - known <= {"lc3", "iamf", "qoa", "aea"}


AWKWARD: list[str | bytes] = [
    "-y.wav",
    "--help",
    "a:b.wav",
    "http:x.wav",
    "concat:a|b.wav",
    "pipe:0",
    "100%d.wav",
    "frame%03d.wav",
    "two\nlines.wav",
    "tab\tand space .wav",
    "quote'\"`$(x)\\.wav",
    "*?[a].wav",
    "übung 日本語.wav",
    b"latin1 \xfc\xff.wav",
    "\x1b[31mred.wav",
    "n" * 251 + ".wav",
]


@pytest.mark.parametrize("name", AWKWARD, ids=repr)
@pytest.mark.parametrize("relative", [False, True])
def test_any_name_works(
    name: str | bytes,
    relative: bool,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(source.read_bytes())
    if relative:
        monkeypatch.chdir(tmp_path)
        path = Path(os.fsdecode(name))
    with open_audio(path, ffmpeg=media.ffmpeg()) as stream:
        assert b"".join(stream) == source.read_bytes()[44:]


@pytest.mark.parametrize("name", AWKWARD, ids=repr)
def test_any_name_is_shown_on_one_harmless_line(name: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_audio(tmp_path / os.fsdecode(name), ffmpeg=media.ffmpeg())
    line = str(caught.value)
    assert line.isprintable()
    line.encode()


def test_the_label_stands_for_the_path(tmp_path: Path) -> None:
    path = tmp_path / "copy-x7f3"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"^standard input is empty"):
        open_audio(path, ffmpeg=media.ffmpeg(), label="standard input")


@contextlib.contextmanager
def listening() -> Iterator[tuple[int, list[bytes]]]:
    """Serve nothing on a local port, and keep what connects to it."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        done = threading.Event()

        def accept() -> None:
            while not done.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = server.accept()
                    with connection:
                        requests.append(connection.recv(1000))

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield server.getsockname()[1], requests
        finally:
            done.set()
            thread.join(10)


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:{port}/a.ts\n"
PLAYLIST += "#EXT-X-ENDLIST\n"
SCRIPT = "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.wav'\n"


@pytest.mark.parametrize("content", [PLAYLIST, SCRIPT], ids=["playlist", "script"])
@pytest.mark.parametrize("ending", ["m3u8", "mp3", "wav", "ffconcat"])
def test_nothing_is_fetched(content: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"list.{ending}"
    with listening() as (port, requests):
        path.write_text(content.format(port=port))
        with (
            pytest.raises(InputError, match="is a playlist"),
            open_audio(path, ffmpeg=media.ffmpeg()) as stream,
        ):
            list(stream)
    assert requests == []


def test_the_server_of_the_test_above_can_be_reached(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    with listening() as (port, requests):
        path.write_text(PLAYLIST.format(port=port))
        command = build_command(media.ffmpeg().path, path)
        command[command.index("-protocol_whitelist") + 1] = "file,http,tcp"
        command[command.index("-format_whitelist") + 1] = "hls,mpegts"
        subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert requests
    assert requests[0].startswith(b"GET /a.ts")


@pytest.mark.parametrize("formats", ["concat,wav", None])
def test_a_script_cannot_name_another_file(
    formats: str | None, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret.wav").write_bytes(source.read_bytes())
    script = tmp_path / "innocent.mp3"
    script.write_text("ffconcat version 1.0\nfile 'secret.wav'\n")
    command = build_command(media.ffmpeg().path, script)
    if formats is not None:
        # Without the list of formats it can: the test would see it.
        command[command.index("-format_whitelist") + 1] = formats
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert bool(done.stdout) == (formats is not None)
