"""The process that decodes, with real models."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import child
import pytest

from transcriber.worker.messages import LAST, Order, encoded, messages

PATIENCE = 120.0


@dataclass
class Told:
    """The process, and what it says."""

    folder: Path
    process: subprocess.Popen[bytes]
    said: queue.SimpleQueue[Mapping[str, Any]] = field(default_factory=queue.SimpleQueue)
    heard: list[Mapping[str, Any]] = field(default_factory=list)

    def send(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(encoded(message))
        self.process.stdin.flush()

    def order(self, job: str, recording: Path, *words: str) -> None:
        (self.folder / job).mkdir(exist_ok=True)
        order = Order(job=job, recording=recording, label=job, folder=self.folder, words=words)
        self.send(order.message())

    def until(self, condition: Callable[[Mapping[str, Any]], bool]) -> Mapping[str, Any]:
        """Hear what is said until a condition is true of it."""
        while True:
            message = self.said.get(timeout=PATIENCE)
            self.heard.append(message)
            if condition(message):
                return message

    def last(self, *jobs: str) -> list[str]:
        """Hear what is said until jobs have ended; return how, in the order of the ends."""
        left = set(jobs)
        found = []
        while left:
            message = self.until(lambda one: one["event"] in LAST and one["job"] in left)
            left.discard(message["job"])
            found.append(f"{message['job']} {message['event']}")
        return found


def _listen(told: Told) -> None:
    assert told.process.stdout is not None
    for message in messages(told.process.stdout):
        told.said.put(message)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Return a process that decodes."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "jobs"
    folder.mkdir()
    command = [sys.executable, "-P", "-m", "transcriber", "__decode__"]
    environment = child.environment()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as process:
        found = Told(folder, process)
        listening = threading.Thread(target=_listen, args=(found,))
        listening.start()
        yield found
        process.kill()
        listening.join()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
