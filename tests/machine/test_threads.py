from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from transcriber.errors import UsageError
from transcriber.machine.threads import (
    MAXIMUM_THREADS,
    ThreadPlan,
    apply_environment,
    choose_threads,
    plan_threads,
)


def machine(root: Path, cores: int, *, smt: int = 1, busy: int = 0, quota: str = "max") -> set[int]:
    """Build a machine; return the numbers of its logical processors."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/job\n")
    (root / "proc/self/mountinfo").write_text("41 31 0:38 / /cg rw - cgroup2 cgroup2 rw\n")
    (root / "cg/job").mkdir(parents=True)
    (root / "cg/job/cpu.max").write_text(f"{quota} 100000\n")
    processors = set(range(cores * smt))
    for processor in processors:
        siblings = ",".join(str(processor % cores + cores * sibling) for sibling in range(smt))
        topology = root / f"sys/devices/system/cpu/cpu{processor}/topology"
        topology.mkdir(parents=True)
        (topology / "core_cpus_list").write_text(f"{siblings}\n")
    write_stat(root, 0, busy, len(processors))
    return processors


def write_stat(root: Path, ticks: int, busy: int, processors: int) -> None:
    rows = [
        f"cpu{number} {ticks if number < busy else 0} 0 0 {0 if number < busy else ticks} 0 0 0 0"
        for number in range(processors)
    ]
    (root / "proc/stat").write_text("\n".join(rows) + "\n")


def plan(root: Path, cores: int, *, smt: int = 1, busy: int = 0, quota: str = "max") -> ThreadPlan:
    processors = machine(root, cores, smt=smt, busy=busy, quota=quota)
    return plan_threads(
        root=root,
        environment={},
        processors=processors,
        sleep=lambda _: write_stat(root, 10, busy, len(processors)),
    )


def test_idle_machine_uses_its_cores(tmp_path: Path) -> None:
    chosen = plan(tmp_path, 4)
    assert chosen.threads == 4
    assert "4 physical cores" in chosen.reason
    assert "0.0 of 4 processors busy" in chosen.reason


def test_siblings_are_not_cores(tmp_path: Path) -> None:
    assert plan(tmp_path, 4, smt=2).threads == 4


def test_large_machine_stops_at_the_maximum(tmp_path: Path) -> None:
    chosen = plan(tmp_path, 64, smt=2)
    assert chosen.threads == MAXIMUM_THREADS
    assert str(MAXIMUM_THREADS) in chosen.reason


@pytest.mark.parametrize(
    ("quota", "threads"), [("50000", 1), ("100000", 1), ("150000", 2), ("800000", 4)]
)
def test_quota_limits(tmp_path: Path, quota: str, threads: int) -> None:
    chosen = plan(tmp_path, 4, quota=quota)
    assert chosen.threads == threads
    assert f"quota {int(quota) / 100000:.1f}" in chosen.reason


def test_load_is_measured_while_asleep(tmp_path: Path) -> None:
    chosen = plan(tmp_path, 8, busy=2)
    assert chosen.threads == 6
    assert "2.0 of 8 processors busy" in chosen.reason


@pytest.mark.parametrize(
    ("cores", "processors", "busy", "threads"),
    [
        # Cores that are free are used, and no more, so that no thread is late...
        (8, 8, 1.0, 7),
        (8, 8, 3.2, 5),
        (4, 4, 0.9, 3),
        # ...until half of them are taken: sharing all of them is then at least as fast.
        (8, 8, 4.0, 8),
        (8, 8, 8.0, 8),
        (2, 2, 1.0, 2),
        (2, 2, 2.0, 2),
        (1, 1, 1.0, 1),
        # A little load leaves every core usable.
        (4, 4, 0.4, 4),
        # The siblings take the load first.
        (4, 8, 3.0, 4),
        (4, 8, 5.0, 3),
        # Beyond the maximum there is room for load.
        (16, 16, 6.0, 8),
        (16, 16, 10.0, 6),
        (16, 16, None, 8),
    ],
)
def test_load(cores: int, processors: int, busy: float | None, threads: int) -> None:
    chosen, reason = choose_threads(cores=cores, processors=processors, quota=None, busy=busy)
    assert chosen == threads
    assert "load unknown" in reason if busy is None else f"{busy:.1f} of" in reason


def test_unreadable_machine_still_gets_a_plan(tmp_path: Path) -> None:
    chosen = plan_threads(root=tmp_path, environment={}, processors={0, 1, 2}, sleep=lambda _: None)
    assert chosen.threads == 3
    assert "load unknown" in chosen.reason


def no_sleep(seconds: float) -> None:
    raise AssertionError("nothing is measured when the number is given")


def test_option_wins_over_everything(tmp_path: Path) -> None:
    environment = {"OMP_NUM_THREADS": "3"}
    chosen = plan_threads(5, root=tmp_path, environment=environment, sleep=no_sleep)
    assert chosen.threads == 5
    assert chosen.environment


@pytest.mark.parametrize(("value", "threads"), [("3", 3), (" 3 , 2", 3), ("12", 12)])
def test_environment_is_a_request(tmp_path: Path, value: str, threads: int) -> None:
    environment = {"OMP_NUM_THREADS": value}
    chosen = plan_threads(root=tmp_path, environment=environment, sleep=no_sleep)
    assert chosen.threads == threads
    assert "OMP_NUM_THREADS" in chosen.reason


@pytest.mark.parametrize("value", ["", "0", "-2", "many", "1.5", "٣"])
def test_invalid_environment_is_ignored(tmp_path: Path, value: str) -> None:
    environment = {"OMP_NUM_THREADS": value}
    chosen = plan_threads(
        root=tmp_path, environment=environment, processors={0, 1}, sleep=lambda _: None
    )
    assert chosen.threads == 2


def test_negative_number_is_refused() -> None:
    with pytest.raises(UsageError, match="-1 threads"):
        plan_threads(-1)


def test_real_machine() -> None:
    chosen = plan_threads(environment={})
    assert 1 <= chosen.threads <= min(MAXIMUM_THREADS, len(os.sched_getaffinity(0)))
    assert "\n" not in chosen.reason


def test_users_variable_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SET_BY_USER", "ACTIVE")
    monkeypatch.setenv("NOT_SET", "")
    monkeypatch.delenv("NOT_SET")
    variables = {"SET_BY_USER": "PASSIVE", "NOT_SET": "1"}
    apply_environment(ThreadPlan(threads=1, environment=variables, reason=""))
    assert os.environ["SET_BY_USER"] == "ACTIVE"
    assert os.environ["NOT_SET"] == "1"


@pytest.mark.parametrize(("value", "left"), [("-3", None), ("0", None), ("", None), ("4,2", "4,2")])
def test_a_number_of_threads_that_is_none_goes(
    monkeypatch: pytest.MonkeyPatch, value: str, left: str | None
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    apply_environment(ThreadPlan(threads=1, environment={}, reason=""))
    assert os.environ.get("OMP_NUM_THREADS") == left


DISPLAY = """
import json, os, sys
from transcriber.machine.threads import apply_environment, plan_threads
plan = plan_threads(2)
apply_environment(plan)
import torch
torch.set_num_threads(plan.threads)
(torch.ones(600, 600) @ torch.ones(600, 600)).sum()
print(json.dumps(torch.get_num_threads()))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("own", "policy", "spins"),
    [
        ({}, "PASSIVE", "0"),
        ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE", "30000000000"),
        # More specific than the policy: the user's spin count stands.
        ({"GOMP_SPINCOUNT": "77"}, "PASSIVE", "77"),
    ],
)
def test_openmp_of_torch_obeys(own: dict[str, str], policy: str, spins: str) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_"))
    }
    answer = subprocess.run(
        [sys.executable, "-c", DISPLAY],
        # The runtime prints what it has read, as it has understood it.
        env={**environment, **own, "OMP_DISPLAY_ENV": "VERBOSE"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert json.loads(answer.stdout) == 2
    shown = answer.stderr
    if "KMP_BLOCKTIME" in shown:
        # LLVM's runtime, that of our own PyTorch: the policy alone decides how it waits.
        assert f"OMP_WAIT_POLICY='{policy}'" in shown
        waits = re.search(r"KMP_BLOCKTIME='(\d+)", shown)
        assert waits
        assert (int(waits[1]) == 0) == (policy == "PASSIVE")
    else:
        assert f"OMP_WAIT_POLICY = '{policy}'" in shown
        assert f"GOMP_SPINCOUNT = '{spins}'" in shown


def test_import_is_light() -> None:
    code = (
        "import sys, transcriber.machine.threads\n"
        "print([m for m in ('torch', 'numpy', 'whisper') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert answer.stdout.strip() == "[]"
