from __future__ import annotations

import dataclasses
import fcntl
import json
import math
import os
import random
import signal
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import child
import disks
import pytest

from transcriber.engine.interface import Clip, DecodedWindows, Position, WindowResult
from transcriber.errors import StorageError
from transcriber.transcript.journal import (
    SUFFIX,
    Header,
    Journal,
    identity,
    journal_path,
    open_journal,
    read_journal,
)

HEADER = Header(identity="0123abcd" * 8, language="de", threads=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"talk{SUFFIX}"


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without fsync, which would take minutes in the tests that open a journal 1000 times."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def window(number: int, **changes: Any) -> WindowResult:
    segment: Any = {
        "seek": 3000 * number,
        "start": 30.0 * number,
        "end": 30.0 * number + 0.1 + 0.2,
        "text": f" Satz {number}: grün, 語, 😀, \"'\\\x00\x1f\x7f\u2028\r\n",
        "tokens": [50364, number, 50365],
        "temperature": 0.2,
        "avg_logprob": -1 / 3,
        "compression_ratio": 1.0000000000000002,
        "no_speech_prob": 5e-324,
        "words": [{"word": " a", "start": 0.1, "end": 1e22, "probability": 0.1 + 0.2}],
    }
    position = Position(seek=3000 * (number + 1), prompt_start=number, last_speech=0.7 * number)
    return WindowResult(segments=(segment | changes,), position=position)


def write(path: Path, count: int) -> list[WindowResult]:
    windows = [window(number) for number in range(count)]
    with open_journal(path) as journal:
        journal.begin(HEADER)
        for each in windows:
            journal.append(each)
    return windows


def read(path: Path) -> tuple[Header | None, list[WindowResult]]:
    with open_journal(path) as journal:
        return journal.header, journal.windows


def check_goes_on(path: Path, before: list[WindowResult]) -> None:
    """Append to the journal at `path`, and see that it then holds what it should."""
    with open_journal(path) as journal:
        if journal.header is None:
            journal.begin(HEADER)
        journal.append(window(77))
    assert read(path) == (HEADER, [*before, window(77)])


def test_a_new_journal_is_empty(path: Path) -> None:
    with open_journal(path) as journal:
        assert journal.header is None
        assert journal.windows == []
        assert journal.decoded == DecodedWindows()
        assert journal.path == path
    assert path.read_bytes() == b""


def test_it_makes_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / f"talk{SUFFIX}"
    windows = write(path, 1)
    assert read(path) == (HEADER, windows)


def test_what_was_appended_is_restored(path: Path) -> None:
    windows = write(path, 3)
    with open_journal(path) as journal:
        assert journal.header == HEADER
        assert journal.windows == windows
        assert journal.decoded == DecodedWindows(language="de", windows=tuple(windows))
    check_goes_on(path, windows)


@pytest.mark.parametrize("clips", [None, [], [(0, 300), (310, 9000)]])
def test_the_clips_come_back(path: Path, clips: list[Clip] | None) -> None:
    header = dataclasses.replace(HEADER, clips=clips)
    with open_journal(path) as journal:
        journal.begin(header)
        journal.append(window(0))
    # Tuples, as they were.
    assert read(path) == (header, [window(0)])


def test_a_journal_of_an_earlier_version_has_no_clips(path: Path) -> None:
    path.write_bytes(checked(b'{"identity": "a", "language": "de", "threads": 2}'))
    expected = Header(identity="a", language="de", threads=2, kernels="float32", clips=None)
    assert read(path) == (expected, [])
    assert path.stat().st_size


@pytest.mark.parametrize(
    "clips", ["5", "true", '"ab"', "[5]", "[[1]]", "[[1, 2, 3]]", '[[1, "x"]]', "[[1, null]]"]
)
def test_damaged_clips_count_as_nothing(path: Path, clips: str) -> None:
    good = dataclasses.asdict(dataclasses.replace(HEADER, clips=[(1, 2)]))
    damaged = json.dumps(good).replace("[[1, 2]]", clips).encode()
    path.write_bytes(checked(json.dumps(good).encode()))
    assert read(path)[0] is not None
    path.write_bytes(checked(damaged) + checked(json.dumps(dataclasses.asdict(window(0))).encode()))
    assert read(path) == (None, [])
    check_goes_on(path, [])


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def test_numbers_come_back_to_the_last_bit(path: Path) -> None:
    generator = random.Random(3)
    floats = [struct.unpack("<d", generator.randbytes(8))[0] for _ in range(2000)]
    floats += [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1e16, 2.0**53 + 2]
    segment: Any = {"avg_logprob": floats, "seek": 2**70}
    given = WindowResult(
        segments=(segment,),
        position=Position(clip=1, seek=2, prompt_start=3, last_speech=0.1 + 0.2, stuck=4),
    )
    with open_journal(path) as journal:
        journal.begin(HEADER)
        journal.append(given)
    _, (restored,) = read(path)
    assert restored.position == given.position
    assert bits(restored.position.last_speech) == bits(0.1 + 0.2)
    values: Any = restored.segments[0]["avg_logprob"]
    assert all(
        bits(value) == bits(expected) or math.isnan(expected)
        for value, expected in zip(values, floats, strict=True)
    )
    assert [math.isnan(value) for value in values] == [math.isnan(value) for value in floats]
    assert restored.segments[0]["seek"] == 2**70


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n", "\r", "\u2028\x85", "語😀", "\ud83d", "\udce9", "\ude00\ud83d", "\x00", '"\\'],
    ids=ascii,
)
def test_text_comes_back_as_it_was(path: Path, text: str) -> None:
    given = window(0, text=text)
    header = Header(identity=text, language=text, threads=1)
    with open_journal(path) as journal:
        journal.begin(header)
        journal.append(given)
    assert read(path) == (header, [given])
    assert len(path.read_bytes().splitlines()) == 2


def test_a_window_of_silence(path: Path) -> None:
    silence = WindowResult(segments=(), position=Position(seek=3000))
    with open_journal(path) as journal:
        journal.begin(HEADER)
        journal.append(silence)
    assert read(path) == (HEADER, [silence])


def test_a_window_is_on_the_disk_when_append_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synchronized = []

    def fsync(descriptor: int) -> None:
        synchronized.append(os.pread(descriptor, 10**6, 0))

    with open_journal(path) as journal:
        journal.begin(HEADER)
        monkeypatch.setattr(os, "fsync", fsync)
        for number in range(3):
            journal.append(window(number))
            assert synchronized == [path.read_bytes()]
            assert len(synchronized.pop().splitlines()) == number + 2


def test_the_name_is_on_the_disk_before_the_first_window(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == path.parent:
            folders.append(path.exists())

    monkeypatch.setattr(os, "fsync", fsync)
    with open_journal(path):
        assert folders == [True]


def test_begin_discards_what_was_there(path: Path) -> None:
    write(path, 3)
    other = dataclasses.replace(HEADER, identity="other")
    with open_journal(path) as journal:
        journal.begin(other)
        assert (journal.header, journal.windows) == (other, [])
        journal.append(window(9))
        assert journal.decoded == DecodedWindows(language="de", windows=(window(9),))
    assert read(path) == (other, [window(9)])


def test_begin_discards_even_when_nothing_follows(path: Path) -> None:
    write(path, 3)
    with open_journal(path) as journal:
        journal.begin(dataclasses.replace(HEADER, threads=1))
    assert read(path) == (dataclasses.replace(HEADER, threads=1), [])


def test_it_begins_with_what_another_journal_has(path: Path) -> None:
    windows = [window(number) for number in range(3)]
    write(path, 5)
    other = dataclasses.replace(HEADER, identity="other", options="some")
    with open_journal(path) as journal:
        journal.begin(other, windows)
        assert (journal.header, journal.windows) == (other, windows)
        journal.append(window(3))
    assert read(path) == (other, [*windows, window(3)])


def test_what_nobody_writes_to_is_read_without_a_change(path: Path) -> None:
    windows = write(path, 2)
    with path.open("ab") as stream:
        stream.write(b"half a line")
    content = path.read_bytes()
    kept = read_journal(path)
    assert (kept.header, kept.windows) == (HEADER, windows)
    assert kept.size == len(content) - len(b"half a line")
    assert path.read_bytes() == content


def test_a_copy_has_all_that_is_there(path: Path, tmp_path: Path) -> None:
    write(path, 2)
    with open_journal(path) as journal:
        with (tmp_path / "copy").open("wb") as stream:
            journal.copy_to(stream)
        journal.append(window(2))
    lines = lines_of(path.read_bytes())
    assert (tmp_path / "copy").read_bytes() == b"".join(lines[:3])
    assert len(lines) == 4


def test_a_name_is_shortened_only_where_it_must_be() -> None:
    assert journal_path(Path("out", "talk")) == Path("out", f"talk{SUFFIX}")
    long, other = Path("out", "x" * 250), Path("out", "x" * 249 + "y")
    assert journal_path(long) != journal_path(other)
    assert len(journal_path(long).name) <= 255
    assert journal_path(long).name.endswith(SUFFIX)


def test_a_journal_that_was_deleted_while_waiting_is_made_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock
    deleted: list[bool] = []

    def delete_first(stream: Any, operation: int) -> None:
        lock(stream, operation)
        if not deleted:
            path.unlink()
            deleted.append(True)

    monkeypatch.setattr("transcriber.transcript.sole_owner.fcntl.flock", delete_first)
    with open_journal(path) as journal:
        journal.begin(HEADER)
        assert path.read_bytes()


def test_remove(path: Path) -> None:
    with open_journal(path) as journal:
        journal.begin(HEADER)
        journal.remove()
        assert not path.exists()
        # Somebody else may have been quicker.
        journal.remove()


def lines_of(content: bytes) -> list[bytes]:
    """Return the lines of a journal; only the line feed ends one."""
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


@pytest.mark.usefixtures("careless")
def test_a_cut_at_any_byte_leaves_the_whole_lines(path: Path) -> None:
    windows = write(path, 4)
    content = path.read_bytes()
    lines = lines_of(content)
    assert len(lines) == 5
    ends = [sum(map(len, lines[:count])) for count in range(len(lines) + 1)]
    for cut in range(ends[3], ends[5] + 1):
        path.write_bytes(content[:cut])
        whole = sum(end <= cut for end in ends[2:])
        assert read(path) == (HEADER, windows[:whole]), cut
        # What was cut off is gone from the file too.
        assert path.read_bytes() == content[: ends[whole + 1]]
        check_goes_on(path, windows[:whole])


@pytest.mark.usefixtures("careless")
def test_a_cut_in_the_first_line_leaves_nothing(path: Path) -> None:
    write(path, 1)
    content = path.read_bytes()
    for cut in range(len(lines_of(content)[0])):
        path.write_bytes(content[:cut])
        assert read(path) == (None, [])
        check_goes_on(path, [])


@pytest.mark.usefixtures("careless")
def test_a_flipped_bit_drops_its_line_and_what_follows(path: Path) -> None:
    windows = write(path, 2)
    content = path.read_bytes()
    lines = lines_of(content)
    generator = random.Random(4)
    start = 0
    for number, line in enumerate(lines):
        for offset in range(start, start + len(line)):
            damaged = bytearray(content)
            damaged[offset] ^= 1 << generator.randrange(8)
            path.write_bytes(damaged)
            header, restored = read(path)
            assert header == (HEADER if number else None)
            assert restored == windows[: max(number - 1, 0)]
            assert path.read_bytes() == content[:start]
        start += len(line)
    path.write_bytes(damaged)
    check_goes_on(path, windows[:1])


@pytest.mark.parametrize("zeros", [1, 512, 4096, 100_000])
def test_zeros_after_a_power_loss(path: Path, zeros: int) -> None:
    windows = write(path, 3)
    content = path.read_bytes()
    # The length of the file was on the disk before its content, of part of the last line or more.
    for kept in (len(content), len(content) - 20):
        path.write_bytes(content[:kept] + bytes(zeros))
        assert read(path) == (HEADER, windows[: 3 - (kept < len(content))])
        path.write_bytes(content[:kept] + bytes(zeros))
        check_goes_on(path, windows[: 3 - (kept < len(content))])


def checked(body: bytes) -> bytes:
    return b"%08x %s\n" % (zlib.crc32(body), body)


@pytest.mark.parametrize(
    "content",
    [
        b"\n",
        b"\n\n\n",
        bytes(5000),
        b"00000000 \n",
        b"RIFF\x00\x00\xff\xfe garbage\n" * 50,
        random.Random(5).randbytes(20_000),
        checked(b"not json"),
        checked(b"[]"),
        checked(b"7"),
        checked(b"null"),
        checked(b"{}"),
        checked(b'{"identity": "a"}'),
        checked(b'{"identity": "a", "language": "de", "threads": 1, "more": 2}'),
        checked(b"\xff\xfe"),
        checked(json.dumps(dataclasses.asdict(window(0))).encode()),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_garbage_counts_as_nothing(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read(path) == (None, [])
    check_goes_on(path, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"{}",
        b'{"segments": []}',
        b'{"segments": [], "position": {"seek": 1, "other": 2}}',
        b'{"segments": 1, "position": {}}',
        b'{"segments": [], "position": null}',
        b'{"segments": [], "position": []}',
    ],
)
def test_a_line_that_is_no_window_ends_what_is_restored(path: Path, body: bytes) -> None:
    windows = write(path, 2)
    with path.open("ab") as stream:
        stream.write(checked(body) + lines_of(path.read_bytes())[1])
    assert read(path) == (HEADER, windows)
    check_goes_on(path, windows)


def test_a_second_header_ends_what_is_restored(path: Path) -> None:
    windows = write(path, 2)
    content = path.read_bytes()
    path.write_bytes(content + content)
    assert read(path) == (HEADER, windows)


HOLD = """
    import sys, time
    from pathlib import Path
    from transcriber.transcript.journal import open_journal
    with open_journal(Path(sys.argv[1])):
        print("locked", flush=True)
        time.sleep(60)
    """


def test_another_process_cannot_open_it(path: Path) -> None:
    windows = write(path, 2)
    with child.start(HOLD, path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        with (
            pytest.raises(
                StorageError, match="another process is writing the transcript"
            ) as caught,
            open_journal(path),
        ):
            pass
        process.kill()
        process.wait(timeout=10)
    assert str(path) in caught.value.message
    assert "--output_dir" in caught.value.remedy
    # The lock ends with its process, and the refusal has changed nothing.
    assert read(path) == (HEADER, windows)


def test_it_is_open_once_in_a_process_too(path: Path) -> None:
    with open_journal(path), pytest.raises(StorageError), open_journal(path):
        pass
    with open_journal(path):
        pass


def test_a_file_system_without_locks_will_do(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    windows = write(path, 2)
    assert read(path) == (HEADER, windows)


def test_children_do_not_inherit_it(path: Path) -> None:
    with open_journal(path):
        done = child.run(
            "import os, sys; print([os.readlink(f'/proc/self/fd/{d}') for d in range(3, 30)"
            " if os.path.exists(f'/proc/self/fd/{d}')])",
            close_fds=False,
        )
    assert done.returncode == 0
    assert path.name not in done.stdout


APPEND = """
    import sys
    from pathlib import Path
    from transcriber.engine.interface import Clip, Position, WindowResult
    from transcriber.transcript.journal import Header, open_journal
    with open_journal(Path(sys.argv[1])) as journal:
        if journal.header is None:
            journal.begin(Header(identity="a", language="en", threads=1))
        for number in range(len(journal.windows), 10**6):
            segment = {"text": f" {number}" * (number % 200), "start": number / 7}
            journal.append(WindowResult(segments=(segment,), position=Position(seek=number)))
            print(number, flush=True)
    """


def test_a_killed_run_is_continued(path: Path) -> None:
    generator = random.Random(6)
    appended = 0
    for _ in range(6):
        with child.start(APPEND, path) as process:
            assert process.stdout is not None
            for _ in range(generator.randrange(1, 60)):
                appended = int(process.stdout.readline()) + 1
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().splitlines()
            assert process.wait(timeout=10) == -signal.SIGKILL
        appended = int(rest[-1]) + 1 if rest else appended
        _, windows = read(path)
        # What was told is there; the line that was being written may be.
        assert appended <= len(windows) <= appended + 1
        for number, each in enumerate(windows):
            assert each.position.seek == number
            assert each.segments == ({"text": f" {number}" * (number % 200), "start": number / 7},)


FILL = """
    import sys
    from pathlib import Path
    from transcriber.engine.interface import Clip, Position, WindowResult
    from transcriber.errors import StorageError
    from transcriber.transcript.journal import Header, open_journal
    if len(sys.argv) > 2:
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    count = 0
    try:
        with open_journal(Path(sys.argv[1])) as journal:
            journal.begin(Header(identity="a", language="en", threads=1))
            while True:
                segment = {"text": "x" * 1000}
                journal.append(WindowResult(segments=(segment,), position=Position(seek=count)))
                count += 1
    except StorageError as error:
        print(count, len(journal.windows), error)
    """


def check_full(path: Path, output: str, reason: str) -> None:
    count, windows, message = output.split(maxsplit=2)
    assert int(count) == int(windows) > 5
    assert message.startswith(f"cannot write {path}: {reason}")
    assert len(read(path)[1]) == int(count)


def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path / "disk") as disk:
        path = disk / f"talk{SUFFIX}"
        done = child.run(FILL, path)
        assert done.stderr == ""
        check_full(path, done.stdout, "No space left on device")


@pytest.mark.parametrize("limit", [10_000, 12_345])
def test_a_limit_of_file_sizes_keeps_what_is_there(path: Path, limit: int) -> None:
    done = child.run(FILL, path, str(limit))
    assert done.stderr == ""
    check_full(path, done.stdout, "File too large")


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    with (
        disks.read_only(tmp_path / "folder") as folder,
        pytest.raises(StorageError, match="cannot write"),
        open_journal(folder / f"talk{SUFFIX}"),
    ):
        pass


def test_a_folder_in_the_way_is_told(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StorageError, match="Is a directory"), open_journal(path):
        pass


def changed() -> Iterator[dict[str, Any]]:
    base: dict[str, Any] = {"audio": "ab", "decoding": {"beam": 5, "prompt": None, "t": [0.0, 0.2]}}
    yield base
    yield base | {"audio": "ac"}
    yield base | {"more": None}
    for change in ({"beam": 4}, {"beam": "5"}, {"prompt": ""}, {"t": [0.0]}, {"t": [0.2, 0.0]}):
        yield base | {"decoding": base["decoding"] | change}
    for text in ("\ud83d", "\udce9", "\ufffd", "?"):
        yield base | {"audio": text}


def test_another_work_has_another_identity() -> None:
    digests = [identity(parts) for parts in changed()]
    assert len(set(digests)) == len(digests)
    assert all(len(digest) == 64 for digest in digests)


def test_the_order_of_names_is_no_part_of_the_identity() -> None:
    assert identity({"a": 1, "b": {"c": 2, "d": 3}}) == identity({"b": {"d": 3, "c": 2}, "a": 1})


def test_a_journal_is_only_opened_by_open_journal(path: Path) -> None:
    # The lock and the checks are there; the class itself takes any open file.
    path.write_bytes(b"")
    with path.open("r+b") as stream:
        journal = Journal(path, stream)
        journal.begin(HEADER)
    assert read(path) == (HEADER, [])
