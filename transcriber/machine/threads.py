"""Choose how many threads the model runs on, and how they wait for each other.

A decoder step is hundreds of short parallel regions, each as slow as its slowest thread. A thread
that shares a core with other work holds up all the rest, and by default the rest spin meanwhile
and take the time that the late one needs.

Measured once, with another OpenMP than the one that the program is linked with: GNU's, in stock
PyTorch 2.13, on two cores of an AMD EPYC (Zen 3) without SMT. One window with a model like ``base``
(encoder and decoder steps), in times of one thread beside the same number of busy processes:

================================  ====  ====  ====
busy processes                       0     1     2
================================  ====  ====  ====
60 steps, medians of 4
2 threads, OpenMP's default       0.74  1.73  1.38
2 threads, passive                0.83  1.06  0.83
20 steps, medians of 6
2 threads, OpenMP's default       0.63  1.45  1.04
2 threads, passive                0.69  0.94  0.72
2 threads, GOMP_SPINCOUNT=1000    0.72  1.02  0.74
2 threads, GOMP_SPINCOUNT=10000   0.68  1.11  0.82
================================  ====  ====  ====

The machine had other users, whom the benchmark went before by its priority. They ran whenever it
waited, which makes "0" a little slow for passive threads: on the machine to itself 0.74 and 0.75
were measured (2 values).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transcriber.errors import UsageError
from transcriber.machine.control_groups import processor_quota
from transcriber.machine.processor import allowed_processors, busy_processors, physical_cores

MAXIMUM_THREADS = 8
"""More threads are not chosen by themselves.

Not measured by us, who had two cores. Others found openai-whisper's ``base`` on 32 processors to
take 5.1 s with 8 threads, 4.9 s with 16, 7.3 s with 31 and 15.0 s with 32
(https://github.com/kirodotdev/KiroCrew/pull/2629): little to win beyond 8, much to lose.
"""

WAITING = {"OMP_WAIT_POLICY": "PASSIVE"}
"""Threads that wait sleep at once instead of spinning.

On an idle machine that costs about a tenth of the time and saves a fifth of the processor's work;
beside one busy process it saves a third of the time. The standard variable is enough: GNU's
OpenMP then spins 0 times, LLVM's and Intel's take ``KMP_BLOCKTIME`` to be 0, and a user who sets
``GOMP_SPINCOUNT`` or ``KMP_BLOCKTIME`` overrules it.
"""


@dataclass(frozen=True, kw_only=True)
class ThreadPlan:
    """How the model uses the processor.

    Attributes
    ----------
    threads : int
        Threads for one operation, for `torch.set_num_threads`.
    environment : mapping
        Variables that must be set before PyTorch is loaded.
    reason : str
        Why, on one line.
    """

    threads: int
    environment: Mapping[str, str] = field(default_factory=lambda: dict(WAITING))
    reason: str


def plan_threads(
    requested: int = 0,
    *,
    root: Path = Path("/"),
    environment: Mapping[str, str] = os.environ,
    processors: Collection[int] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> ThreadPlan:
    """Choose the number of threads and their way of waiting.

    Call it before the program starts work of its own: what is busy then is other people's.

    Parameters
    ----------
    requested : int
        The user's choice; 0 chooses. ``OMP_NUM_THREADS`` counts as one where this is 0.
    root, environment, processors, sleep : optional
        What is looked at; a test brings its own.

    Raises
    ------
    UsageError
        When `requested` is negative.
    """
    if requested < 0:
        raise UsageError(f"{requested} threads cannot be used", "give a number, or 0 to choose")
    if requested:
        return ThreadPlan(threads=requested, reason="asked for")
    configured = configured_threads(environment)
    if configured:
        return ThreadPlan(threads=configured, reason="OMP_NUM_THREADS is set")
    allowed = allowed_processors() if processors is None else processors
    threads, reason = choose_threads(
        cores=physical_cores(allowed, root),
        processors=len(allowed),
        quota=processor_quota(root),
        busy=busy_processors(allowed, root, sleep=sleep),
    )
    return ThreadPlan(threads=threads, reason=reason)


def choose_threads(
    *, cores: int, processors: int, quota: float | None, busy: float | None
) -> tuple[int, str]:
    """Return the number of threads, and why it is this one.

    Parameters
    ----------
    cores, processors : int
        Physical cores and logical processors that the process may run on.
    quota : float or None
        Processors' worth of time that its control group allows.
    busy : float or None
        Logical processors that other work keeps busy.
    """
    usable = min(cores, MAXIMUM_THREADS)
    reasons = [f"{cores} physical core{'s' * (cores != 1)}"]
    if usable < cores:
        reasons.append(f"more than {MAXIMUM_THREADS} threads do not pay")
    if quota is not None:
        reasons.append(f"control group's quota {quota:.1f}")
        # A part of a processor is worth a thread: with a quota of 1.5, two threads took 0.81 times
        # as long as one, with 1.1 as long, and with 1.0 as long, too.
        usable = min(usable, max(math.ceil(quota), 1))
    if busy is None:
        reasons.append("load unknown")
        return usable, ", ".join(reasons)
    reasons.append(f"{busy:.1f} of {processors} processors busy")
    # A thread that shares its core with one other process runs at half speed and all wait for it,
    # so `usable` threads do the work of half as many, as the table above has it for two cores. A
    # thread for each free core does more while more than half are free. At a tie there is more to
    # gain when the load ends. For more than two cores this is reasoned, not measured.
    free = processors - round(busy)
    if usable / 2 < free < usable:
        return free, ", ".join(reasons)
    return usable, ", ".join(reasons)


def apply_environment(plan: ThreadPlan) -> None:
    """Set the plan's variables for the libraries that are loaded from now on.

    A variable that the user has set stays as it is, unless it means nothing.
    """
    # Two libraries would complain of it, each in its own way.
    if not configured_threads(os.environ):
        os.environ.pop("OMP_NUM_THREADS", None)
    for name, value in plan.environment.items():
        os.environ.setdefault(name, value)


def configured_threads(environment: Mapping[str, str]) -> int:
    """Return ``OMP_NUM_THREADS``, of which lists name the outermost level first; 0 if invalid."""
    first = environment.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and first.isascii() else 0
