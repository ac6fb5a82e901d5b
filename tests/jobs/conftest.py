"""A queue over a process that decodes nothing."""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from worker import stand_in

from transcriber.jobs.queue import JobQueue
from transcriber.jobs.record import OVER, JobRecord, State
from transcriber.worker import process

PATIENCE = 10.0


@dataclass
class Queued:
    """A queue, and what it has told."""

    queue: JobQueue
    recordings: Path
    lines: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def submit(self, *commands: str, client: str = "somebody", **options: Any) -> str:
        """Submit a recording that says what is to happen to it; return its job."""
        path = self.recordings / f"{next(self._numbers)}.wav"
        path.write_text("\n".join(commands))
        given: dict[str, Any] = {"name": path.name, "words": (), **options}
        return self.queue.submit(recording=path, client=client, **given).job

    def state(self, job: str) -> State | None:
        record = self.queue.job(job)
        return record.state if record else None

    def reached(self, job: str, *states: State) -> JobRecord:
        """Wait until a job has reached a state."""
        wait_for(lambda: self.state(job) in states, lambda: f"{self.queue.job(job)} {self.lines}")
        record = self.queue.job(job)
        assert record is not None
        return record

    def over(self, job: str) -> JobRecord:
        return self.reached(job, *OVER)

    def texts(self, job: str) -> list[str]:
        return [segment["text"].strip() for segment in self.queue.segments(job)]


def wait_for(condition: Callable[[], object], told: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.002)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def use_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have queues start a process that decodes nothing."""
    command = [sys.executable, "-SEI", str(Path(stand_in.__file__))]
    monkeypatch.setattr(process, "decoder_command", lambda: command)


@pytest.fixture(autouse=True)
def stand_in_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test start a process that decodes."""
    use_stand_in(monkeypatch)


@contextlib.contextmanager
def running(folder: Path, *, keep_alive: float = 60.0) -> Iterator[Queued]:
    """Run a queue for the time of the block."""
    recordings = folder / "recordings"
    recordings.mkdir(exist_ok=True)
    lines: list[str] = []
    queue = JobQueue(folder / "jobs", keep_alive=keep_alive, log=lines.append)
    try:
        yield Queued(queue, recordings, lines)
    finally:
        queue.close()


@pytest.fixture
def queued(tmp_path: Path) -> Iterator[Queued]:
    with running(tmp_path) as found:
        yield found
