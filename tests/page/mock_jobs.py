"""The jobs of the stand-in for the service: they wait, run and end, and tell it."""

from __future__ import annotations

import json
import queue
import threading
import time

from page.mock_data import MODELS, Json, segments_until


class Service:
    """What the mock knows; every change is told to the listeners."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self.lock = threading.RLock()
        self.jobs: dict[str, Json] = {}
        self.decoded: dict[str, list[Json]] = {}
        self.edited: dict[str, tuple[list[Json], int, int]] = {}
        self.listeners: list[queue.Queue[tuple[str, Json]]] = []
        self.paused = False
        self.stored = {name for name, *_, here in MODELS if here}
        self.fetching: set[str] = set()
        self.model = "base"
        self.defaults: Json = {}
        self.count = 0

    def tell(self, name: str, data: Json) -> None:
        """Send an event to every page."""
        with self.lock:
            for one in self.listeners:
                one.put((name, json.loads(json.dumps(data))))

    def add(
        self, name: str, language: str, seconds: float, state: str = "waiting", **more: object
    ) -> Json:
        """Make a job."""
        with self.lock:
            self.count += 1
            job: Json = {
                "id": f"j{self.count}",
                "name": name,
                "state": state,
                "place": None,
                "priority": 0,
                "created": time.time(),
                "started": None,
                "ended": time.time() if state in {"done", "failed", "cancelled"} else None,
                "duration": seconds,
                "position": seconds if state == "done" else 0.0,
                "time_left": None,
                "options": {"model": "base"},
                "notes": [],
                "error": None,
                "edited": False,
                "language": language,
                **more,
            }
            self.jobs[job["id"]] = job
            self.decoded[job["id"]] = segments_until(language, seconds) if state == "done" else []
            self.places()
            return job

    def places(self) -> None:
        """Number those that wait."""
        waiting = [job for job in self.jobs.values() if job["state"] == "waiting"]
        waiting.sort(key=lambda job: (-job["priority"], job["created"]))
        for job in self.jobs.values():
            job["place"] = None
        for place, job in enumerate(waiting):
            job["place"] = place

    def changed(self, job: Json) -> None:
        """Tell a job, and those whose place moved."""
        with self.lock:
            before = {one["id"]: one["place"] for one in self.jobs.values()}
            self.places()
            self.tell("job", job)
            for one in self.jobs.values():
                if one is not job and one["place"] != before[one["id"]]:
                    self.tell("job", one)

    def work(self) -> None:
        """Decode one job after the other, as it looks from outside."""
        while True:
            time.sleep(0.1)
            with self.lock:
                waiting = [job for job in self.jobs.values() if job["state"] == "waiting"]
                job = min(waiting, key=lambda one: one["place"] or 0, default=None)
                if job is None or self.paused:
                    continue
                job.update(state="running", started=time.time())
                self.changed(job)
            self.decode(job)

    def decode(self, job: Json) -> None:
        """Let the segments of a job arrive."""
        start, end = job.get("passage") or (0.0, job["duration"])
        for one in segments_until(job["language"] or "en", end):
            if one["start"] < start - 0.01 or one["start"] < job["position"] - 0.01:
                continue
            time.sleep((one["end"] - one["start"]) / self.pace)
            with self.lock:
                if job["state"] != "running":
                    self.changed(job)
                    return
                self.decoded[job["id"]].append(one)
                left = (end - one["end"]) / self.pace
                job.update(position=one["end"], time_left=left)
                self.tell(
                    "segments",
                    {
                        "job": job["id"],
                        "segments": [one],
                        "position": one["end"],
                        "duration": end,
                        "time_left": left,
                    },
                )
        with self.lock:
            if job["state"] == "running":
                job.update(state="done", ended=time.time(), position=end, time_left=None)
            self.changed(job)

    def transcript(self, job: Json) -> Json:
        """Return what is read: as edited, and what was decoded since."""
        decoded = self.decoded[job["id"]]
        segments, revision, known = self.edited.get(job["id"], ([], 0, 0))
        return {
            "language": job["language"],
            "segments": [*segments, *decoded[known:]],
            "revision": revision,
            "decoded": len(decoded),
            "complete": job["state"] == "done",
        }

    def fetch(self, name: str) -> None:
        """Pretend to download a model."""
        size = next(model[2] for model in MODELS if model[0] == name)
        self.fetching.add(name)
        for step in range(1, 21):
            time.sleep(0.1)
            if name not in self.fetching:
                self.tell(
                    "model",
                    {"name": name, "done": 0, "total": size, "state": "removed", "error": None},
                )
                return
            self.tell(
                "model",
                {
                    "name": name,
                    "done": size * step // 20,
                    "total": size,
                    "state": "fetching",
                    "error": None,
                },
            )
        self.fetching.discard(name)
        self.stored.add(name)
        self.tell(
            "model", {"name": name, "done": size, "total": size, "state": "stored", "error": None}
        )
