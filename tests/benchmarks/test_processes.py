"""Measuring processes."""

from __future__ import annotations

import mmap
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.figures import Series
from benchmarks.measuring import processes
from benchmarks.measuring.processes import Subject, Taken, evict, in_turns, series, take
from buildkit.errors import ToolError

MIB = 2**20
PAGE = mmap.PAGESIZE
NOTHING = Subject(name="nothing", command=("true",))


def python(code: str) -> Subject:
    return Subject(name="a child", command=(sys.executable, "-I", "-S", "-c", code))


def shell(code: str, *, name: str = "a shell", **variables: str) -> Subject:
    return Subject(name=name, command=("sh", "-c", code), variables=variables)


def test_what_a_process_takes_is_measured() -> None:
    taken = take(shell("echo loading; sleep 0.1; echo '[00:00 --> ...'; sleep 0.3; echo '[x' >&1"))
    assert 0.1 <= taken.first_segment < taken.seconds - 0.2
    assert 0.4 <= taken.seconds < 3
    assert taken.output.splitlines() == ["loading", "[00:00 --> ...", "[x"]
    assert taken.faults > 0
    # What is no text is kept as well as may be; without a segment there is no first one.
    taken = take(shell(r"printf 'a\377b\n'; echo error >&2"))
    assert (taken.output, taken.first_segment) == ("a\ufffdb\n", 0)


def test_the_start_of_the_launcher_is_not_counted() -> None:
    """Ten of them take as long as Python's start or longer; this is a program that does nothing."""
    nothing, interpreter = (
        min(take(one).seconds for _ in range(5)) for one in (NOTHING, python("pass"))
    )
    assert nothing < interpreter / 2


def test_much_output_on_both_streams_is_no_deadlock() -> None:
    code = "import os\nfor _ in range(64): os.write(2, bytes(65536)); os.write(1, b'x' * 65536)"
    assert len(take(python(code)).output) == 64 * 65536


def test_a_child_has_its_own_variables_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of threads and of Python, no terminal, and not the descriptor of the report."""
    for name in ("OMP_NUM_THREADS", "PYTHONPATH", "KEPT"):
        monkeypatch.setenv(name, "kept")
    command = 'echo "$KEPT $OMP_NUM_THREADS$PYTHONPATH $PYTHONSAFEPATH"; cat; ls /proc/self/fd'
    found = take(shell(command, PYTHONSAFEPATH="1")).output
    assert found.split() == ["kept", "1", "0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("exit 3", "3"),
        ("kill -9 $$", "-9"),
        ("/no/such/program", "no start"),
        ("no-such-program-at-all", "no start"),
        (__file__, "no start"),
    ],
)
def test_a_failure_names_the_command(command: str, reason: str) -> None:
    words = (command, "word") if reason == "no start" else ("sh", "-c", command)
    with pytest.raises(ToolError, match=f"peer ended with {reason} in a benchmark: run it") as one:
        take(Subject(name="peer", command=words))
    assert command in str(one.value)


@pytest.fixture
def large_parent() -> Iterator[None]:
    """Have this process be much larger than what it starts."""
    ballast = bytearray(300 * MIB)
    ballast[::PAGE] = b"x" * len(ballast[::PAGE])
    assert mib_of(Path("/proc/self/status").read_text()) > 300
    yield
    del ballast


def mib_of(status: str) -> float:
    (peak,) = re.findall(r"VmHWM:\s*(\d+) kB", status)
    return int(peak) / 1024


@pytest.mark.usefixtures("large_parent")
def test_the_memory_is_that_of_the_child_alone() -> None:
    """Neither this process's, nor the launcher's: else that would be the reference of starts."""
    held = take(python(f"held = bytearray({200 * MIB}); held[::4096] = b'x' * (len(held) // 4096)"))
    assert 200 < held.mib < 230
    for _ in range(3):
        taken = take(python("print(open('/proc/self/status').read())"))
        assert taken.mib == pytest.approx(mib_of(taken.output), abs=0.7)


def test_each_round_runs_all_in_another_order_after_warming_ones(tmp_path: Path) -> None:
    log = tmp_path / "log"
    subjects = [shell(f"echo {name} >> {log}; wc -l < {log}", name=name) for name in "abc"]

    def before() -> None:
        with log.open("a") as stream:
            stream.write("-")

    rounds = in_turns(subjects, 2, before=before)
    assert log.read_text().split() == ["-c", "-b", "-a", "-a", "-b", "-c", "-c", "-b", "-a"]
    assert [{name: int(one.output) for name, one in taken.items()} for taken in rounds] == [
        {"a": 4, "b": 5, "c": 6},
        {"a": 9, "b": 8, "c": 7},
    ]


def test_series_have_a_value_of_each_round_in_which_none_failed() -> None:
    def taken(mib: float) -> Taken:
        return Taken(seconds=1, first_segment=0, mib=mib, faults=0, read_bytes=0, output="")

    rounds = [{"a": taken(2), "b": taken(6), "failed": taken(9)}, {"b": taken(8), "a": taken(4)}]
    assert series("memory/x", rounds, "MiB", lambda one: one.mib, audio_seconds=9) == [
        Series(measurement="memory/x", subject=name, unit="MiB", samples=samples, audio_seconds=9)
        for name, samples in (("a", (2, 4)), ("b", (6, 8)))
    ]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return files that are in memory, on a file system from which the kernel can forget."""
    stat = ["stat", "--file-system", "--format", "%T", str(tmp_path)]
    kind = subprocess.run(stat, capture_output=True, text=True, check=True).stdout.strip()
    if kind in ("tmpfs", "ramfs"):
        pytest.skip(f"what lies in {kind} is in memory whatever the kernel is told")
    found = [tmp_path / "one", tmp_path / "other"]
    for path in found:
        path.write_bytes(os.urandom(64 * PAGE))
    return found


def test_evicted_files_are_read_from_the_disk_again(files: list[Path]) -> None:
    one, other = (Subject(name="cat", command=("cat",)).with_words(path) for path in files)
    # They were just written, and not yet to the disk: that comes first.
    for taken in in_turns([one], 2, before=lambda: evict(files[:1])):
        assert taken["cat"].read_bytes >= 64 * PAGE
    assert take(one).read_bytes == take(other).read_bytes == 0


def test_what_hangs_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "LONGEST_SECONDS", 0.5)
    late = tmp_path / "late"
    begin = time.monotonic()
    with pytest.raises(ToolError, match="hanging ended with the limit of 0 s"):
        take(shell(f"(sleep 2; touch {late}) & sleep 600", name="hanging"))
    assert time.monotonic() - begin < 60
    time.sleep(2.5)
    assert not late.exists()
