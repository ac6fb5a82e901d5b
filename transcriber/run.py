"""One call of the program: find recordings and model, then transcribe."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable

from transcriber import early_checks
from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.stream import AudioLimits
from transcriber.choosing.engine import choose_engine
from transcriber.choosing.model import ask_model, may_ask, may_offer, offer_stored, stored_instead
from transcriber.cuda.offer import provide_addon
from transcriber.engine.abilities import check_official, idle_options
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.interface import Engine
from transcriber.errors import SomeInputsFailedError, TranscriberError
from transcriber.inputs.recordings import Recording, find_recordings
from transcriber.interruption import Interrupted
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.machine.memory import memory_error, transcription_fits
from transcriber.machine.threads import apply_environment, plan_threads
from transcriber.models.obtain import has_to_be_fetched, obtain
from transcriber.models.preference import remember_model
from transcriber.outputs import is_done
from transcriber.progress.reporter import Reporter
from transcriber.settings import RunSettings
from transcriber.side_by_side import FAILURES, SideBySide
from transcriber.times import stopwatch

Transcribe = Callable[[list[Recording], RunSettings, Reporter], list[TranscriberError]]
"""Transcribes recordings, and returns why some could not be."""


def run(settings: RunSettings, reporter: Reporter, transcribe: Transcribe | None = None) -> int:
    """Transcribe all recordings of a call.

    A recording that cannot be read, or whose files cannot be written, does not keep the others
    from being transcribed; any other failure would meet them too and ends the run.

    Parameters
    ----------
    settings : RunSettings
        What to do.
    reporter : Reporter
        Whom to tell how far it is.
    transcribe : callable, optional
        Has something else decode them than this process.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    TranscriberError
        When nothing can be transcribed, or not go on.
    """
    elapsed = stopwatch()
    for note in settings.notes:
        reporter.note(note)
    failures: list[TranscriberError] = []

    def not_found(label: str, error: TranscriberError) -> None:
        reporter.fail(label, error)
        failures.append(error)

    recordings = find_recordings(
        settings.inputs, reporter.note, output=settings.output.directory, failed=not_found
    )
    count = len(recordings) + len(failures)
    waiting = [
        r for r in recordings if not (settings.output.skip_existing and is_done(r, settings))
    ]
    for recording in recordings:
        if recording not in waiting:
            reporter.skip(recording.label)
    if waiting:
        failures += (transcribe or _transcribe)(waiting, settings, reporter)
    if count > 1:
        counts = Counter(
            transcribed=count - (len(recordings) - len(waiting)) - len(failures),
            skipped=len(recordings) - len(waiting),
            failed=len(failures),
        )
        reporter.summary(counts, elapsed())
    if not failures:
        return 0
    return failures[0].exit_code if count == 1 else SomeInputsFailedError.exit_code


def _transcribe(
    recordings: list[Recording], settings: RunSettings, reporter: Reporter
) -> list[TranscriberError]:
    """Transcribe recordings; return why some could not be read."""
    ffmpeg = find_ffmpeg(settings.ffmpeg)
    failures: list[TranscriberError] = []

    def failed(recording: Recording, error: TranscriberError) -> None:
        reporter.fail(recording.label, error)
        failures.append(error)

    if not settings.model_is_open:
        check_official(settings.model, settings.decoding)
    # A slip is told before a model of hundreds of megabytes is fetched.
    waiting = early_checks.writable(
        early_checks.readable(recordings, ffmpeg, failed), settings, failed
    )
    if not waiting:
        return failures
    # Before the first thread: what reads a recording while the model comes may need NumPy.
    if not transcription_fits():
        raise memory_error(settings.model)
    asked = settings.model_is_open and may_ask(settings)
    if asked:
        default = stored_instead(settings) or settings.model
        named = ask_model(settings.model_directory, default=default)
        settings = dataclasses.replace(settings, model=named)
    check_official(settings.model, settings.decoding)
    is_missing = has_to_be_fetched(settings.model, settings.model_directory)
    for line in idle_options(settings.model, settings.decoding, is_missing=is_missing):
        reporter.note(line)
    if is_missing:
        early_checks.check_python(settings)
        waiting = early_checks.with_sound(
            waiting, ffmpeg, audio_limits(settings), failed, track=settings.audio_track
        )
        if not waiting:
            return failures
    if not asked and (offer := offer_stored(settings)):
        reporter.note(offer)
    reporter.plan({recording.label: _size(recording) for recording in waiting})
    with LookAhead(
        waiting, ffmpeg=ffmpeg, limits=audio_limits(settings), track=settings.audio_track
    ) as ahead:
        # While the model is found and loaded.
        ahead.begin()
        threads, engine = prepare(settings, reporter, remember=asked)

        def make_job(recording: Recording) -> Job:
            return Job(recording, settings, engine=engine, threads=threads, reporter=reporter)

        try:
            if isinstance(engine, BatchedEngine):
                SideBySide(
                    engine, make_job=make_job, ahead=ahead, reporter=reporter, failed=failed
                ).transcribe(waiting)
            else:
                _one_by_one(waiting, make_job, ahead, failed)
        except Interrupted as interruption:
            if len(waiting) > 1:
                interruption.message += " (add --skip_existing: it passes over finished ones)"
            raise
    return failures


def _one_by_one(
    recordings: list[Recording],
    make_job: Callable[[Recording], Job],
    ahead: LookAhead,
    failed: Callable[[Recording, TranscriberError], None],
) -> None:
    for recording in recordings:
        try:
            make_job(recording).run(ahead)
        except FAILURES as error:
            failed(recording, error)


def prepare(settings: RunSettings, reporter: Reporter, *, remember: bool) -> tuple[int, Engine]:
    """Get the model and what decodes with it.

    Parameters
    ----------
    settings : RunSettings
        What to do.
    reporter : Reporter
        Whom to tell how far a download is.
    remember : bool
        Whether later calls that name no model are to have this one.

    Returns
    -------
    int
        The number of threads.
    Engine
        What decodes.

    Raises
    ------
    TranscriberError
        When the model cannot be had, or nothing here can decode with it.
    """
    threads = plan_threads(settings.threads)
    apply_environment(threads)
    stored = obtain(
        settings.model,
        directory=settings.model_directory,
        offline=settings.offline,
        sources=settings.mirrors,
        report=reporter,
    )
    if remember:
        # Only now: one that takes too long to come is not what the next start should fetch, too.
        remember_model(stored.name)
    # A PyTorch of the system has its own.
    if settings.backend != "system":
        provide_addon(
            device=settings.device,
            choice=settings.cuda_addon,
            offline=settings.offline,
            may_ask=lambda: may_offer(settings),
            report=reporter,
        )
    return threads.threads, choose_engine(stored, settings, reporter.note)


def _size(recording: Recording) -> int:
    try:
        return recording.path.stat().st_size if recording.path else 0
    except OSError:
        return 0


def audio_limits(settings: RunSettings) -> AudioLimits:
    """Return what reading one recording may cost."""
    limits = AudioLimits()
    if settings.audio_timeout:
        limits = dataclasses.replace(limits, total_seconds=settings.audio_timeout)
    if settings.audio_memory:
        limits = dataclasses.replace(limits, memory_bytes=settings.audio_memory * 2**20)
    return limits
