from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcriber.machine.control_groups import memory_limit, processor_quota

V2 = "41 31 0:38 {root} {point} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "32 31 0:29 {root} {point} rw,relatime shared:9 - cgroup cgroup rw,{controllers}\n"
OTHER = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:5 / /proc rw - proc proc rw\n"


def write(root: Path, path: str, text: str) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def v2(root: Path, group: str, mount_root: str = "/", point: str = "/sys/fs/cgroup") -> None:
    write(root, "proc/self/cgroup", f"0::{group}\n")
    escaped = point.replace(" ", r"\040")
    write(root, "proc/self/mountinfo", OTHER + V2.format(root=mount_root, point=escaped))


def v1(root: Path, group: str, mount_root: str = "/") -> None:
    lines = [f"5:cpu,cpuacct:{group}", f"4:memory:{group}", "1:name=systemd:/x", "0::/x"]
    write(root, "proc/self/cgroup", "\n".join(lines) + "\n")
    mounts = [
        V1.format(root=mount_root, point=f"/sys/fs/cgroup/{name}", controllers=name)
        for name in ("cpu,cpuacct", "memory")
    ]
    write(root, "proc/self/mountinfo", OTHER + "".join(mounts))


def test_v2_quota_is_a_fraction_of_the_period(tmp_path: Path) -> None:
    v2(tmp_path, "/user.slice/job")
    write(tmp_path, "/sys/fs/cgroup/user.slice/job/cpu.max", "150000 100000\n")
    assert processor_quota(tmp_path) == 1.5


def test_v2_tightest_level_counts(tmp_path: Path) -> None:
    v2(tmp_path, "/a/b/c")
    write(tmp_path, "/sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n")
    write(tmp_path, "/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n")
    write(tmp_path, "/sys/fs/cgroup/a/cpu.max", "100000 50000\n")
    write(tmp_path, "/sys/fs/cgroup/a/b/memory.max", "1073741824\n")
    write(tmp_path, "/sys/fs/cgroup/a/memory.max", "max\n")
    assert processor_quota(tmp_path) == 2.0
    assert memory_limit(tmp_path) == 2**30


def test_v2_container_sees_its_group_as_the_root(tmp_path: Path) -> None:
    v2(tmp_path, "/")
    write(tmp_path, "/sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert processor_quota(tmp_path) == 0.5


def test_part_of_the_hierarchy_is_mounted(tmp_path: Path) -> None:
    v2(tmp_path, "/docker/0123/inner", mount_root="/docker/0123")
    write(tmp_path, "/sys/fs/cgroup/inner/cpu.max", "300000 100000\n")
    assert processor_quota(tmp_path) == 3.0


def test_group_outside_of_the_mount(tmp_path: Path) -> None:
    v2(tmp_path, "/../sibling", mount_root="/docker/0123")
    write(tmp_path, "/sys/fs/cgroup/cpu.max", "300000 100000\n")
    assert processor_quota(tmp_path) == 3.0


def test_mount_point_with_a_space(tmp_path: Path) -> None:
    v2(tmp_path, "/a", point="/control groups")
    write(tmp_path, "/control groups/a/cpu.max", "200000 100000\n")
    assert processor_quota(tmp_path) == 2.0


def test_v1_quota_and_limit(tmp_path: Path) -> None:
    v1(tmp_path, "/batch/job")
    folder = "/sys/fs/cgroup/cpu,cpuacct/batch"
    write(tmp_path, f"{folder}/job/cpu.cfs_quota_us", "-1\n")
    write(tmp_path, f"{folder}/job/cpu.cfs_period_us", "100000\n")
    write(tmp_path, f"{folder}/cpu.cfs_quota_us", "250000\n")
    write(tmp_path, f"{folder}/cpu.cfs_period_us", "100000\n")
    write(tmp_path, "/sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes", "536870912\n")
    # What version 1 shows where there is no limit, on 64 bits.
    write(tmp_path, "/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n")
    assert processor_quota(tmp_path) == 2.5
    assert memory_limit(tmp_path) == 2**29


def test_v1_docker(tmp_path: Path) -> None:
    v1(tmp_path, "/docker/0123", mount_root="/docker/0123")
    write(tmp_path, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "100000\n")
    write(tmp_path, "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n")
    assert processor_quota(tmp_path) == 1.0


def test_no_limits(tmp_path: Path) -> None:
    v2(tmp_path, "/a")
    write(tmp_path, "/sys/fs/cgroup/a/cpu.max", "max 100000\n")
    write(tmp_path, "/sys/fs/cgroup/a/memory.max", "max\n")
    assert processor_quota(tmp_path) is None
    assert memory_limit(tmp_path) is None


@pytest.mark.parametrize("text", ["", "max", "0 0", "abc def", "100000", "1 2 3", "\x00\n\n"])
def test_unreadable_quota_is_no_quota(tmp_path: Path, text: str) -> None:
    v2(tmp_path, "/a")
    write(tmp_path, "/sys/fs/cgroup/a/cpu.max", text)
    assert processor_quota(tmp_path) is None


def test_nothing_there(tmp_path: Path) -> None:
    assert processor_quota(tmp_path) is None
    write(tmp_path, "proc/self/cgroup", "garbage\n::\n")
    write(tmp_path, "proc/self/mountinfo", "garbage - \n - cgroup2\n")
    assert processor_quota(tmp_path) is None
    assert memory_limit(tmp_path) is None


@pytest.fixture
def real_group() -> Iterator[Path]:
    """Make a control group with a quota of 1.5 processors, where the system permits it."""
    name = f"whisper-transcriber-test-{os.getpid()}"
    for base, version in ((Path("/sys/fs/cgroup/cpu"), 1), (Path("/sys/fs/cgroup"), 2)):
        group = base / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            if version == 1:
                (group / "cpu.cfs_period_us").write_text("100000")
                (group / "cpu.cfs_quota_us").write_text("150000")
            else:
                (group / "cpu.max").write_text("150000 100000")
            yield group
        except OSError:
            continue
        finally:
            group.rmdir()
        return
    pytest.skip("control groups cannot be made here")


def test_real_quota(real_group: Path) -> None:
    code = (
        "import os, pathlib, sys\n"
        "pathlib.Path(sys.argv[1], 'cgroup.procs').write_text(str(os.getpid()))\n"
        "from transcriber.machine.control_groups import processor_quota\n"
        "print(processor_quota())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(real_group)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout.strip() == "1.5"
