from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from transcriber.machine.processor import (
    allowed_processors,
    busy_processors,
    physical_cores,
    processor_features,
    processor_model,
)


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def write_siblings(root: Path, pairs: dict[int, str], name: str = "core_cpus_list") -> None:
    for processor, siblings in pairs.items():
        write(root, f"sys/devices/system/cpu/cpu{processor}/topology/{name}", f"{siblings}\n")


def stat(*rows: tuple[int, ...]) -> str:
    """Return /proc/stat with a row of ticks for each processor, guest columns appended."""
    lines = [f"cpu{n} {' '.join(map(str, row))} 0 0" for n, row in enumerate(rows)]
    return "\n".join(["cpu  1 2 3 4 5 6 7 8 0 0", *lines, "intr 12345 0", "ctxt 99", ""])


def busy_between(
    root: Path, before: str, after: str, processors: tuple[int, ...] = (0, 1)
) -> float | None:
    write(root, "proc/stat", before)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        write(root, "proc/stat", after)

    busy = busy_processors(processors, root, sleep=sleep)
    assert len(slept) == 1
    assert 0.02 <= slept[0] <= 0.5
    return busy


def test_model_and_features_of_x86(tmp_path: Path) -> None:
    cpu = "processor\t: {}\nmodel name\t: AMD  EPYC 7B13\nflags\t\t: fpu sse4_2 avx avx2 fma {}\n\n"
    write(tmp_path, "proc/cpuinfo", cpu.format(0, "avx512f amx_tile") + cpu.format(1, "avx512f"))
    assert processor_model(tmp_path) == "AMD EPYC 7B13"
    # amx_tile is on one processor only; fpu does not matter.
    assert processor_features(tmp_path) == ("sse4_2", "avx", "avx2", "fma", "avx512f")


def test_features_of_arm(tmp_path: Path) -> None:
    write(tmp_path, "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd sve bf16\n")
    assert processor_features(tmp_path) == ("asimd", "bf16", "sve")
    assert processor_model(tmp_path) == "unknown"


def test_no_proc_at_all(tmp_path: Path) -> None:
    assert processor_model(tmp_path) == "unknown"
    assert processor_features(tmp_path) == ()
    assert busy_processors([0], tmp_path, sleep=lambda _: None) is None


@pytest.mark.parametrize("name", ["core_cpus_list", "thread_siblings_list"])
def test_siblings_share_a_core(tmp_path: Path, name: str) -> None:
    write_siblings(tmp_path, {0: "0,4", 1: "1,5", 4: "0,4", 5: "1,5"}, name)
    assert physical_cores([0, 1, 4, 5], tmp_path) == 2
    assert physical_cores([0, 4], tmp_path) == 1
    assert physical_cores([0, 1], tmp_path) == 2


def test_unknown_topology_counts_each_processor(tmp_path: Path) -> None:
    write_siblings(tmp_path, {0: "0,1", 1: "0,1"})
    assert physical_cores([0, 1, 2, 3], tmp_path) == 3


def test_affinity_of_a_restricted_process() -> None:
    chosen = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, [{chosen}])\n"
        "from transcriber.machine.processor import allowed_processors\n"
        "print(sorted(allowed_processors()))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.strip() == f"[{chosen}]"
    assert allowed_processors() == os.sched_getaffinity(0)


# Columns: user nice system idle iowait irq softirq steal.
def test_busy_counts_user_system_interrupts_and_steal(tmp_path: Path) -> None:
    before = stat((100, 0, 100, 100, 0, 0, 0, 0), (100, 0, 0, 0, 0, 0, 0, 0))
    after = stat((102, 0, 101, 105, 0, 1, 1, 0), (105, 0, 0, 0, 0, 0, 0, 5))
    assert busy_between(tmp_path, before, after) == pytest.approx(0.5 + 1.0)


def test_waiting_for_a_disk_is_not_busy(tmp_path: Path) -> None:
    before = stat((0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0))
    after = stat((0, 0, 0, 2, 8, 0, 0, 0), (0, 0, 0, 10, 0, 0, 0, 0))
    assert busy_between(tmp_path, before, after) == 0.0


def test_nice_work_is_busy(tmp_path: Path) -> None:
    before = stat((0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0))
    after = stat((0, 10, 0, 0, 0, 0, 0, 0), (0, 0, 0, 10, 0, 0, 0, 0))
    assert busy_between(tmp_path, before, after) == 1.0


def test_only_the_allowed_processors_count(tmp_path: Path) -> None:
    before = stat((0, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 0))
    after = stat((10, 0, 0, 0, 0, 0, 0, 0), (0, 0, 0, 10, 0, 0, 0, 0))
    assert busy_between(tmp_path, before, after, (1,)) == 0.0


def test_counters_that_run_backwards_are_harmless(tmp_path: Path) -> None:
    # iowait and, in virtual machines, steal may decrease.
    before = stat((50, 0, 0, 0, 0, 0, 0, 50), (0, 0, 0, 10, 0, 0, 0, 0))
    after = stat((50, 0, 0, 20, 0, 0, 0, 40), (5, 0, 0, 0, 0, 0, 0, 0))
    busy = busy_between(tmp_path, before, after)
    assert busy is not None
    assert 0.0 <= busy <= 2.0


def test_garbage_is_unknown(tmp_path: Path) -> None:
    assert busy_between(tmp_path, "cpu0 1 2\ncpux a b\n", "\x00\xff\n\n") is None


def test_a_real_busy_loop_is_seen() -> None:
    only = min(os.sched_getaffinity(0))
    loop = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import os\nos.sched_setaffinity(0, [{only}])\nwhile True: pass",
        ]
    )
    try:
        # The most of several: on a loaded machine the loop may be late to start.
        samples = [busy_processors([only], seconds=0.2) or 0.0 for _ in range(5)]
    finally:
        loop.kill()
        loop.wait(timeout=30)
    assert max(samples) > 0.8
