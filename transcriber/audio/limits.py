"""What reading a recording may cost, and how the kernel is told."""

from __future__ import annotations

import contextlib
import math
import os
import resource
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AudioLimits:
    """What reading one recording may cost.

    Time counts only while ffmpeg is waited for, not while the caller works on a block.

    Attributes
    ----------
    stall_seconds : float
        Longest wait for the next bytes.
    total_seconds : float
        Longest wait in all. Also the limit of ffmpeg's processor time, which holds even when
        this process is gone. An hour decodes hundreds of hours of speech.
    memory_bytes : int
        Writable memory of ffmpeg (RLIMIT_DATA). On two processors a recording takes 75 MiB and
        a 4K video 105 MiB, with 16 threads in each stage, the most that ffmpeg starts by
        itself, 180 MiB and 320 MiB: mostly the threads' stacks of 8 MiB.
    audio_seconds : float
        Longest audio. A damaged header can turn a small file into months of silence.
    """

    stall_seconds: float = 60.0
    total_seconds: float = 3600.0
    memory_bytes: int = 1 << 30
    audio_seconds: float = 7 * 24 * 3600.0


def set_limits(process: int, limits: AudioLimits) -> None:
    """Set the kernel's limits; from outside, as code between fork and exec can deadlock."""
    for kind, value in (
        # Not RLIMIT_AS: that counts the address space that the C library reserves for each
        # thread, 64 MiB, and the executable itself, 170 MiB in a static build.
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, math.ceil(limits.total_seconds)),
        # A crash on a damaged file shall leave no core file.
        (resource.RLIMIT_CORE, 0),
    ):
        # Where a container forbids it, or ffmpeg has ended already, the time limits remain.
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.prlimit(process, kind)
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(process, kind, (most, hard))


def keep_together(process: int) -> None:
    """Have the threads of an ffmpeg take turns on one processor.

    Since its release 7 it has one for each step and hands on pieces of 20 ms or so. Between
    processors, and where a thread that is woken interrupts the one that woke it, that takes more
    time than the decoding.
    """
    # Where a container forbids it, it is slower.
    with contextlib.suppress(OSError):
        processors = sorted(os.sched_getaffinity(process))
        # Not the same one for all that run at a time.
        os.sched_setaffinity(process, {processors[process % len(processors)]})
        os.sched_setscheduler(process, os.SCHED_BATCH, os.sched_param(0))
