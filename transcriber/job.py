"""Transcribing one recording: audio, journal, windows, output files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transcriber.audio.stream import AudioStream
from transcriber.engine.interface import Engine, Segment
from transcriber.errors import StorageError
from transcriber.inputs import Recording, readable_file
from transcriber.interruption import Interrupted
from transcriber.languages import language_name
from transcriber.look_ahead import LookAhead
from transcriber.progress import Course, Reporter, clock
from transcriber.settings import RunSettings
from transcriber.streams import print_whole
from transcriber.transcript.journal import (
    Header,
    Journal,
    identity,
    journal_path,
    open_journal,
)
from transcriber.transcript.writers import (
    output_paths,
    partial_stem,
    remove_partial,
    render,
    write_outputs,
)


class Job:
    """One recording on its way to its output files.

    Parameters
    ----------
    recording : Recording
        What to transcribe.
    settings : RunSettings
        How, and where to.
    engine : Engine
        What decodes.
    threads : int
        How many threads it has.
    reporter : Reporter
        Whom to tell how far it is.
    """

    def __init__(
        self,
        recording: Recording,
        settings: RunSettings,
        *,
        engine: Engine,
        threads: int,
        reporter: Reporter,
    ) -> None:
        self._recording = recording
        self._settings = settings
        self._output = settings.output
        self._engine = engine
        self._threads = threads
        self._reporter = reporter

    def run(self, recordings: LookAhead) -> None:
        """Transcribe the recording and write its files.

        Parameters
        ----------
        recordings : LookAhead
            This one and those that follow. When this one is read, the next begins to be.

        Raises
        ------
        TranscriberError
            When it cannot be read, or its files cannot be written.
        Interrupted
            When a signal arrives; what was decoded is kept.
        """
        course = Course()
        with contextlib.ExitStack() as resources:
            path = resources.enter_context(readable_file(self._recording))
            stem = output_stem(self._recording, self._settings)
            if stem is None:
                stem = Path(resources.enter_context(tempfile.TemporaryDirectory()), "transcript")
            _check_outputs(output_paths(stem, self._output))
            journal = resources.enter_context(open_journal(journal_path(stem)))
            resources.callback(self._engine.close)
            try:
                self._engine.use_threads(self._choose_threads(journal))
                self._engine.use_kernels(journal.header.kernels if journal.header else "")
                with recordings.open(self._recording, path) as audio:
                    course.duration = self._engine.read(audio)
                recordings.begin()
                for warning in audio.warnings:
                    self._reporter.note(warning)
                self._begin(journal, audio)
                self._decode(journal, course)
                outputs = self._write(self._engine.result(journal.progress), stem)
            except Interrupted as interruption:
                self._reporter.close()
                interruption.message = self._keep(journal, course, stem)
                raise
            finally:
                if not journal.windows:
                    journal.remove()
            journal.remove()
        self._reporter.finish(self._recording.label, outputs, course.moment())

    def _choose_threads(self, journal: Journal) -> int:
        """Return the planned number, or the one that an unfinished run had."""
        if journal.header is not None and self._settings.threads == 0:
            return journal.header.threads
        return self._threads

    def _begin(self, journal: Journal, audio: AudioStream) -> None:
        """Take up the journal of the same work, or start it with the recording's language."""
        work = identity({"audio": audio.sha256, **self._engine.identity()})
        if journal.header is not None and journal.header.identity == work:
            # What a GPU has begun, or goes on with, is the work of several devices in any case.
            kernels = self._engine.kernels()
            if not kernels or journal.header.kernels in ("", kernels):
                return
        threads = self._choose_threads(journal)
        # Only what is continued is held to other kernels than the best.
        self._engine.use_kernels("")
        if journal.windows:
            copy = journal.set_aside()
            self._reporter.note(
                f"{self._recording.label}: begins anew; {copy} keeps what was decoded from other "
                "samples, or with another model or other options"
            )
        language, detected = self._engine.language()
        asked = self._settings.decoding.language
        if detected:
            self._reporter.note(f"Detected language: {language_name(language)}")
        elif asked not in (None, language):
            self._reporter.note(f"the model {self._settings.model} knows English only: using that")
        kernels = self._engine.kernels()
        journal.begin(Header(identity=work, language=language, threads=threads, kernels=kernels))

    def _decode(self, journal: Journal, course: Course) -> None:
        progress = journal.progress
        course.begin(progress)
        self._reporter.begin(self._recording.label, course.moment())
        if progress.windows:
            self._reporter.note(
                f"{self._recording.label}: continues at {clock(course.position)}, "
                "where an earlier run stopped"
            )
            self._print(progress.segments)
            self._reporter.window(progress.segments, course.moment())
        for window in self._engine.windows(progress.language or "en", progress):
            journal.append(window)
            course.advance(window.position)
            self._print(window.segments)
            self._reporter.window(window.segments, course.moment())

    def _keep(self, journal: Journal, course: Course, stem: Path) -> str:
        """Write what was decoded before an interruption; return what to tell the user."""
        label = self._recording.label
        progress = journal.progress
        if not progress.windows or self._output.directory is None:
            return f"interrupted; nothing of {label} is kept"
        if not course.begun:
            # Whether the journal is of this work is not known yet, and it stays as it is.
            return f"interrupted while reading {label}; {journal.path} stays as it was"
        write_outputs(self._engine.result(progress), partial_stem(stem), self._output)
        return (
            f"interrupted at {clock(course.position)} of {clock(course.duration)} of {label}: "
            f"{partial_stem(stem)}.* has what was decoded; "
            "the same command continues where it stopped"
        )

    def _write(self, result: dict[str, Any], stem: Path) -> tuple[Path, ...]:
        if self._output.directory is None:
            print_whole(render(result, self._output, self._output.formats[0]))
            return ()
        paths = write_outputs(result, stem, self._output)
        remove_partial(stem, self._output)
        return paths

    def _print(self, segments: Sequence[Segment]) -> None:
        if not self._settings.verbose:
            return
        from whisper.utils import format_timestamp  # noqa: PLC0415  loads torch

        for segment in segments:
            if segment["text"]:
                start, end = format_timestamp(segment["start"]), format_timestamp(segment["end"])
                self._reporter.line(f"[{start} --> {end}] {segment['text']}")


def output_stem(recording: Recording, settings: RunSettings) -> Path | None:
    """Return the path of a recording's output files without endings; None is standard output."""
    folder = settings.output.directory
    return None if folder is None else folder / recording.stem


def is_done(recording: Recording, settings: RunSettings) -> bool:
    """Whether a recording has all its output files and no journal of an unfinished run."""
    stem = output_stem(recording, settings)
    if stem is None or os.path.exists(journal_path(stem)):
        return False
    return all(map(os.path.exists, output_paths(stem, settings.output)))


def _check_outputs(paths: Sequence[Path]) -> None:
    """Refuse what could only be told after hours of decoding."""
    for path in paths:
        if os.path.isdir(path):
            raise StorageError(f"{path} is a folder", "choose another --output_dir")
