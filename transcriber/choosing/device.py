"""Choose where the model runs: on a GPU that was seen to work, else on the processor.

A GPU is tried in a child process (`device_probe`), because a driver or a library that
does not fit may crash or hang whoever loads it. Whatever happens there, the program goes on, on
the processor, and says why in one line. The result is remembered for as long as the driver, the
libraries and the choice of visible GPUs stay the same.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber import __version__
from transcriber.errors import UsageError
from transcriber.machine.driver_faults import explain
from transcriber.machine.nvidia import Driver, find_driver
from transcriber.machine.packages import modification_time, torch_identity
from transcriber.machine.probe_cache import ProbeCache
from transcriber.machine.probe_runner import probe_command, run_probe
from transcriber.machine.processor import processor_model
from transcriber.machine.system_files import read_text
from transcriber.paths import program_cache


@dataclass(frozen=True, kw_only=True)
class Device:
    """Where the model runs.

    Attributes
    ----------
    kind : str
        ``cpu`` or ``cuda``.
    index : int or None
        The GPU's number; None for the processor.
    name : str
        What the processor or the GPU calls itself.
    reason : str
        Why it was chosen, on one line.
    fallback : bool
        Whether a GPU was tried and is not usable, which the user should be told.
    """

    kind: str
    index: int | None
    name: str
    reason: str
    fallback: bool = False

    @property
    def torch_name(self) -> str:
        """PyTorch's name of the device: ``cpu``, ``cuda:0``."""
        return self.kind if self.index is None else f"{self.kind}:{self.index}"


def check_requested(requested: str) -> int:
    """Return the number of the GPU that `requested` means if it means one.

    Raises
    ------
    UsageError
        When it is not ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
    """
    match = re.fullmatch(r"auto|cpu|cuda(?::([0-9]{1,3}))?", requested)
    if not match:
        raise UsageError(f"unknown device {requested!r}", "use auto, cpu, cuda or cuda:N")
    return int(match[1] or 0)


def choose_device(
    requested: str = "auto",
    *,
    fresh: bool = False,
    root: Path = Path("/"),
    environment: Mapping[str, str] = os.environ,
    command: Sequence[str] | None = None,
    cache: Path | None = None,
) -> Device:
    """Choose the device that the model runs on.

    Parameters
    ----------
    requested : str
        ``auto``, ``cpu``, ``cuda`` or ``cuda:N``. ``auto`` looks for a GPU only where there is a
        sign of an NVIDIA driver.
    fresh : bool
        Probe even if the result is remembered.
    root, environment : Path, mapping
        Where the driver is looked for.
    command : sequence of str, optional
        The probe; the GPU's number and the time limit are appended.
    cache : Path, optional
        The file of remembered results.

    Returns
    -------
    Device
        A GPU only if it has multiplied two matrices rightly. A GPU that was asked for by name and
        does not work gives the processor too, with the reason.

    Raises
    ------
    UsageError
        When `requested` is none of these.
    """
    index = check_requested(requested)
    if requested == "cpu":
        return _processor("asked for", root)
    driver = find_driver(root, environment)
    if requested == "auto" and not driver.present:
        return _processor("no NVIDIA driver found", root)
    if driver.present:
        # Without a driver no look for what would need one.
        from transcriber.cuda.search import with_addon  # noqa: PLC0415

        environment = with_addon(environment)
    results = ProbeCache(
        path=cache or _results_file(),
        key=_identity(index, driver, environment),
        boot=read_text(root / "proc/sys/kernel/random/boot_id"),
    )
    result, remembered = (None if fresh else results.recall()), True
    if result is None:
        result, remembered = run_probe(index, command or probe_command(), environment), False
        result = explain(result, driver, root)
        results.keep(result)
    if result.status == "works":
        return Device(kind="cuda", index=index, name=result.name, reason=result.reason)
    hint = f" (remembered; `transcriber doctor --device cuda:{index}` tries again)"
    reason = f"cuda:{index} is not usable: {result.reason}{hint if remembered else ''}"
    return _processor(reason, root, fallback=True)


def forget_trials(cache: Path | None = None) -> None:
    """Have the next run try its GPU afresh, because one that was seen to work has failed."""
    with contextlib.suppress(OSError):
        (cache or _results_file()).unlink()


def _results_file() -> Path:
    return program_cache() / "device.json"


def _processor(reason: str, root: Path, *, fallback: bool = False) -> Device:
    name = processor_model(root)
    return Device(kind="cpu", index=None, name=name, reason=reason, fallback=fallback)


def _identity(index: int, driver: Driver, environment: Mapping[str, str]) -> dict[str, str]:
    """Return everything that a remembered result depends on."""
    addon = environment.get("TORCH_CUDA_ADDON", "")
    return {
        "program": __version__,
        "index": str(index),
        "kernel module": str(driver.version),
        "driver library": str(driver.library_file),
        "driver library's time": modification_time(driver.library_file),
        "nodes": " ".join(driver.nodes),
        "torch": torch_identity(),
        "add-on": addon,
        "add-on's time": modification_time(Path(addon) if addon else None),
        "visible devices": environment.get("CUDA_VISIBLE_DEVICES", "all"),
        "order of devices": environment.get("CUDA_DEVICE_ORDER", ""),
        "library folders": environment.get("LD_LIBRARY_PATH", ""),
    }
