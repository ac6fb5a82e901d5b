"""Transcribing one recording: audio, journal, windows, output files."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from transcriber.audio.stream import AudioStream
from transcriber.engine.interface import Engine, Progress, Segment, WindowResult
from transcriber.errors import StorageError
from transcriber.inputs import Recording, readable_file
from transcriber.interruption import Interrupted, check_interrupted
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
        self._course = Course()
        self._resources = contextlib.ExitStack()
        self._path = self._stem = Path()
        self._notes: list[str] = []
        self._journal: Journal | None = None
        self._taken_up = self._anew = False
        self._written = False

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
        with self:
            try:
                self.open()
                self.read(recordings)
                progress = self.progress
                self.begin(progress)
                for window in self._engine.windows(progress.language or "en", progress):
                    check_interrupted()
                    self.append(window)
                    self.tell(window)
                outputs = self.write()
            except Interrupted as interruption:
                self._reporter.close()
                interruption.message = self.save()
                raise
        self.finish(outputs)

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the recording; its journal stays where it is still of use."""
        with self._resources:
            if self._journal is not None and (self._written or not self._journal.windows):
                self._journal.remove()

    @property
    def progress(self) -> Progress:
        """What was decoded of it, by an earlier run or by this one."""
        return self._kept.progress

    @property
    def continues(self) -> bool:
        """Whether there is a journal of an earlier run, which may be of other work."""
        return self._kept.header is not None

    @property
    def wanted(self) -> tuple[int, str]:
        """How many threads are to decode it, and with which kernels; without a name the best."""
        header = self._kept.header
        # What begins anew has the best.
        kernels = header.kernels if header and not self._anew else ""
        return self._choose_threads(self._kept), kernels

    @property
    def prints(self) -> bool:
        """Whether the transcript goes to standard output."""
        return self._output.directory is None

    def open(self) -> None:
        """Open the recording, and the journal that an earlier run may have left."""
        self._path = self._resources.enter_context(readable_file(self._recording))
        stem = output_stem(self._recording, self._settings)
        if stem is None:
            folder = self._resources.enter_context(tempfile.TemporaryDirectory())
            stem = Path(folder, "transcript")
        self._stem = stem
        _check_outputs(output_paths(stem, self._output))
        self._journal = self._resources.enter_context(open_journal(journal_path(stem)))

    def read(self, recordings: LookAhead) -> None:
        """Read the recording, and take up its journal or start one."""
        self._resources.callback(self._engine.close)
        threads, kernels = self.wanted
        self._engine.use_threads(threads)
        self._engine.use_kernels(kernels)
        with recordings.open(self._recording, self._path) as audio:
            self._course.duration = self._engine.read(audio)
        recordings.begin()
        self._course.start()
        self._notes += audio.warnings
        self._take_up(self._kept, audio)
        self._taken_up = True

    def begin(self, progress: Progress) -> None:
        """Tell that the recording is decoded from here on.

        Parameters
        ----------
        progress : Progress
            What an earlier run has decoded, up to the first gap.
        """
        for note in self._notes:
            self._reporter.note(note)
        self._course.begin(progress)
        self._reporter.begin(self._recording.label, self._course.moment())
        if progress.windows:
            self._reporter.note(
                f"{self._recording.label}: continues at {clock(self._course.position)}, "
                "where an earlier run stopped"
            )
            self._print(progress.segments)
            self._reporter.window(progress.segments, self._course.moment())

    def append(self, window: WindowResult) -> None:
        """Take a decoded window; it is on the disk when this returns."""
        self._kept.append(window)

    def tell(self, window: WindowResult) -> None:
        """Print a window, and how far the recording is with it."""
        self._course.advance(window.position)
        self._print(window.segments)
        self._reporter.window(window.segments, self._course.moment())

    def write(self) -> tuple[Path, ...]:
        """Write the output files, or print them; return their paths."""
        result = self._engine.result(self._kept.progress)
        if self._output.directory is None:
            print_whole(render(result, self._output, self._output.formats[0]))
            paths: tuple[Path, ...] = ()
        else:
            paths = write_outputs(result, self._stem, self._output)
            remove_partial(self._stem, self._output)
        self._written = True
        return paths

    def finish(self, outputs: Sequence[Path]) -> None:
        """Tell that the recording is done, with the silence at its end."""
        self._course.complete()
        self._reporter.finish(self._recording.label, outputs, self._course.moment())

    def save(self) -> str:
        """Write what was decoded before an interruption; return what to tell the user."""
        label = self._recording.label
        journal = self._journal
        if journal is None or not journal.windows or self._output.directory is None:
            return f"interrupted; nothing of {label} is kept"
        if not self._taken_up:
            # Whether the journal is of this work is not known yet, and it stays as it is.
            return f"interrupted while reading {label}; {journal.path} stays as it was"
        write_outputs(self._engine.result(journal.progress), partial_stem(self._stem), self._output)
        return (
            f"interrupted at {clock(self._course.position)} of {clock(self._course.duration)} of "
            f"{label}: {partial_stem(self._stem)}.* has what was decoded; "
            "the same command continues where it stopped"
        )

    @property
    def _kept(self) -> Journal:
        if self._journal is None:
            raise RuntimeError("open the recording first")
        return self._journal

    def _choose_threads(self, journal: Journal) -> int:
        """Return the planned number, or the one that an unfinished run had."""
        if journal.header is not None and self._settings.threads == 0:
            return journal.header.threads
        return self._threads

    def _take_up(self, journal: Journal, audio: AudioStream) -> None:
        """Take up the journal of the same work, or start it with the recording's language."""
        work = identity({"audio": audio.sha256, **self._engine.identity()})
        header = journal.header
        # What a GPU has begun, or goes on with, is the work of several devices in any case.
        if header is not None and header.identity == work:
            kernels = self._engine.kernels()
            if not kernels or header.kernels in ("", kernels):
                self._engine.use_clips(header.clips)
                return
        threads = self._choose_threads(journal)
        self._anew = True
        # Only what is continued is held to other kernels than the best.
        self._engine.use_kernels("")
        if journal.windows:
            copy = journal.set_aside()
            self._notes.append(
                f"{self._recording.label}: begins anew; {copy} keeps what was decoded from other "
                "samples, or with another model or other options"
            )
        journal.begin(
            Header(
                identity=work,
                language=self._find_language(),
                threads=threads,
                kernels=self._engine.kernels(),
                clips=self._engine.clips,
            )
        )

    def _find_language(self) -> str:
        """Return the recording's language; note what the user may not expect."""
        clips = self._engine.clips
        if clips is not None and not clips:
            self._notes.append(f"{self._recording.label}: nobody speaks in it")
        found = self._engine.language()
        asked = self._settings.decoding.language
        if found.probability is not None:
            name = language_name(found.code)
            self._notes.append(f"Detected language: {name} ({found.probability:.0%})")
        elif asked not in (None, found.code):
            self._notes.append(f"the model {self._settings.model} knows English only: using that")
        return found.code

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
