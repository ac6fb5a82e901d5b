import random

import pytest

from transcriber.audio.messages import FfmpegMessages

MP4 = """\
[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/a.mp4':
[info]   Metadata:
[info]     title           : partial file
[info]   Duration: 01:02:03.50, start: 0.250000, bitrate: 40 kb/s
[info]   Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 64x48
[info]     Metadata:
[info]       handler_name    : VideoHandler
[info]   Stream #0:1[0x2](deu): Audio: aac (LC) (mp4a / 0x6134706D), 16000 Hz, mono, fltp
[info] Stream mapping:
[info]   Stream #0:1 -> #0:0 (aac (native) -> pcm_s16le (native))
[info] Output #0, s16le, to 'pipe:':
[info]   Duration: 00:00:09.00, start: 0.000000
[info]   Stream #0:0: Audio: pcm_s16le, 16000 Hz, mono, s16, 256 kb/s
"""

# The same damage in the words of two versions.
DAMAGE_9 = """\
[in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x5560ed7a61c0] [warning] Packet corrupt (stream = 0, dts = 2).
[in#0/mov,mp4,m4a,3gp,3g2,mj2 @ 0x5560ed7a61c0] [error] stream 0, offset 0x346c: partial file
[aac @ 0x5560ed7c7ec0] [error] Input buffer exhausted before END element found
[aist#0:0/aac @ 0x5560ed7c0400] [dec:aac @ 0x5560ed7c7300] [error] Error submitting packet to \
decoder: Invalid data found when processing input
[aac @ 0x5560ed7c7ec0] [error] Reserved bit set.
[aist#0:0/aac @ 0x5560ed7c0400] [dec:aac @ 0x5560ed7c7300] [error] Error submitting packet to \
decoder: Invalid data found when processing input
"""
DAMAGE_5 = """\
[mov,mp4,m4a,3gp,3g2,mj2 @ 0x56084de70b00] [error] stream 0, offset 0x3c60: partial file
[aac @ 0x56084de79000] [error] Input buffer exhausted before END element found
[error] Error while decoding stream #0:0: Invalid data found when processing input
[aac @ 0x56084de79000] [error] Reserved bit set.
[error] Error while decoding stream #0:0: Invalid data found when processing input
"""


def read(text: str) -> FfmpegMessages:
    messages = FfmpegMessages()
    messages.feed(text.encode())
    messages.finish()
    return messages


def test_the_banner() -> None:
    messages = read(MP4)
    assert messages.input_format == "mov,mp4,m4a,3gp,3g2,mj2"
    assert messages.announced_seconds == 3723.5
    assert messages.start_seconds == 0.25
    assert messages.audio_codec == "aac"
    assert messages.other_streams == 1
    assert messages.decoding
    assert messages.errors == 0
    assert messages.signs == set()


@pytest.mark.parametrize("damage", [DAMAGE_9, DAMAGE_5])
def test_damage_is_counted_by_packets(damage: str) -> None:
    messages = read(MP4 + damage)
    assert messages.errors == messages.lost_packets == 2
    assert messages.signs == {"cut off"}
    assert messages.quote == "stream 0, offset 0x346c: partial file".replace(
        "346c", "346c" if damage is DAMAGE_9 else "3c60"
    )


def test_any_split_of_the_bytes_reads_the_same() -> None:
    whole = read(MP4 + DAMAGE_9)
    generator = random.Random(1)
    data = (MP4 + DAMAGE_9).encode()
    for _ in range(50):
        messages = FfmpegMessages()
        position = 0
        while position < len(data):
            step = generator.randint(1, 200)
            messages.feed(data[position : position + step])
            position += step
        messages.finish()
        assert messages == whole


def test_errors_before_decoding_are_not_damage_of_the_sound() -> None:
    messages = read("[h264 @ 0x5f] [error] no frame!\n" + MP4)
    assert messages.errors == 0
    assert messages.quote == ""


def test_errors_that_the_decoder_bridges_count_by_lines() -> None:
    messages = read(MP4 + "[mp3float @ 0x5f] [error] invalid new backstep 5\n" * 3)
    assert messages.lost_packets == 0
    assert messages.errors == 3


def test_a_guessed_length_is_not_announced() -> None:
    guess = "[mp3 @ 0x1] [warning] Estimating duration from bitrate, this may be inaccurate\n"
    assert read(guess + MP4).announced_seconds is None


def test_no_length() -> None:
    assert read(MP4.replace("01:02:03.50", "N/A")).announced_seconds is None


def test_tags_cannot_pretend() -> None:
    tags = "[info]     title           : [error] moov atom not found\n" * 2
    messages = read(MP4.replace("[info]   Metadata:\n", tags))
    assert messages.signs == set()
    assert messages.quote == ""


@pytest.mark.parametrize(
    "line",
    [
        "[error] file:/a/moov atom not found: partial file.mp3: Invalid data found",
        "[warning] file:/a/partial file.mp3: something",
        "[error] Error opening input file file:/a/File ended prematurely.mp3.",
    ],
)
def test_the_name_of_the_recording_cannot_pretend(line: str) -> None:
    messages = read(line + "\n")
    assert messages.signs == set()
    assert ".mp3" not in messages.quote


def test_corrupt_packets_are_gaps_in_a_transport_stream_only() -> None:
    corrupt = "[in#0/x @ 0x1] [warning] corrupt input packet in stream 0\n"
    assert read(MP4 + corrupt).errors == 0
    assert read(MP4.replace("mov,mp4,m4a,3gp,3g2,mj2", "mpegts") + corrupt).errors == 1


def test_memory_is_bounded() -> None:
    messages = FfmpegMessages()
    for _ in range(1000):
        messages.feed(b"x" * 65536)
    assert len(messages._line) <= 4096
    messages.feed(b"\n" + MP4.encode())
    assert messages.announced_seconds == 3723.5
    for number in range(20000):
        messages.feed(b"[mp3 @ 0x1] [error] Header missing %d\n" % number)
    assert messages.errors == 20000
    assert messages.quote == "Header missing 0"


def test_bytes_that_are_no_text() -> None:
    messages = FfmpegMessages()
    messages.feed(b"[x @ 0x1] [error] \xff\xfe bad\n")
    assert messages.quote.endswith(" bad")


def test_an_unfinished_line_counts_at_the_end() -> None:
    assert read("[in#0 @ 0x1] [error] moov atom not found").signs == {"no index"}


def test_the_audio_tracks() -> None:
    banner = MP4.replace(
        "[info] Stream mapping:",
        "[info]   Stream #0:2[0x3](en-GB): Audio: ac3 (AC-3), 48000 Hz, 5.1(side), fltp, 448 kb/s "
        "(default)\n[info]   Stream #0:3: Audio: pcm_s16le ([1][0][0][0] / 0x0001), 8000 Hz, "
        "2 channels, s16, 256 kb/s\n[info]   Stream #0:4(\x1b[1m(x)): Audio: mp2, 1 Hz, \x1b, s16\n"
        "[info] Stream mapping:",
    )
    tracks = read(banner).tracks
    assert [track.stream for track in tracks] == [1, 2, 3, 4]
    assert [track.language for track in tracks] == ["deu", "en-GB", "", "1m(x)"]
    assert [track.layout for track in tracks] == ["mono", "5.1(side)", "2 channels", ""]
    assert [track.preferred for track in tracks] == [False, True, False, False]


def test_a_picture_that_is_taken_for_sound_is_no_track() -> None:
    banner = (
        "[info] Input #0, {}, from 'file:/a':\n"
        "[info]   Stream #0:0[0x1e0]: Audio: mp3 (mp3float), 0 channels, fltp\n"
        "[info]   Stream #0:1[0x1c0]: Audio: mp2, 44100 Hz, mono, s16p, 384 kb/s\n"
    )
    messages = read(banner.format("mpeg"))
    assert [track.stream for track in messages.tracks] == [1]
    assert (messages.mistaken, messages.audio_codec) == (True, "mp2")
    messages = read(banner.format("mpegts"))
    assert [track.stream for track in messages.tracks] == [0, 1]
    assert not messages.mistaken


def test_the_heads_of_further_links_are_no_damage() -> None:
    lost = "[opus @ 0x1] [error] Error submitting packet to decoder: Invalid data\n"
    text = "[info] Input #0, {}, from 'file:/a':\n[info] Stream mapping:\n" + 3 * lost
    for name, errors in (("ogg", 1), ("mpegts", 3)):
        messages = read(text.format(name))
        assert messages.errors == 3
        messages.joined = 1
        assert messages.errors == errors


def test_a_broadcast_lists_its_tracks_by_programme() -> None:
    line = "[info]   Stream #0:{}[0x10{}]: Audio: mp2, 48000 Hz, stereo, fltp, 256 kb/s\n"
    tracks = read("".join(line.format(number, number) for number in (2, 0, 1))).tracks
    assert [track.stream for track in tracks] == [0, 1, 2]


@pytest.mark.parametrize("context", ["", "[Eval @ 0x7f70] "])
def test_where_the_clock_jumps(context: str) -> None:
    said = ["0.000000", "-1.400000", "12.345678", "3.500000", "20.000000", "nan", "1.000000"]
    messages = read(MP4 + "".join(f"{context}[info] {number}\n" for number in said))
    assert list(messages.jumps) == [(0.0, -1.4), (12.345678, 3.5), (20.0, 0.0)]


def test_tags_cannot_pretend_that_it_does() -> None:
    tags = "[info]     title           : 5.000000\n[info]     5.000000\n" * 4
    assert not read(MP4.replace("[info]   Metadata:\n", tags)).jumps


@pytest.mark.parametrize(
    ("name", "start", "zero"),
    [
        ("mov,mp4,m4a,3gp,3g2,mj2", "5.000000", 0),
        ("matroska,webm", "0.500000", 0),
        ("mpegts", "5.000000", 5),
        ("mov,mp4,m4a,3gp,3g2,mj2", "90000.000000", 90000),
        ("mov,mp4,m4a,3gp,3g2,mj2", "-0.500000", -0.5),
    ],
)
def test_what_a_player_shows_as_zero(name: str, start: str, zero: float) -> None:
    banner = MP4.replace("mov,mp4,m4a,3gp,3g2,mj2", name).replace(
        "start: 0.250000", f"start: {start}"
    )
    assert read(banner).zero_seconds == zero
