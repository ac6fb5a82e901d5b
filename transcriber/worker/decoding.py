"""The process that decodes what a queue orders, as long as there is a queue."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.engine.abilities import check_official
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.interface import Engine
from transcriber.errors import TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.machine.memory import general_error, is_out_of_memory
from transcriber.models.preference import preference_path
from transcriber.options.command_line import parse
from transcriber.options.defaults import defaults_path
from transcriber.run import audio_limits, prepare
from transcriber.settings import RunSettings
from transcriber.side_by_side import FAILURES, SideBySide
from transcriber.worker.inbox import Inbox
from transcriber.worker.job_reporter import JobReporter, WithdrawnError
from transcriber.worker.messages import Order, Outbox

EngineOf = Callable[[RunSettings, JobReporter], tuple[int, Engine]]
"""Returns the number of threads, and what decodes."""

_GRACE = 10.0
"""Seconds that the process has to end when nobody orders any more."""

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
    # Python aborts where a thread waits in its own standard input at the end.
    inbox = Inbox(open(os.dup(0), "rb"), _end)  # noqa: SIM115  it is read as long as the process lives
    worker = _Worker(inbox, outbox)
    while (order := inbox.take()) is not None:
        worker.serve(order)
    return 0


def _end() -> None:
    """End the process: whoever orders next takes up the journals, which nobody may hold then."""
    os.kill(os.getpid(), signal.SIGTERM)
    # Where what decodes never returns to Python, no signal is heard.
    time.sleep(_GRACE)
    os._exit(128 + signal.SIGTERM)


class _Worker:
    def __init__(self, inbox: Inbox, outbox: Outbox) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._prepared: tuple[RunSettings, int, Engine] | None = None

    def serve(self, order: Order) -> None:
        """Decode a job, and all that are ordered with the same options meanwhile."""
        group = _Group(order, self._inbox, self._outbox)
        try:
            with _sole_decoder(order.folder):
                group.transcribe(self._engine)
        except TranscriberError as error:
            # It would meet every other job of the group, too.
            self._prepared = None
            group.fail(error)
        except Exception as error:
            self._prepared = None
            if group.is_shared:
                # One of the jobs is to blame, and the queue finds out which.
                raise
            group.fail(general_error() if is_out_of_memory(error) else _defect(error))

    def _engine(self, settings: RunSettings, reporter: JobReporter) -> tuple[int, Engine]:
        # The same words mean something else when the user has changed the defaults.
        wanted = replace(settings, inputs=())
        if self._prepared is None or self._prepared[0] != wanted:
            self._prepared = None
            threads, engine = prepare(settings, reporter, remember=False)
            self._prepared = wanted, threads, engine
        return self._prepared[1:]


@contextlib.contextmanager
def _sole_decoder(folder: Path) -> Iterator[None]:
    """Wait for the process that an earlier queue has left behind, whose journals go on."""
    with contextlib.ExitStack() as stack:
        # Some network file systems have no locks; journals are safe there, too.
        with contextlib.suppress(OSError):
            lock = stack.enter_context((folder / "decoding").open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Group:
    """Jobs that are decoded side by side, because they have the same options."""

    def __init__(self, order: Order, inbox: Inbox, outbox: Outbox) -> None:
        self._words = order.words
        self._inbox = inbox
        self._outbox = outbox
        self._first = order
        self._folder = order.folder
        self._reporter = JobReporter(order.job, inbox, outbox)
        self._reporters = {order.job: self._reporter}
        self._defaults = _state_of_defaults()

    @property
    def is_shared(self) -> bool:
        """Whether several jobs are being decoded."""
        return len(self._running()) > 1

    def transcribe(self, engine_of: EngineOf) -> None:
        """Transcribe the first job, and what follows with the same options.

        Parameters
        ----------
        engine_of : callable
            Loads the model.

        Raises
        ------
        TranscriberError
            When none of them can be decoded.
        """
        settings = self._settings()
        check_official(settings.model, settings.decoding)
        ahead = LookAhead(
            (),
            ffmpeg=find_ffmpeg(settings.ffmpeg),
            limits=audio_limits(settings),
            track=settings.audio_track,
            check=self._check,
        )

        def make_job(recording: Recording) -> Job:
            reporter = self._reporters[_job_of(recording)]
            job = Job(recording, settings, engine=engine, threads=threads, reporter=reporter)
            reporter.language = lambda: job.decoded.language
            return job

        first = self._taken(self._first, ahead)
        with ahead:
            # While the model is loaded.
            ahead.begin()
            threads, engine = engine_of(settings, self._reporter)
            recordings = self._recordings(first, ahead)
            if isinstance(engine, BatchedEngine):
                SideBySide(
                    engine,
                    make_job=make_job,
                    ahead=ahead,
                    reporter=self._reporter,
                    failed=self._failed,
                    in_order=False,
                ).transcribe(recordings)
                return
            for recording in recordings:
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

    def _settings(self) -> RunSettings:
        """Return how all of them are decoded."""
        place = ("--output_dir", str(self._folder), "--output_format", "json")
        settings = parse([*place, *self._words, "--", str(self._first.recording)])
        # Segments are told by the reporter.
        return replace(settings, verbose=False, model_is_open=False)

    def _recordings(self, first: Recording, ahead: LookAhead) -> Iterator[Recording | None]:
        """Yield recordings as they are ordered; None while there is no other one yet."""
        recording: Recording | None = first
        while recording is not None or self._running():
            if recording is not None and self._is_withdrawn(recording):
                self._failed(recording, WithdrawnError("it was withdrawn"))
            else:
                yield recording
            order = None
            if self._defaults == _state_of_defaults():
                order = self._inbox.take_like(self._words)
            if order is not None:
                self._reporters[order.job] = JobReporter(order.job, self._inbox, self._outbox)
            recording = None if order is None else self._taken(order, ahead)

    def _taken(self, order: Order, ahead: LookAhead) -> Recording:
        stem = Path(order.job, TRANSCRIPT)
        recording = Recording(path=order.recording, label=order.label, stem=stem)
        ahead.add(recording)
        return recording

    def _is_withdrawn(self, recording: Recording) -> bool:
        return self._inbox.is_cancelled(_job_of(recording))

    def _check(self, recording: Recording) -> None:
        if self._is_withdrawn(recording):
            raise WithdrawnError("it was withdrawn")

    def _running(self) -> list[str]:
        # A queue may never be empty; what is over is forgotten.
        running = {job: one for job, one in self._reporters.items() if not one.ended}
        self._reporters = running
        return [*running]

    def _failed(self, recording: Recording, error: TranscriberError) -> None:
        self._reporters[_job_of(recording)].fail(recording.label, error)


def _job_of(recording: Recording) -> str:
    return recording.stem.parts[0]


def _state_of_defaults() -> list[object]:
    """Return what changes when the user prefers other options, or another model."""
    state: list[object] = []
    for path in (defaults_path(), preference_path()):
        with contextlib.suppress(OSError):
            found = path and path.stat()
            state.append(found and (found.st_ino, found.st_size, found.st_mtime_ns))
    return state


def _defect(error: Exception) -> TranscriberError:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return TranscriberError(f"this is a defect of the program: {text}")
