"""Telling why a driver refuses, from files that say more than its error number.

One number stands for many faults: "unknown error" is what a user gets who may not open the device
files, and what everyone gets where a kernel module is missing.
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

from transcriber.machine.nvidia import Driver
from transcriber.machine.probe_runner import ProbeResult

CONTROL_NODES = ("nvidiactl", "nvidia-uvm")
"""Device files that every user of a GPU opens beside the GPU's own."""

_MAY_BE_FILES = frozenset({3, 100, 101, 304, 800, 999})
"""Error numbers that missing or forbidden device files have been seen to cause."""
_TOO_OLD, _MISMATCH = 35, 803


def explain(result: ProbeResult, driver: Driver, root: Path = Path("/")) -> ProbeResult:
    """Return the result with the reason that the machine's files give, where they give one.

    Parameters
    ----------
    result : ProbeResult
        What the probe says.
    driver : Driver
        What is installed.
    root : Path
        The root of the file system.
    """
    reason = ""
    # A choice of the user's own is the likelier cause, and it was named.
    if result.code in _MAY_BE_FILES and "CUDA_VISIBLE_DEVICES" not in result.reason:
        reason = _files_fault(driver, root)
    elif result.code == _TOO_OLD and driver.version:
        reason = f"{result.reason}, {driver.version} is installed"
    elif result.code == _MISMATCH:
        reason = f"{result.reason}{_versions(driver)}: restart the computer"
    return dataclasses.replace(result, reason=reason) if reason else result


def _files_fault(driver: Driver, root: Path) -> str:
    if "/dev/dxg" in driver.nodes:
        # Under WSL there are no other files, and the driver is that of Windows.
        return _forbidden(("/dev/dxg",), root)
    if driver.version is None and not driver.nodes:
        return "the driver's kernel module is not loaded, only its library is installed"
    nodes = [f"/dev/{name}" for name in CONTROL_NODES]
    missing = [node for node in nodes if not os.path.lexists(root / node[1:])]
    if not driver.nodes:
        missing.append("/dev/nvidia0")
    if forbidden := _forbidden((*nodes, *driver.nodes), root):
        return forbidden
    if missing:
        return f"{', '.join(missing)} is missing: the kernel module behind it is not loaded"
    return ""


def _forbidden(nodes: tuple[str, ...], root: Path) -> str:
    files = {node: root / node[1:] for node in nodes}
    forbidden = [
        node
        for node, file in files.items()
        if os.path.lexists(file) and not os.access(file, os.R_OK | os.W_OK)
    ]
    if not forbidden:
        return ""
    return f"this user may not open {', '.join(forbidden)}"


def _versions(driver: Driver) -> str:
    match = re.search(r"\.so\.(\d+(?:\.\d+)+)$", str(driver.library_file))
    return f", {match[1]} and {driver.version}" if match and driver.version else ""
