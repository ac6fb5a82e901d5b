"""The process that decodes what a queue orders, as long as there is a queue."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.interface import Engine
from transcriber.errors import TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.machine.memory import general_error, is_out_of_memory
from transcriber.options.command_line import parse
from transcriber.run import audio_limits, prepare
from transcriber.settings import RunSettings
from transcriber.side_by_side import FAILURES, SideBySide
from transcriber.worker.inbox import Inbox
from transcriber.worker.job_reporter import JobReporter, WithdrawnError
from transcriber.worker.messages import Order, Outbox

TRANSCRIPT = "transcript"
"""Name of a job's transcript in its folder, without ending."""


def main(_: Sequence[str] = ()) -> int:
    """Decode what is ordered on standard input, and tell about it on standard output.

    Returns
    -------
    int
        The exit code: 0 when no more orders came.
    """
    # What a library prints must not come between the messages.
    outbox = Outbox(os.dup(1))
    os.dup2(2, 1)
    # Whoever orders next takes up the journals, which nobody may hold then.
    inbox = Inbox(sys.stdin.buffer, lambda: os.kill(os.getpid(), signal.SIGTERM))
    worker = _Worker(inbox, outbox)
    while (order := inbox.take()) is not None:
        worker.serve(order)
    return 0


class _Worker:
    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._prepared: tuple[tuple[str, ...], int, Engine] | None = None

    def serve(self, order: Order) -> None:
        """Decode a job, and all that are ordered with the same options meanwhile."""
        group = _Group(order, self._inbox, self._outbox)
        try:
            group.transcribe(*self._engine(group))
        except TranscriberError as error:
            # It would meet every other job of the group, too.
            self._prepared = None
            group.fail(error)
        except Exception as error:
            self._prepared = None
            group.fail(general_error() if is_out_of_memory(error) else _defect(error))

    def _engine(self, group: _Group) -> tuple[int, Engine]:
        if self._prepared is None or self._prepared[0] != group.words:
            self._prepared = None
            threads, engine = prepare(group.settings, group.reporter, remember=False)
            self._prepared = group.words, threads, engine
        return self._prepared[1:]


class _Group:
    """Jobs that are decoded side by side, because they have the same options."""

    def __init__(self, order: Order, inbox: Inbox, outbox: Outbox) -> None:
        self.words = order.words
        self._inbox = inbox
        self._outbox = outbox
        self._first = order
        self._folder = order.folder
        self.reporter = JobReporter(order.job, inbox, outbox)
        self._reporters = {order.job: self.reporter}
        self._settings: RunSettings | None = None

    @property
    def settings(self) -> RunSettings:
        """How all of them are decoded.

        Raises
        ------
        UsageError
            When the options make no sense.
        """
        if self._settings is None:
            # Words of the job come later, and may ask for further formats.
            place = ("--output_dir", str(self._folder), "--output_format", "json")
            settings = parse([*place, *self.words, "--", str(self._first.recording)])
            # Segments are told by the reporter.
            self._settings = replace(settings, verbose=False, model_is_open=False)
        return self._settings

    def transcribe(self, threads: int, engine: Engine) -> None:
        """Transcribe the first job, and what follows with the same options."""
        settings = self.settings
        ahead = LookAhead(
            (),
            ffmpeg=find_ffmpeg(settings.ffmpeg),
            limits=audio_limits(settings),
            track=settings.audio_track,
        )

        def make_job(recording: Recording) -> Job:
            reporter = self._reporters[_job_of(recording)]
            return Job(recording, settings, engine=engine, threads=threads, reporter=reporter)

        with ahead:
            if isinstance(engine, BatchedEngine):
                SideBySide(
                    engine,
                    make_job=make_job,
                    ahead=ahead,
                    reporter=self.reporter,
                    failed=self._failed,
                    in_order=False,
                ).transcribe(self._recordings(ahead))
                return
            for recording in self._recordings(ahead):
                # Whenever there is nothing to take up, nothing is running either.
                if recording is None:
                    return
                try:
                    make_job(recording).run(ahead)
                except FAILURES as error:
                    self._failed(recording, error)

    def fail(self, error: TranscriberError) -> None:
        """Tell that none of the jobs can be decoded."""
        for job in self._running():
            self._reporters[job].fail("", error)

    def _recordings(self, ahead: LookAhead) -> Iterator[Recording | None]:
        """Yield recordings as they are ordered; None while there is no other one yet."""
        order: Order | None = self._first
        while order is not None or self._running():
            if order is None:
                yield None
            elif self._inbox.is_cancelled(order.job):
                self._reporters[order.job].fail("", WithdrawnError("it was withdrawn"))
            else:
                recording = Recording(
                    path=order.recording, label=order.label, stem=Path(order.job, TRANSCRIPT)
                )
                ahead.add(recording)
                yield recording
            order = self._inbox.take_like(self.words)
            if order is not None:
                self._reporters[order.job] = JobReporter(order.job, self._inbox, self._outbox)

    def _running(self) -> list[str]:
        # A queue may never be empty; what is over is forgotten.
        running = {job: one for job, one in self._reporters.items() if not one.ended}
        self._reporters = running
        return [*running]

    def _failed(self, recording: Recording, error: TranscriberError) -> None:
        self._reporters[_job_of(recording)].fail(recording.label, error)


def _job_of(recording: Recording) -> str:
    return recording.stem.parts[0]


def _defect(error: Exception) -> TranscriberError:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return TranscriberError(f"this is a defect of the program: {text}")
