"""Limits that a control group puts on this process: processor time and memory.

Containers, ``systemd`` units and batch systems set them. A limit may stand on any group between
the process's own and the root, and the tightest counts, so every level is read. Sources:
``cgroup-v2.rst``, ``cgroup-v1/memory.rst`` and ``sched-bwc.rst`` of the kernel's documentation,
``cgroups(7)`` and, for ``mountinfo``, ``proc_pid_mountinfo(5)``.

Every function takes the root of the file system as `root`, so that a test can build another.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from transcriber.machine.system_files import read_text

NO_LIMIT_BYTES = 2**60
"""Version 1 writes "no limit" as the largest number of pages; no machine has an exbibyte."""


@dataclass(frozen=True, kw_only=True)
class _Mount:
    """A mounted hierarchy: which part of it is visible, where, and what it controls."""

    root: PurePosixPath
    point: str
    controllers: frozenset[str]
    version: int


def processor_quota(root: Path = Path("/")) -> float | None:
    """Return how many processors' worth of time the process may use, or None without a limit.

    A quota of 150 ms in each period of 100 ms is 1.5 processors.
    """
    quotas = []
    for folder, version in _groups("cpu", root):
        if version == 2:
            fields = read_text(folder / "cpu.max").split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            fields = [read_text(folder / name) for name in names]
        # No limit reads "max" in version 2 and -1 in version 1.
        if len(fields) == 2 and all(field.isdecimal() for field in fields) and int(fields[1]):
            quotas.append(int(fields[0]) / int(fields[1]))
    return min(quotas, default=None)


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return how many bytes of memory the process may use, or None without a limit."""
    limits = []
    for folder, version in _groups("memory", root):
        text = read_text(folder / ("memory.max" if version == 2 else "memory.limit_in_bytes"))
        if text.isdecimal() and int(text) < NO_LIMIT_BYTES:
            limits.append(int(text))
    return min(limits, default=None)


def _groups(controller: str, root: Path) -> list[tuple[Path, int]]:
    """Return the folders of the process's groups, the innermost first, with their version."""
    memberships = _memberships(root)
    folders = []
    for mount in _mounts(root):
        # Version 2 has one hierarchy for all controllers, which `/proc/self/cgroup` leaves unnamed.
        name = controller if mount.version == 1 else ""
        if name not in mount.controllers or name not in memberships:
            continue
        path = memberships[name]
        # A container may see its own group as the mount's root; a path outside of that root
        # belongs to another name space, and then the mount's root is all that can be read.
        inside = path.is_relative_to(mount.root)
        relative = path.relative_to(mount.root) if inside else PurePosixPath()
        point = root / mount.point.lstrip("/")
        for part in (relative, *relative.parents):
            folders.append((point / part, mount.version))
    return folders


def _memberships(root: Path) -> dict[str, PurePosixPath]:
    """Return the process's group for each controller, from ``/proc/self/cgroup``."""
    groups = {}
    for line in read_text(root / "proc/self/cgroup").splitlines():
        fields = line.split(":", 2)
        if len(fields) == 3:
            for controller in fields[1].split(","):
                groups[controller] = PurePosixPath(fields[2])
    return groups


def _mounts(root: Path) -> list[_Mount]:
    """Return the mounted hierarchies, from ``/proc/self/mountinfo``."""
    mounts = []
    for line in read_text(root / "proc/self/mountinfo").splitlines():
        before, separator, after = line.partition(" - ")
        fields, description = before.split(" "), after.split(" ")
        if not separator or len(fields) < 5 or len(description) < 3:
            continue
        versions = {"cgroup": 1, "cgroup2": 2}
        if description[0] not in versions:
            continue
        version = versions[description[0]]
        mounts.append(
            _Mount(
                root=PurePosixPath(_unescape(fields[3])),
                point=_unescape(fields[4]),
                controllers=frozenset(description[2].split(",") if version == 1 else [""]),
                version=version,
            )
        )
    return mounts


def _unescape(text: str) -> str:
    """Undo the octal escapes of ``mountinfo``: backslash, 040 for a space."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
