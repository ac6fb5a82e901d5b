"""A process that decodes nothing, and says what a real one would say. Recordings tell it what.

A recording is lines of text, each a command: ``say TEXT``; ``rest SECONDS``, in which it can be
given up; ``note TEXT``; ``fail CODE KIND TEXT``; ``die``; ``die-once``; ``nonsense``; ``hang``,
which stops the whole process, so that only a kill ends it. All jobs run at once. What is no text is
said to be ``Hello.``
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

SECONDS = 2.0
"""Of the recording, that each segment takes."""


class WithdrawnError(Exception):
    """The job was given up."""


class StandIn:
    """The process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled: set[str] = set()

    def run(self) -> None:
        """Do what is ordered until nobody orders any more."""
        for line in sys.stdin.buffer:
            message = json.loads(line)
            if message["do"] == "cancel":
                self._cancelled.add(message["job"])
            elif message["do"] == "job":
                self._cancelled.discard(message["job"])
                threading.Thread(target=self._work, args=(message,), daemon=True).start()
            else:
                return

    def _work(self, order: Mapping[str, Any]) -> None:
        job = order["job"]
        try:
            self._decode(order)
        except WithdrawnError:
            self._say(job, "withdrawn")
        except FileNotFoundError:
            told = {"code": 3, "kind": "InputError", "text": f"there is no {order['label']}"}
            self._say(job, "failed", remedy="", **told)
        self._cancelled.discard(job)

    def _decode(self, order: Mapping[str, Any]) -> None:
        job = order["job"]
        folder = Path(order["folder"], job)
        commands = list(_commands(Path(order["recording"])))
        duration = SECONDS * sum(name == "say" for name, _ in commands)
        course = {"duration": duration, "elapsed": 0.0, "time_left": None}
        segments: list[dict[str, Any]] = []
        self._check(job)
        self._say(job, "begin", position=0.0, language="en", **course)
        for name, rest in commands:
            self._check(job)
            if name == "say":
                segments.append(segment(len(segments), rest))
                position = segments[-1]["end"]
                self._say(job, "window", segments=segments[-1:], position=position, **course)
            elif name == "rest":
                self._rest(job, float(rest))
            elif name == "note":
                self._say(job, "note", text=rest)
            elif name == "fail":
                code, kind, text = rest.split(" ", 2)
                self._say(job, "failed", code=int(code), kind=kind, text=text, remedy="do that")
                return
            elif name == "die" or (name == "die-once" and not (folder / "died").exists()):
                (folder / "died").touch()
                print("it hurts", file=sys.stderr, flush=True)
                os.kill(os.getpid(), signal.SIGKILL)
            elif name == "nonsense":
                self._say(job, "window")
            elif name == "hang":
                os.kill(os.getpid(), signal.SIGSTOP)
                # Another thread may be the one that notices it.
                time.sleep(3600)
        transcript = {"text": "", "segments": segments, "language": "en"}
        (folder / "words.json").write_text(json.dumps(order["words"]))
        begun = folder / "transcript.begun"
        begun.write_text(json.dumps(transcript))
        begun.replace(folder / "transcript.json")
        self._say(job, "done", position=duration, **course)

    def _rest(self, job: str, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._check(job)
            time.sleep(0.005)

    def _check(self, job: str) -> None:
        if job in self._cancelled:
            raise WithdrawnError

    def _say(self, job: str, event: str, **content: Any) -> None:
        line = json.dumps({"event": event, "job": job, **content}) + "\n"
        with self._lock:
            sys.stdout.write(line)
            sys.stdout.flush()


def segment(number: int, text: str) -> dict[str, Any]:
    """Return a segment as an engine has it."""
    start = SECONDS * number
    words = [
        {"word": f" {word}", "start": start, "end": start + SECONDS, "probability": 0.5}
        for word in text.split()
    ]
    return {
        "id": number,
        "seek": 0,
        "start": start,
        "end": start + SECONDS,
        "text": f" {text}",
        "tokens": [1, 2],
        "temperature": 0.0,
        "avg_logprob": -0.2,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
        "words": words,
    }


def _commands(recording: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = recording.read_text("ascii").splitlines()
    except UnicodeDecodeError:
        lines = ["say Hello."]
    for line in lines:
        name, _, rest = line.partition(" ")
        yield name, rest


if __name__ == "__main__":
    StandIn().run()
