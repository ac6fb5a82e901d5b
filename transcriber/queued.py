"""A transcription through the queue of the user's own running service: ``--queue``.

The service has the model in memory, decodes beside what else it decodes, and tells whose turn it
is. The files are written here, as those of any other call.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from transcriber.commands.serve import KEY_VARIABLE
from transcriber.engine.interface import (
    FRAMES_PER_SECOND,
    DecodedWindows,
    Position,
    Transcript,
    WindowResult,
)
from transcriber.errors import InputError, TranscriberError
from transcriber.inputs.recordings import Recording, readable_file
from transcriber.interruption import Interrupted, check_interrupted
from transcriber.jobs.record import State
from transcriber.outputs import (
    check_outputs,
    output_paths,
    output_stem,
    printed,
    replaced,
    title_of,
    write_outputs,
)
from transcriber.paths import program_data
from transcriber.progress.course import Course
from transcriber.progress.reporter import Reporter
from transcriber.progress.telling import Telling
from transcriber.service.job_options import given_options
from transcriber.service.own_client import OwnClient, own_service
from transcriber.settings import RunSettings
from transcriber.side_by_side import FAILURES
from transcriber.streams import print_whole
from transcriber.transcript.ownership import Mark, fingerprint, place_digest

_TICK = 0.3
"""Seconds between two looks at a job."""


class ThroughQueue:
    """Transcribes recordings by the queue of a running service.

    Parameters
    ----------
    arguments : sequence of str
        The command line, which says what differs from the service's own options.

    Raises
    ------
    UsageError
        When it has an option that the service decides on.
    DependencyError
        When no service runs.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._options = json.dumps(given_options(arguments))
        self._service = own_service(program_data(), os.environ.get(KEY_VARIABLE, ""))

    def __call__(
        self, recordings: Sequence[Recording], settings: RunSettings, reporter: Reporter
    ) -> list[TranscriberError]:
        """Transcribe recordings; return why some could not be."""
        failures: list[TranscriberError] = []
        sent: list[tuple[Recording, str]] = []
        # All wait in the queue before the first is waited for: they share a batch there.
        with self._left_behind(sent):
            for recording in recordings:
                with _telling_failure(recording, reporter, failures):
                    sent.append((recording, self._send(recording, settings)))
            while sent:
                recording, job = sent[0]
                with _telling_failure(recording, reporter, failures):
                    _Waiting(self._service, recording, job, settings, reporter).run()
                del sent[0]
        return failures

    def _send(self, recording: Recording, settings: RunSettings) -> str:
        stem = output_stem(recording, settings)
        if stem is not None:
            check_outputs(output_paths(stem, settings.output))
        with readable_file(recording) as path:
            (job,) = self._service.upload("/api/jobs", path, {"options": self._options})["jobs"]
        return str(job["id"])

    @contextlib.contextmanager
    def _left_behind(self, sent: Sequence[tuple[Recording, str]]) -> Iterator[None]:
        """Tell at a signal that the queue goes on; take back what a failure has left in it."""
        try:
            yield
        except Interrupted as interruption:
            jobs = " ".join(job for _, job in sent)
            interruption.message = (
                "interrupted; the queue goes on, and transcriber jobs shows it: jobs export writes "
                f"a text, jobs remove {jobs} gives all up"
                if sent
                else "interrupted; nothing is in the queue"
            )
            raise
        except Exception:
            # What ends one like this ends the others, too, and nobody waits for them any more.
            for _, job in sent:
                with contextlib.suppress(TranscriberError):
                    self._service.ask("DELETE", f"/api/jobs/{job}")
            raise


class _Waiting:
    """One job on its way to its files."""

    def __init__(
        self,
        service: OwnClient,
        recording: Recording,
        job: str,
        settings: RunSettings,
        reporter: Reporter,
    ) -> None:
        self._service = service
        self._recording = recording
        self._address = f"/api/jobs/{job}"
        self._settings = settings
        self._reporter = reporter
        self._course = Course()
        self._telling = Telling(
            recording.label, reporter, self._course, verbose=bool(settings.verbose)
        )

    def run(self) -> None:
        told: object = None
        begun = False
        while (view := self._service.ask("GET", self._address))["state"] in _UNFINISHED:
            check_interrupted()
            state = (view["state"], view["place"])
            if state != told and not begun and (line := _standing(view)):
                self._reporter.note(f"{self._recording.label}: {line}")
            told = state
            if view["duration"] and view["state"] == State.RUNNING:
                self._course.duration = view["duration"]
                if not begun:
                    self._begin(view)
                    begun = True
                self._course.position = view["position"]
                self._reporter.window((), self._course.moment())
            time.sleep(_TICK)
        if view["state"] == State.DONE:
            self._course.duration = view["duration"] or 0.0
            if not begun:
                self._begin(view)
            self._finish()
        # Only now: a transcript that could not be written here is still there.
        self._service.ask("DELETE", self._address)
        if view["state"] == State.CANCELLED:
            raise InputError(
                f"{self._recording.label}: its job was given up", "give the same command again"
            )
        if view["error"]:
            raise _as_error(**view["error"])

    def _begin(self, view: Mapping[str, Any]) -> None:
        self._telling.notes += view["notes"]
        self._course.start()
        self._telling.begin(DecodedWindows())

    def _finish(self) -> None:
        found = self._service.ask("GET", f"{self._address}/transcript")
        segments, language = found["segments"], found["language"] or "en"
        result: Transcript = {
            "text": "".join(segment["text"] for segment in segments),
            "segments": segments,
            "language": language,
        }
        end = round(self._course.duration * FRAMES_PER_SECOND)
        self._telling.window(WindowResult(segments=tuple(segments), position=Position(seek=end)))
        self._telling.finish(self._write(result))

    def _write(self, result: Transcript) -> tuple[Path, ...]:
        recording, output, last = self._recording, self._settings.output, self._course.duration
        title, stem = title_of(recording), output_stem(recording, self._settings)
        written_in = "en" if self._settings.decoding.task == "translate" else None
        if stem is None:
            print_whole(printed(result, output, last=last, title=title, language=written_in))
            return ()
        mark = None
        if recording.path is not None:
            content, place = fingerprint(recording.path), place_digest(recording.path)
            # What the service heard is not told; the file stands for it.
            mark = Mark(
                content=content, samples=content or place, label=recording.label, place=place
            )
            for note in replaced(output_paths(stem, output), mark):
                self._reporter.note(f"{recording.label}: {note}")
        return write_outputs(
            result, stem, output, last=last, mark=mark, title=title, language=written_in
        )


_UNFINISHED = frozenset({State.WAITING, State.RUNNING, State.PAUSED})


def _standing(view: Mapping[str, Any]) -> str:
    """Return what a job waits for; nothing when its turn has come."""
    if view["state"] == State.PAUSED:
        return f"put aside; transcriber jobs resume {view['id']} goes on with it"
    return f"number {view['place'] + 1} in the queue" if view["place"] is not None else ""


def _as_error(code: int, message: str, remedy: str) -> TranscriberError:
    kinds = (kind for kind in TranscriberError.__subclasses__() if kind.exit_code == code)
    return next(kinds, TranscriberError)(message, remedy)


@contextlib.contextmanager
def _telling_failure(
    recording: Recording, reporter: Reporter, failures: list[TranscriberError]
) -> Iterator[None]:
    """Go on with the next recording where this one alone cannot be transcribed."""
    try:
        yield
    except FAILURES as error:
        reporter.fail(recording.label, error)
        failures.append(error)
