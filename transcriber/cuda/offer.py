"""Seeing to it that the add-on is there before a GPU is tried: unpacked, fetched, or asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from transcriber.download.progress import DownloadReport, megabytes
from transcriber.errors import TranscriberError

_TRACES = ("proc/driver/nvidia/version", "dev/nvidiactl", "dev/dxg")
"""What a loaded NVIDIA driver always makes, the last one under WSL."""


def driver_runs(root: Path = Path("/")) -> bool:
    """Return whether an NVIDIA driver is loaded, by no more than three looks at a name."""
    return any(os.path.exists(root / trace) for trace in _TRACES)


def provide_addon(
    *,
    device: str,
    choice: str | None,
    offline: bool,
    may_ask: Callable[[], bool],
    report: DownloadReport,
) -> None:
    """Bring the add-on here where it is missing, a GPU could use it, and the user agrees.

    Whatever fails is told in a note: the processor can do all the work.

    Parameters
    ----------
    device : str
        Where the model is to run, as the user has it.
    choice : str or None
        One of `ADDON_CHOICES`; None is ``ask`` unless the user has answered "never" before.
    offline : bool
        Whether the network is forbidden.
    may_ask : callable
        Tells whether somebody is there who can answer.
    report : DownloadReport
        Whom to tell of the download.
    """
    if device == "cpu" or not driver_runs():
        return
    from transcriber.cuda.search import find_addon  # noqa: PLC0415 - only where there is a driver

    found = find_addon()
    for damaged in found.damaged:
        report.note(f"the CUDA add-on is damaged: {damaged}")
    if not found.wanted:
        return
    try:
        if found.packed:
            _import(found.packed, report)
        else:
            _fetch(choice, offline=offline, may_ask=may_ask, report=report)
    except TranscriberError as error:
        report.note(f"going on without the CUDA add-on: {error}")


def _import(packed: Path, report: DownloadReport) -> None:
    from transcriber.cuda.addon import require_addon  # noqa: PLC0415
    from transcriber.cuda.store import import_addon  # noqa: PLC0415

    # Whoever has put it there wants it, and it is checked like one that was fetched.
    report.note(f"unpacking the CUDA add-on {packed}")
    import_addon(packed, require_addon())


def _fetch(
    choice: str | None,
    *,
    offline: bool,
    may_ask: Callable[[], bool],
    report: DownloadReport,
) -> None:
    from transcriber.cuda.addon import require_addon  # noqa: PLC0415
    from transcriber.cuda.fetch import addon_addresses, fetch_addon  # noqa: PLC0415
    from transcriber.cuda.preference import never_wanted, remember_never  # noqa: PLC0415
    from transcriber.machine.nvidia import find_driver  # noqa: PLC0415

    addon = require_addon()
    if choice != "fetch":
        if choice == "never" or (choice is None and never_wanted()) or not may_ask():
            return
        # A question that can only be answered in vain is none.
        if not addon_addresses(addon) or find_driver().library is None:
            return
        answer = ask(addon.size)
        if answer == "never":
            remember_never()
        if answer != "yes":
            return
    fetch_addon(addon, offline=offline, report=report)


def ask(size: int) -> str:
    """Ask whether to fetch the add-on of `size` bytes.

    Returns
    -------
    str
        ``yes``, ``no`` or ``never``; ``no`` where the line, or the input, is empty.
    """
    print(
        f"An NVIDIA GPU is here. With the CUDA add-on, a download of {megabytes(size)} that is\n"
        "made once, this program can use it; without, it uses the processor.",
        file=sys.stderr,
    )
    answers = {"y": "yes", "yes": "yes", "": "no", "n": "no", "no": "no", "never": "never"}
    while True:
        print("Fetch it? (yes, no, never) [no]: ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip().lower()
        if answer in answers:
            return answers[answer]
