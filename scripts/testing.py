"""The stages of ``make test``, and the benchmarks that judge."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from buildkit.commands import HOUR, Command, say
from buildkit.commands import run as run_command
from scripts.environment import PATHS, run_module
from scripts.layout import PYTHON, STOCK_PYTHON
from scripts.native_program import SMALLEST_APPIMAGE
from scripts.releasing import try_release

ON_STOCK = ("tests/engine", "tests/machine", "tests/speech")
"""Tests that are run on stock PyTorch, too."""

ON_APPIMAGE = (
    "tests/test_accuracy.py",
    "tests/test_program.py",
    "tests/test_continuation.py",
    "tests/test_desktop.py",
    "tests/test_streams.py",
)
"""Tests of the whole program, that are run on an AppImage, too."""

_TEST_LIMIT = 2 * HOUR
"""Seconds for one stage of the tests; each test has a limit of its own."""

_BENCH_LIMIT = 8 * HOUR
"""Seconds for all benchmarks, on a machine that is as slow as any."""


def run_tests(set_up: Callable[[], int], pack: Callable[[], int]) -> int:
    """Check style and types, run all tests, and judge by the budgets.

    Parameters
    ----------
    set_up, pack : callable
        The stages that come first: each returns an exit code.

    Returns
    -------
    int
        0, or the exit code of the first stage that failed.
    """
    accept_interruptions()
    pytest: Command = [PYTHON, "-m", "pytest"]
    # Ours has no types of the functions that are written in C++.
    stock: Command = ["--python-executable", STOCK_PYTHON]
    stages: dict[str, Callable[[], int]] = {
        "set-up": set_up,
        "AppImages": pack,
        "ruff check": lambda: run_command([PYTHON, "-m", "ruff", "check"]),
        "ruff format": lambda: run_command([PYTHON, "-m", "ruff", "format", "--check"]),
        "mypy": lambda: run_command([PYTHON, "-m", "mypy", *stock]),
        "imports": lambda: run_command(
            ["env", f"PYTHONPATH={PATHS}", PYTHON.with_name("lint-imports"), "--no-cache"]
        ),
        # What one process leaves to do, the other takes.
        "fast tests": lambda: run_command(
            [*pytest, "-m", "not slow", "-n", "auto", "--dist", "worksteal"], limit=_TEST_LIMIT
        ),
        # To the last bit, and in double precision, neither of which ours promises.
        "tests on stock": lambda: run_command(
            [STOCK_PYTHON, "-m", "pytest", *ON_STOCK], limit=_TEST_LIMIT
        ),
        "release, dry run": try_release,
        "budgets": lambda: measure("--quick"),
        "slow tests": lambda: run_command([*pytest, "-m", "slow"], limit=_TEST_LIMIT),
        "tests of the AppImage": lambda: run_command(
            ["env", f"TRANSCRIBER_TESTED_PROGRAM={SMALLEST_APPIMAGE}", *pytest, *ON_APPIMAGE],
            limit=_TEST_LIMIT,
        ),
    }
    for stage, work in stages.items():
        start = time.monotonic()
        code = work()
        say(f"{stage} {'failed after' if code else 'took'} {time.monotonic() - start:.1f} s")
        if code:
            return code
    return 0


def measure(*words: str) -> int:
    """Run the benchmarks, which need the packages of ``.venv``; return their exit code."""
    return run_module("benchmarks", *words, limit=_BENCH_LIMIT)


def accept_interruptions() -> None:
    """Let SIGINT and SIGQUIT have their usual effect on this process and those that it starts.

    A shell starts its background jobs with both ignored, which every child inherits, and the
    tests are about what signals do.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
