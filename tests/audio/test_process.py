"""Limits and ends: an ffmpeg that hangs, grows, floods or dies."""

import contextlib
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import media
import pytest

from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.stream import (
    AHEAD_BLOCKS,
    BLOCK_BYTES,
    AudioLimits,
    AudioStream,
    open_audio,
)
from transcriber.errors import DependencyError, InputError, LimitError

SECOND = "sys.stdout.buffer.write(bytes(32000)); sys.stdout.flush()\n"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return media.write_wav(tmp_path / "a.wav", seconds=0.1)


def ends(process: int) -> bool:
    """Tell whether a process ends within half a minute."""
    for _ in range(600):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(OSError):
            # A grandchild that nobody has waited for yet is dead all the same.
            if Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1][0] == "Z":
                return True
        time.sleep(0.05)
    return False


def opened(recording: Path, fake: Ffmpeg, **limits: float) -> AudioStream:
    return open_audio(recording, ffmpeg=fake, limits=AudioLimits(**limits))  # type: ignore[arg-type]


def test_a_stall(recording: Path, tmp_path: Path) -> None:
    note = tmp_path / "process"
    fake = media.fake_ffmpeg(
        tmp_path / "fake",
        SECOND + f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)",
    )
    started = time.monotonic()
    with (
        pytest.raises(LimitError, match="gave no audio for 2 s"),
        opened(recording, fake, stall_seconds=2) as stream,
    ):
        list(stream)
    assert time.monotonic() - started < 20
    assert ends(int(note.read_text()))


def test_talking_is_no_progress(recording: Path, tmp_path: Path) -> None:
    body = "while True:\n sys.stderr.write('[error] no\\n'); sys.stderr.flush(); time.sleep(0.01)"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with (
        pytest.raises(LimitError, match="gave no audio"),
        opened(recording, fake, stall_seconds=0.5) as stream,
    ):
        list(stream)


def test_an_end_that_does_not_come(recording: Path, tmp_path: Path) -> None:
    body = SECOND + "os.close(1); os.close(2); time.sleep(60)"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with (
        pytest.raises(LimitError, match="gave no audio"),
        opened(recording, fake, stall_seconds=0.5) as stream,
    ):
        list(stream)


def test_a_trickle_meets_the_limit_in_all(recording: Path, tmp_path: Path) -> None:
    body = "while True:\n sys.stdout.buffer.write(b'ab'); sys.stdout.flush(); time.sleep(0.02)"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with (
        pytest.raises(LimitError, match="took more than 1 s"),
        opened(recording, fake, stall_seconds=30, total_seconds=1) as stream,
    ):
        list(stream)


def test_the_callers_own_time_does_not_count(recording: Path, tmp_path: Path) -> None:
    fake = media.fake_ffmpeg(tmp_path / "fake", SECOND * 100)
    with opened(recording, fake, stall_seconds=3, total_seconds=3) as stream:
        for _ in stream:
            time.sleep(1)
    assert stream.samples == 100 * 16000


def test_processor_time_is_limited_too(recording: Path, tmp_path: Path) -> None:
    # As much is waiting for the caller as may be, so that only the kernel's limit counts.
    note = tmp_path / "process"
    body = f"open({str(note)!r}, 'w').write(str(os.getpid()))\n"
    length = (AHEAD_BLOCKS + 1) * BLOCK_BYTES
    body += f"sys.stdout.buffer.write(bytes({length})); sys.stdout.flush()\nwhile True: pass"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with opened(recording, fake, stall_seconds=60, total_seconds=3) as stream:
        next(stream)
        assert ends(int(note.read_text()))
        with pytest.raises(LimitError, match="too much processor time"):
            list(stream)


def test_memory_is_limited(recording: Path, tmp_path: Path) -> None:
    body = f"""
        time.sleep(0.3)
        held = []
        try:
            while len(held) < 1000:
                held.append(bytearray(1 << 20))
        except MemoryError:
            count = len(held)
            held.clear()
            sys.stderr.write("[x @ 0x1] [error] Cannot allocate memory\\n")
            open({str(tmp_path / "count")!r}, "w").write(str(count))
            sys.exit(1)
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with (
        pytest.raises(LimitError, match="more than 200 MiB of memory"),
        opened(recording, fake, memory_bytes=200 << 20) as stream,
    ):
        list(stream)
    assert 50 < int((tmp_path / "count").read_text()) < 200


def test_a_flood_of_messages(recording: Path, tmp_path: Path) -> None:
    body = """
        for number in range(10_000):
            sys.stderr.write("[mp3 @ 0x1] [error] Header missing %d\\n" % number)
        sys.stderr.write("x" * 30_000_000)
        for _ in range(40):
            sys.stdout.buffer.write(bytes(32000))
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    tracemalloc.start()
    try:
        with opened(recording, fake) as stream:
            assert sum(map(len, stream)) == 40 * 32000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Two blocks of 1 MiB, their copies, and little else.
    assert peak < 8 << 20


def test_messages_between_samples_do_not_block(recording: Path, tmp_path: Path) -> None:
    # More than a pipe holds on each side before the other is served.
    body = (
        "for _ in range(20):\n"
        " sys.stderr.write('y' * 200_000 + '\\n'); sys.stderr.flush()\n"
        " sys.stdout.buffer.write(bytes(200_000)); sys.stdout.flush()\n"
    )
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with opened(recording, fake, stall_seconds=20) as stream:
        assert sum(map(len, stream)) == 20 * 200_000


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (signal.SIGKILL, LimitError, "was killed while it read"),
        (signal.SIGSEGV, InputError, r"crashed while it read .* \(SIGSEGV\)"),
        (signal.SIGABRT, InputError, r"crashed while it read .* \(SIGABRT\)"),
        (signal.SIGXCPU, LimitError, "too much processor time"),
    ],
)
def test_a_death(
    recording: Path, tmp_path: Path, number: signal.Signals, kind: type, words: str
) -> None:
    fake = media.fake_ffmpeg(tmp_path / "fake", SECOND + f"os.kill(os.getpid(), {int(number)})")
    with pytest.raises(kind, match=words), opened(recording, fake) as stream:
        list(stream)


def test_no_core_file_is_left(recording: Path, tmp_path: Path) -> None:
    body = f"""
        time.sleep(0.3)
        import resource
        open({str(tmp_path / "limit")!r}, "w").write(str(resource.getrlimit(resource.RLIMIT_CORE)))
        sys.stdout.buffer.write(bytes(32000))
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with opened(recording, fake) as stream:
        list(stream)
    assert (tmp_path / "limit").read_text().startswith("(0, ")
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY


def test_its_threads_take_turns_on_one_processor(recording: Path, tmp_path: Path) -> None:
    note = tmp_path / "processors"
    body = f"""
        time.sleep(0.3)
        found = len(os.sched_getaffinity(0)), os.sched_getscheduler(0)
        open({str(note)!r}, "w").write("%d %d" % found)
        sys.stdout.buffer.write(bytes(32000))
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    before = os.sched_getaffinity(0), os.sched_getscheduler(0)
    with opened(recording, fake) as stream:
        list(stream)
    assert note.read_text() == f"1 {os.SCHED_BATCH}"
    assert (os.sched_getaffinity(0), os.sched_getscheduler(0)) == before


def test_half_a_sample_is_dropped(recording: Path, tmp_path: Path) -> None:
    fake = media.fake_ffmpeg(tmp_path / "fake", "sys.stdout.buffer.write(b'abcde')")
    with opened(recording, fake) as stream:
        assert list(stream) == [b"abcd"]
    assert stream.samples == 2


def test_one_that_does_not_start(recording: Path, tmp_path: Path) -> None:
    gone = Ffmpeg(path=tmp_path / "gone", version="1", origin="option")
    with (
        pytest.raises(DependencyError, match="does not start: No such file"),
        opened(recording, gone) as stream,
    ):
        list(stream)


def test_leaving_early_ends_it_with_its_children(recording: Path, tmp_path: Path) -> None:
    note = tmp_path / "processes"
    body = f"""
        import subprocess
        child = subprocess.Popen(["sleep", "60"])
        open({str(note)!r}, "w").write("%d %d" % (os.getpid(), child.pid))
        while True:
            sys.stdout.buffer.write(bytes(100_000))
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    with contextlib.suppress(KeyboardInterrupt), opened(recording, fake) as stream:
        next(stream)
        raise KeyboardInterrupt
    assert list(stream) == []
    processes = [int(word) for word in note.read_text().split()]
    assert len(processes) == 2
    assert all(map(ends, processes))


def test_closing_ends_it_and_may_be_repeated(recording: Path, tmp_path: Path) -> None:
    note = tmp_path / "process"
    body = f"open({str(note)!r}, 'w').write(str(os.getpid()))\n"
    body += "while True: sys.stdout.buffer.write(bytes(100_000))"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    stream = opened(recording, fake)
    next(stream)
    stream.close()
    stream.close()
    assert ends(int(note.read_text()))


def test_an_unread_stream_starts_nothing(recording: Path, tmp_path: Path) -> None:
    note = tmp_path / "started"
    fake = media.fake_ffmpeg(tmp_path / "fake", f"open({str(note)!r}, 'w')")
    with opened(recording, fake):
        pass
    assert not note.exists()


def test_a_grandchild_that_keeps_the_pipes_does_not_hold_us(
    recording: Path, tmp_path: Path
) -> None:
    body = f"""
        import subprocess
        child = subprocess.Popen(["sleep", "30"])
        open({str(tmp_path / "process")!r}, "w").write(str(child.pid))
        sys.stdout.buffer.write(bytes(32000))
        """
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    started = time.monotonic()
    with opened(recording, fake) as stream:
        assert sum(map(len, stream)) == 32000
    assert time.monotonic() - started < 20
    os.kill(int((tmp_path / "process").read_text()), signal.SIGKILL)


def test_ctrl_c_in_the_terminal(recording: Path, tmp_path: Path) -> None:
    """The whole foreground group gets the signal: we stop at once, and ffmpeg with us."""
    note = tmp_path / "process"
    body = f"open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    fake = media.fake_ffmpeg(tmp_path / "fake", body)
    code = (
        "from pathlib import Path; from transcriber.audio.stream import open_audio\n"
        "from transcriber.audio.ffmpeg import Ffmpeg\n"
        f"fake = Ffmpeg(path=Path({str(fake.path)!r}), version='1', origin='option')\n"
        f"with open_audio(Path({str(recording)!r}), ffmpeg=fake) as stream: list(stream)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, start_new_session=True
    )
    try:
        for _ in range(200):
            if note.exists() and note.read_text():
                break
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert b"KeyboardInterrupt" in said
    assert process.returncode == -signal.SIGINT
    assert ends(int(note.read_text()))


def test_what_is_written_while_this_process_sleeps_is_read(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine: a wait is over, ffmpeg writes and ends, and only then is it looked at."""
    select = selectors.DefaultSelector.select

    def slow(selector: selectors.DefaultSelector, timeout: float | None = None) -> Any:
        ready = select(selector, 0)
        if not ready:
            time.sleep(0.5)
        return ready

    monkeypatch.setattr(selectors.DefaultSelector, "select", slow)
    fake = media.fake_ffmpeg(tmp_path / "fake", "time.sleep(0.1)\n" + SECOND)
    with opened(recording, fake) as stream:
        assert sum(map(len, stream)) == 32000
