"""Driving a worker process, whose death is an answer too."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch_build.verify.interpreters import child_environment
from torch_build.verify.values import PROCESSOR, Case, Outcome

_TOGETHER = 64
"""Cases sent at once, so that a call costs less than its journey."""

CASE_SECONDS = 120.0
"""A call that takes longer is taken to hang: the largest needs milliseconds."""

CRASH = "crash"
"""The error of an `Outcome` whose process died or hung."""


class Worker:
    """A worker that is started again after it died.

    Parameters
    ----------
    python : Path
        The interpreter that has the build of PyTorch.
    device : str
        Where it runs the cases.
    environment : mapping of str to str, optional
        Variables that the child gets besides; ``PYTHONPATH`` among them stands before our own.
    """

    def __init__(
        self,
        python: Path,
        device: str = PROCESSOR,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._python = python
        self._device = device
        self._environment = child_environment({**os.environ, **(environment or {})})
        if environment and "PYTHONPATH" in environment:
            own = self._environment["PYTHONPATH"]
            self._environment["PYTHONPATH"] = f"{environment['PYTHONPATH']}:{own}"
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as we do

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._complaints.close()

    def version(self) -> str:
        """Return the version of its PyTorch.

        Raises
        ------
        RuntimeError
            When the worker dies instead.
        """
        return str(self._ask("version", None))

    def cases(self, name: str, dtypes: list[str], *, placed: bool = False) -> list[Case] | str:
        """Return the cases of an overload, or why there are none; see `cases.cases_of`."""
        try:
            made: list[Case] | str = self._ask("cases", (name, dtypes, placed))
        except RuntimeError as error:
            return str(error)
        return made

    def run(self, cases: Sequence[Case]) -> Iterator[Outcome]:
        """Yield the outcomes of cases; a dead worker is one with the error `CRASH`."""
        for start in range(0, len(cases), _TOGETHER):
            group = list(cases[start : start + _TOGETHER])
            while group:
                try:
                    done = self._run_together(group)
                except RuntimeError:
                    # One of them killed it: which, shows when each has a worker of its own.
                    done = [self._run_alone(case) for case in group]
                yield from done
                group = group[len(done) :]

    def _run_together(self, cases: list[Case]) -> list[Outcome]:
        """Run cases up to the first that the worker cannot go on after."""
        outcomes: list[Outcome] = self._ask("run", cases)
        if outcomes[-1].ends_the_device:
            self._stop()
        return outcomes

    def _run_alone(self, case: Case) -> Outcome:
        try:
            return self._run_together([case])[0]
        except RuntimeError as error:
            return Outcome(results=[], buffers={}, error=CRASH, message=str(error))

    def _ask(self, verb: str, content: Any) -> Any:
        process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        try:
            pickle.dump((verb, content), process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
            process.stdin.flush()
            if not select.select([process.stdout], [], [], CASE_SECONDS)[0]:
                process.kill()
            return pickle.load(process.stdout)  # noqa: S301 - our own child wrote it
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            raise RuntimeError(self._obituary()) from error

    def _start(self) -> subprocess.Popen[bytes]:
        self._complaints.seek(0)
        self._complaints.truncate()
        self._process = subprocess.Popen(
            [self._python, "-m", "torch_build.verify.worker", self._device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env=self._environment,
        )
        return self._process

    def _obituary(self) -> str:
        status = self._stop()
        ending = f"signal {signal.Signals(-status).name}" if status < 0 else f"status {status}"
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return f"ended with {ending}: {' '.join(lines[-3:])}"

    def _stop(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            process.communicate(timeout=10)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            process.kill()
        return process.wait()
