"""A server that is killed at random moments, with jobs in its queue: nothing is lost.

``TRANSCRIBER_SERVICE_KILLS=50 pytest -s tests/service/test_kills.py`` is the long form.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import child
import pytest
from commands.test_serve import Running, serving
from utterance import Utterance, repeat

from service.programs import options

KILLS = int(os.environ.get("TRANSCRIBER_SERVICE_KILLS", "10"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400 + 30 * KILLS)]

UNFINISHED = 3
"""Jobs that each server begins with, at least."""

LONGEST = 12.0
"""Seconds that a server lives: it takes half of one to answer, and two to decode."""


def test_nothing_is_lost(tmp_path: Path, models: Path, utterances: list[Utterance]) -> None:
    recordings = []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        repeat(utterances[number:], path, times=1 + number)
        recordings.append(path)
    expected = {}
    with serving(tmp_path / "quiet", *options(models)) as server:
        for path in recordings:
            job = server.submit(path)
            assert server.over(job)["state"] == "done"
            expected[path.name] = transcript(server, job)
    generator = random.Random(8)
    data = tmp_path / "data"
    taken: dict[str, Path] = {}
    cut = 0
    for _ in range(KILLS):
        cut += live(data, generator, recordings, taken, options(models))
    with serving(data, *options(models)) as server:
        known = {one["id"]: one for one in server.get("/api/jobs")["jobs"]}
        # What was promised is there. More may be: what was written down before the answer was.
        assert taken.keys() <= known.keys()
        assert len(known) - len(taken) <= KILLS
        for job, shown in known.items():
            assert server.over(job)["state"] == "done", server.over(job)
            assert transcript(server, job) == expected[shown["name"]], job
        assert {path.name for path in server.folders} == known.keys()
        for folder in server.folders:
            assert sorted(one.suffix for one in folder.iterdir()) == [".json", ".upload"]
    print(f"{KILLS} kills, {len(taken)} jobs, {cut} uploads cut")


def transcript(server: Running, job: str) -> bytes:
    return (server.folder / job / "transcript.json").read_bytes()


def live(
    data: Path,
    generator: random.Random,
    recordings: list[Path],
    taken: dict[str, Path],
    words: tuple[str, ...],
) -> int:
    """Run a server that is killed at some moment; return how many uploads were cut by it."""
    command = ["serve", "--port", "0", "--data_dir", str(data), *words]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "transcriber", *command],
        env=child.environment(XDG_CONFIG_HOME=str(data.parent / "config")),
        stderr=subprocess.PIPE,
        text=True,
        cwd=data.parent,
    )
    # Some are killed before they answer.
    timer = threading.Timer(generator.uniform(0.1, LONGEST), process.kill)
    timer.start()
    cut = 0
    with process:
        assert process.stderr is not None
        line = process.stderr.readline()
        if "listening at" in line:
            server = Running(process, data, port=int(line.split()[2].rpartition(":")[2]))
            try:
                states = [one["state"] for one in server.get("/api/jobs")["jobs"]]
                assert "failed" not in states
                for _ in range(UNFINISHED - states.count("waiting") - states.count("running")):
                    path = generator.choice(recordings)
                    cut += 1
                    taken[server.submit(path)] = path
                    cut -= 1
            except (OSError, http.client.HTTPException):
                pass
        with contextlib.suppress(OSError):
            process.stderr.read()
        process.wait()
    timer.join()
    assert process.returncode == -9, line
    return cut
