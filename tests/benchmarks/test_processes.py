"""Measuring processes."""

from __future__ import annotations

import ctypes
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
from benchmarks.measuring.processes import (
    Round,
    Subject,
    Taken,
    evict,
    in_turns,
    one_round,
    series,
    take,
)
from buildkit.errors import ToolError

MIB = 2**20
PAGE = mmap.PAGESIZE


def python(code: str, *, name: str = "a child", **variables: str) -> Subject:
    return Subject(name=name, command=(sys.executable, "-I", "-S", "-c", code), variables=variables)


def shell(code: str, *, name: str = "a shell", **variables: str) -> Subject:
    return Subject(name=name, command=("sh", "-c", code), variables=variables)


def test_what_a_process_takes_is_measured() -> None:
    taken = take(shell("sleep 0.2; echo done; echo error >&2"))
    assert 0.2 <= taken.seconds < 2
    assert taken.output == "done\n"
    assert taken.faults > 0
    assert taken.first_segment == 0


def test_the_start_of_the_launcher_is_not_counted() -> None:
    """Ten of them take as long as Python's start or longer; this is a program that does nothing."""
    seconds = min(take(Subject(name="nothing", command=("true",))).seconds for _ in range(5))
    interpreter = min(take(python("pass")).seconds for _ in range(5))
    assert seconds < interpreter / 2


def test_the_first_segment_is_before_the_end() -> None:
    taken = take(shell("echo loading; sleep 0.1; echo '[00:00.000 --> ...'; sleep 0.3; echo '[x'"))
    assert 0.1 <= taken.first_segment < taken.seconds - 0.2
    assert taken.output.splitlines() == ["loading", "[00:00.000 --> ...", "[x"]


def test_output_that_is_no_text_is_kept_as_well_as_may_be() -> None:
    assert take(shell(r"printf 'a\377b\n'")).output == "a\ufffdb\n"


def test_much_output_on_both_streams_is_no_deadlock() -> None:
    code = "import os\nfor _ in range(64): os.write(2, bytes(65536)); os.write(1, b'x' * 65536)"
    assert len(take(python(code)).output) == 64 * 65536


def test_variables_are_added_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "kept")
    assert take(shell("echo $KEPT $ADDED", ADDED="added")).output == "kept added\n"


def test_no_child_reads_the_terminal_or_holds_the_report() -> None:
    code = "import os, sys; print(sys.stdin.read() == '', sorted(os.listdir('/proc/self/fd')))"
    assert take(python(code)).output == "True ['0', '1', '2', '3']\n"


@pytest.mark.parametrize(("code", "reason"), [("exit 3", "3"), ("kill -9 $$", "-9")])
def test_a_failure_names_the_command(code: str, reason: str) -> None:
    subject = shell(code, name="openai-whisper")
    with pytest.raises(ToolError) as caught:
        take(subject)
    assert str(caught.value) == (
        f"openai-whisper ended with {reason} in a benchmark: run it to see why: sh -c '{code}'"
    )


def test_a_missing_command_is_a_failure(tmp_path: Path) -> None:
    forbidden = tmp_path / "no program"
    forbidden.write_text("text")
    for command in ("/no/such/program", "no-such-program-at-all", str(forbidden)):
        with pytest.raises(ToolError, match="ended with no start") as caught:
            take(Subject(name="missing", command=(command, "word")))
        assert command in str(caught.value)


@pytest.fixture
def large_parent() -> Iterator[None]:
    """Have this process be much larger than what it starts."""
    ballast = bytearray(300 * MIB)
    ballast[::PAGE] = b"x" * len(ballast[::PAGE])
    assert peak_of_this_process() > 300
    yield
    del ballast


def peak_of_this_process() -> float:
    return mib_of(Path("/proc/self/status").read_text())


def mib_of(status: str) -> float:
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


@pytest.mark.usefixtures("large_parent")
def test_the_memory_of_this_process_is_not_the_childs() -> None:
    assert take(Subject(name="nothing", command=("true",))).mib < 20
    held = take(python(f"held = bytearray({200 * MIB}); held[::4096] = b'x' * (len(held) // 4096)"))
    assert 200 < held.mib < 230


@pytest.mark.usefixtures("large_parent")
def test_the_launcher_is_no_larger_than_the_smallest_program() -> None:
    """Else it is what is measured of the reference of all starts, ``python -c pass``."""
    own = "print(open('/proc/self/status').read())"
    for _ in range(3):
        taken = take(python(own))
        assert taken.mib == pytest.approx(mib_of(taken.output), abs=0.7)


def test_each_round_runs_all_in_another_order(tmp_path: Path) -> None:
    log = tmp_path / "log"
    subjects = [shell(f"echo {name} >> {log}", name=name) for name in "abc"]

    def before() -> None:
        with log.open("a") as stream:
            stream.write("-")

    rounds = in_turns(subjects, 2, warming=1, before=before)
    assert [sorted(one) for one in rounds] == [["a", "b", "c"]] * 2
    assert log.read_text().split() == ["-c", "-b", "-a", "-a", "-b", "-c", "-c", "-b", "-a"]


def test_the_warming_rounds_are_not_counted(tmp_path: Path) -> None:
    log = tmp_path / "log"
    subject = shell(f"echo x >> {log}; wc -l < {log}", name="a")
    rounds = in_turns([subject], 2, warming=3)
    assert [int(one["a"].output) for one in rounds] == [4, 5]


def test_series_have_a_value_of_each_round() -> None:
    def taken(seconds: float) -> Taken:
        return Taken(
            seconds=seconds, first_segment=0, mib=2 * seconds, faults=0, read_bytes=0, output=""
        )

    rounds: list[Round] = [
        {"native": taken(1), "reference": taken(3)},
        {"reference": taken(4), "native": taken(2)},
    ]
    assert series("memory/x", rounds, "MiB", lambda one: one.mib, audio_seconds=9) == [
        Series(
            measurement="memory/x", subject="native", unit="MiB", samples=(2, 4), audio_seconds=9
        ),
        Series(
            measurement="memory/x", subject="reference", unit="MiB", samples=(6, 8), audio_seconds=9
        ),
    ]


def test_one_round_has_all_subjects() -> None:
    subjects = [shell("echo a", name="one"), shell("echo b", name="other")]
    for number in (0, 1):
        taken = one_round(subjects, number, lambda: None, {})
        assert {name: one.output for name, one in taken.items()} == {"one": "a\n", "other": "b\n"}


def test_more_words_follow_the_command() -> None:
    subject = shell("x", name="n", A="b").with_words("--version", Path("a file"))
    assert subject == Subject(
        name="n", command=("sh", "-c", "x", "--version", "a file"), variables={"A": "b"}
    )


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


def pages_in_memory(path: Path) -> int:
    """Return how many pages of a file the kernel holds: see mincore(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as mapped:
        pages = -(-len(mapped) // PAGE)
        found = (ctypes.c_ubyte * pages)()
        view = (ctypes.c_char * len(mapped)).from_buffer(mapped)
        answer = libc.mincore(ctypes.byref(view), ctypes.c_size_t(len(mapped)), found)
        del view
    assert answer == 0, os.strerror(ctypes.get_errno())
    return sum(page & 1 for page in found)


def test_evicted_files_are_not_in_memory(files: list[Path]) -> None:
    assert [pages_in_memory(path) for path in files] == [64, 64]
    # They were just written, and not yet to the disk: that comes first.
    evict(files[:1])
    assert [pages_in_memory(path) for path in files] == [0, 64]


def test_what_was_evicted_is_read_from_the_disk_again(files: list[Path]) -> None:
    subject = Subject(name="cat", command=("cat", str(files[0])))
    taken = in_turns([subject], 2, before=lambda: evict(files))
    for one in taken:
        assert one["cat"].read_bytes >= 64 * PAGE
    assert take(subject).read_bytes == 0


def test_settings_of_threads_and_of_python_reach_no_subject(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("PYTHONPATH", "/other/modules")
    monkeypatch.setenv("KEPT", "kept")
    taken = take(Subject(name="env", command=("env",), variables={"PYTHONSAFEPATH": "1"}))
    lines = taken.output.splitlines()
    assert "KEPT=kept" in lines
    assert [line for line in lines if line.startswith(("OMP_", "PYTHON"))] == ["PYTHONSAFEPATH=1"]


def test_what_hangs_is_ended_with_all_that_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(processes, "LONGEST_SECONDS", 0.5)
    late = tmp_path / "late"
    command = ("sh", "-c", f"(sleep 2; touch {late}) & sleep 600")
    begin = time.monotonic()
    with pytest.raises(ToolError, match="hanging ended with the limit of 0 s"):
        take(Subject(name="hanging", command=command))
    assert time.monotonic() - begin < 60
    time.sleep(2.5)
    assert not late.exists()
