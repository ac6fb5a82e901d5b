"""Ten clients at a time, with a real model: right answers, and memory that does not grow.

``TRANSCRIBER_LOAD_SECONDS=600 pytest -s tests/service/test_load.py`` is the long form.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from commands.test_serve import Running, decoder_of, serving
from utterance import Utterance

from service.programs import left, options, resident_mib

SECONDS = float(os.environ.get("TRANSCRIBER_LOAD_SECONDS", "60"))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + 2 * SECONDS)]

CLIENTS = 10

LOOKS = 10
"""At the memory: each minute of ten."""

ADDRESS = "/v1/audio/transcriptions"


@dataclass
class Load:
    """What clients ask, and what they were answered."""

    server: Running
    paths: Sequence[Path]
    alone: dict[str, str] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def text(self, path: Path) -> str:
        status, body = self.server.post(ADDRESS, path)
        return str(json.loads(body)["text"]) if status == 200 else f"{status}: {body!r}"

    def ask(self, number: int, end: float) -> None:
        """Ask again and again, as one client."""
        generator = random.Random(number)
        while time.monotonic() < end:
            # The last one is long.
            path = generator.choice(self.paths if not generator.randrange(3) else self.paths[:-1])
            text = self.text(path)
            self.answers[path.name] += 1
            if text != self.alone[path.name]:
                self.wrong.append(f"{path.name}: {text!r}, not {self.alone[path.name]!r}")


def test_ten_clients(
    tmp_path: Path, models: Path, utterances: list[Utterance], long_recording: Path
) -> None:
    memory: list[tuple[float, float]] = []
    with serving(tmp_path / "data", *options(models)) as server:
        load = Load(server, [*(one.path for one in utterances), long_recording])
        load.alone = {path.name: load.text(path) for path in load.paths}
        end = time.monotonic() + SECONDS
        clients = [
            threading.Thread(target=load.ask, args=(number, end)) for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        decoder = decoder_of(server)
        for _ in range(LOOKS):
            time.sleep(SECONDS / LOOKS)
            memory.append((resident_mib(server.process.pid), resident_mib(decoder)))
            shown = " ".join(f"{one:.1f}" for one in memory[-1])
            print(f"{load.answers.total()} answers; MiB of server and decoder: {shown}")
        for client in clients:
            client.join()
        # It has had no other one.
        assert decoder_of(server) == decoder
        assert load.wrong == []
        assert len(load.answers) == len(load.paths)
        assert left(server) == []
    print(dict(load.answers))
    for amounts, growth in zip(zip(*memory, strict=True), (4, 40), strict=True):
        early, late = statistics.median(amounts[2:5]), statistics.median(amounts[-3:])
        assert late - early < growth, memory
