"""The process that decodes what arrives in watched folders, as long as it is fed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.engine.abilities import idle_options
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.interface import WindowResult
from transcriber.errors import InputError, TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.machine.memory import memory_error, transcription_fits
from transcriber.models.obtain import has_to_be_fetched
from transcriber.outputs import output_paths
from transcriber.progress.reporter import Reporter
from transcriber.run import audio_limits, prepare
from transcriber.settings import RunSettings
from transcriber.side_by_side import FAILURES, SideBySide
from transcriber.watching.feed import Feed
from transcriber.watching.naming import BESIDE, renewed


class _PassedOverError(InputError):
    """A recording has its transcript, as is known once it was read."""


def decode(settings: RunSettings, reporter: Reporter, feed: Feed) -> None:
    """Transcribe the recordings of a feed until it ends.

    Raises
    ------
    TranscriberError
        When the model cannot be had, or nothing can be decoded any more.
    Interrupted
        When a signal arrives; what was decoded is kept.
    """
    if not transcription_fits():
        raise memory_error(settings.model)
    is_missing = has_to_be_fetched(settings.model, settings.model_directory)
    for line in idle_options(settings.model, settings.decoding, is_missing=is_missing):
        reporter.note(line)
    threads, engine = prepare(settings, reporter, remember=False)
    feed.ready()

    class Fed(Job):
        def __init__(self, recording: Recording) -> None:
            super().__init__(recording, settings, engine=engine, threads=threads, reporter=reporter)
            self._fed = recording

        def read(self, recordings: LookAhead) -> None:
            continues = self.continues
            super().read(recordings)
            paths = output_paths(self._stem, self._output)
            if not continues and self._mark and renewed(paths, self._mark):
                raise _PassedOverError(self._fed.label)

        def tell(self, window: WindowResult) -> None:
            super().tell(window)
            feed.hear()

        def write(self) -> tuple[Path, ...]:
            if self._is_gone:
                # Where its folder was renamed, the journal went along, and is of use there.
                self._written = os.path.isdir(self._stem.parent)
                raise InputError(f"{self._fed.label}: is no longer there")
            return super().write()

        def save(self) -> str:
            if self._is_gone:
                return f"interrupted; {self._fed.label} is no longer there"
            return super().save()

        @property
        def _is_gone(self) -> bool:
            # Its folder would be made anew.
            return self._output.directory == BESIDE and not os.path.lexists(self._path)

        def finish(self, outputs: Sequence[Path]) -> None:
            super().finish(outputs)
            feed.ended(self._fed)

    def failed(recording: Recording, error: TranscriberError) -> None:
        if isinstance(error, _PassedOverError):
            reporter.skip(recording.label)
            feed.ended(recording)
        elif feed.ended(recording, error):
            reporter.fail(recording.label, error)

    ffmpeg, limits = find_ffmpeg(settings.ffmpeg), audio_limits(settings)
    while feed.await_recording():
        with LookAhead((), ffmpeg=ffmpeg, limits=limits, track=settings.audio_track) as ahead:
            recordings = feed.recordings(ahead.add)
            if isinstance(engine, BatchedEngine):
                SideBySide(
                    engine, make_job=Fed, ahead=ahead, reporter=reporter, failed=failed
                ).transcribe(recordings)
                continue
            for recording in recordings:
                # Nothing runs while another is asked for.
                if recording is None:
                    break
                try:
                    Fed(recording).run(ahead)
                except FAILURES as error:
                    failed(recording, error)
