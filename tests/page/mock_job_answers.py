"""What the stand-in for the service answers about one recording."""

from __future__ import annotations

import io
import json
import math
import re
import time
import zipfile
from pathlib import Path

from page.mock_data import RATE, segments_until, subtitles, wav
from page.mock_http import Answers


class JobAnswers(Answers):
    """Answers about jobs."""

    def upload(self, data: bytes) -> None:
        """Take recordings."""
        boundary = re.search(r"boundary=(.+)", self.headers["Content-Type"])
        assert boundary
        made, options = [], {}
        for part in data.split(b"--" + boundary[1].encode()):
            head, _, content = part.partition(b"\r\n\r\n")
            if name := re.search(rb'filename="([^"]*)"', head):
                made.append(name[1].decode())
            elif b'name="options"' in head:
                options = json.loads(content.rstrip(b"\r\n"))
        if "broken" in "".join(made):
            self.fail(
                400,
                "This file holds no sound that can be read. Check that it plays in a media player.",
            )
            return
        jobs = [
            self.service.add(name, options.get("language") or "en", 37.0, options=options)
            for name in made
        ]
        self.json({"jobs": jobs}, 201)
        for job in jobs:
            self.service.changed(job)

    def turn(self, _: bytes, job_id: str, verb: str) -> None:
        """Cancel, pause or resume."""
        job = self.service.jobs[job_id]
        job["state"] = {"cancel": "cancelled", "pause": "paused", "resume": "waiting"}[verb]
        if verb == "cancel":
            job["ended"] = time.time()
        self.json(job)
        self.service.changed(job)

    def again(self, data: bytes, job_id: str) -> None:
        """Decode anew."""
        job = self.service.jobs[job_id]
        job.update(state="waiting", position=0.0, ended=None, error=None, edited=False)
        job["options"] = {**job["options"], **(json.loads(data or b"{}").get("options") or {})}
        self.service.decoded[job_id] = []
        self.service.edited.pop(job_id, None)
        self.json(job)
        self.service.changed(job)

    def priority(self, data: bytes, job_id: str) -> None:
        """Move a job."""
        job = self.service.jobs[job_id]
        job["priority"] = json.loads(data)["priority"]
        self.json(job)
        self.service.changed(job)

    def remove(self, _: bytes, job_id: str) -> None:
        """Forget a job."""
        self.service.jobs[job_id]["state"] = "cancelled"
        del self.service.jobs[job_id]
        self.answer(204)
        self.service.tell("removed", {"job": job_id})

    def save(self, data: bytes, job_id: str) -> None:
        """Take an edited transcript."""
        sent = json.loads(data)
        before, revision, known = self.service.edited.get(job_id, ([], 0, 0))
        if sent["revision"] != revision:
            self.fail(409, "Another window has saved this transcript since.")
            return
        known = sent.get("decoded", known or len(self.service.decoded[job_id]))
        segments = sent.get("segments", [])
        for part in sent.get("parts", ()):
            run = isinstance(part, list)
            segments += before[part[0] : part[0] + part[1]] if run else [part]
        self.service.edited[job_id] = (segments, revision + 1, known)
        job = self.service.jobs[job_id]
        job["edited"] = True
        self.json({"revision": revision + 1})
        self.service.changed(job)

    def revert(self, _: bytes, job_id: str) -> None:
        """Go back to what was decoded."""
        self.service.edited.pop(job_id, None)
        self.service.jobs[job_id]["edited"] = False
        self.json({"revision": 0})

    def passage(self, data: bytes, job_id: str) -> None:
        """Decode a passage again, as a job of its own."""
        sent = json.loads(data)
        source = self.service.jobs[job_id]
        job = self.service.add(
            source["name"],
            sent["options"].get("language") or source["language"],
            sent["end"],
            passage=(sent["start"], sent["end"]),
            passage_of=job_id,
            priority=100,
            options={**sent["options"], "clip_timestamps": f"{sent['start']},{sent['end']}"},
        )
        self.json(job, 202)
        self.service.changed(job)

    def audio(self, _: bytes, job_id: str) -> None:
        """Send the recording, or a range of it."""
        seconds = self.service.jobs[job_id]["duration"]
        total = 44 + int(seconds * RATE) * 2
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        begin = int(asked[1]) if asked else 0
        end = min(
            int(asked[2]) + 1 if asked and asked[2] else total,
            total,
            begin + (1 << 20) if asked else total,
        )
        more = {"Content_Range": f"bytes {begin}-{end - 1}/{total}"} if asked else {}
        self.answer(
            206 if asked else 200,
            wav(seconds, begin, end),
            "audio/wav",
            Accept_Ranges="bytes",
            **more,
        )

    def peaks(self, _: bytes, job_id: str) -> None:
        """Send a made-up waveform that is loud where words are."""
        job = self.service.jobs[job_id]
        peaks = [0.02 + 0.01 * (i % 3) for i in range(int(job["duration"] * 20))]
        for one in segments_until(job["language"] or "en", job["duration"]):
            for word in one["words"]:
                first, last = int(word["start"] * 20), int(word["end"] * 20)
                for i in range(first, min(last + 1, len(peaks))):
                    shape = math.sin(math.pi * (i - first + 0.5) / (last - first + 1))
                    peaks[i] = round(max(0.03, shape * (0.45 + 0.5 * abs(math.sin(i * 1.7)))), 3)
        self.json({"peaks": peaks, "per_second": 20, "duration": job["duration"]})

    def export(self, _: bytes, job_id: str) -> None:
        """Send the transcript as a file."""
        name, text = self._exported(job_id)
        self._attached(text, name, "text/plain; charset=utf-8")

    def export_several(self, _: bytes) -> None:
        """Send transcripts in an archive."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for job_id in self.query["jobs"].split(","):
                archive.writestr(*self._exported(job_id))
        self._attached(stream.getvalue(), "transcripts.zip", "application/zip")

    def _exported(self, job_id: str) -> tuple[str, bytes]:
        job = self.service.jobs[job_id]
        segments = self.service.transcript(job)["segments"]
        kind = self.query["format"]
        if kind in {"srt", "vtt"}:
            text = subtitles(segments, self.query.get("subtitles", ""))
        else:
            text = "".join(one["text"].strip() + "\n" for one in segments)
        return f"{Path(job['name']).stem}.{kind}", text.encode()

    def _attached(self, content: bytes, name: str, media_type: str) -> None:
        disposition = f'attachment; filename="{name}"'
        self.answer(200, content, media_type, Content_Disposition=disposition)
