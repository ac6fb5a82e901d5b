"""Transcribing one recording: audio, journal, windows, output files."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

from transcriber.engine.interface import DecodedWindows, Engine, Transcript, WindowResult
from transcriber.inputs.recordings import Recording, readable_file
from transcriber.interruption import Interrupted, check_interrupted
from transcriber.look_ahead import LookAhead
from transcriber.outputs import (
    check_outputs,
    output_paths,
    output_stem,
    partial_stem,
    printed,
    remove_partial,
    replaced,
    title_of,
    write_outputs,
)
from transcriber.progress.course import Course
from transcriber.progress.reporter import Reporter
from transcriber.progress.telling import Telling
from transcriber.settings import RunSettings
from transcriber.spoken_language import find_language
from transcriber.streams import print_whole
from transcriber.times import clock
from transcriber.transcript.continuation import Continuation
from transcriber.transcript.journal import journal_path, open_journal
from transcriber.transcript.ownership import Mark, fingerprint, place_digest


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
        self._title = title_of(recording)
        # A translation is in English, whatever is spoken.
        self._written_in = "en" if settings.decoding.task == "translate" else None
        self._engine = engine
        self._threads = threads
        self._reporter = reporter
        self._course = Course()
        self._telling = Telling(
            recording.label, reporter, self._course, verbose=bool(settings.verbose)
        )
        self._resources = contextlib.ExitStack()
        self._path = self._stem = Path()
        self._work: Continuation | None = None
        self._content = self._place = ""
        self._mark: Mark | None = None
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
                decoded = self.decoded
                self.begin(decoded)
                for window in self._engine.windows(decoded.language or "en", decoded):
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
            if self._work is not None:
                self._work.close(written=self._written)

    @property
    def decoded(self) -> DecodedWindows:
        """What was decoded of it, by an earlier run or by this one."""
        return self._kept.journal.decoded

    @property
    def continues(self) -> bool:
        """Whether there is a journal of an earlier run, which may be of other work."""
        return self._kept.is_expected

    @property
    def wanted(self) -> tuple[int, str]:
        """How many threads are to decode it, and with which kernels; without a name the best."""
        return self._kept.threads, self._kept.kernels

    @property
    def prints(self) -> bool:
        """Whether the transcript goes to standard output."""
        return self._output.directory is None

    def open(self) -> None:
        """Open the recording, and the journal that an earlier run may have left."""
        self._path = self._resources.enter_context(readable_file(self._recording))
        stem = output_stem(self._recording, self._settings)
        with contextlib.ExitStack() as opening:
            if stem is None:
                # Nobody goes on with it: what is open needs no name, and a kill leaves nothing.
                folder = opening.enter_context(tempfile.TemporaryDirectory())
                stem = Path(folder, "transcript")
            self._stem = stem
            check_outputs(output_paths(stem, self._output))
            journal = self._resources.enter_context(open_journal(journal_path(stem)))
        self._work = Continuation(
            journal,
            self._engine,
            threads=self._threads,
            keep_threads=self._settings.threads == 0,
        )
        if not self.prints:
            self._content, self._place = fingerprint(self._path), place_digest(self._path)

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
        self._telling.notes += audio.warnings
        if not self.prints:
            label = self._recording.label
            self._mark = Mark(
                content=self._content, samples=audio.sha256, label=label, place=self._place
            )
            for note in replaced(output_paths(self._stem, self._output), self._mark):
                # At once: where several are decoded at a time, it may be written before its turn.
                self._reporter.note(f"{label}: {note}")
        self._kept.take_up(
            audio.sha256,
            language=self._find_language,
            note=lambda text: self._telling.notes.append(f"{self._recording.label}: {text}"),
        )

    def begin(self, decoded: DecodedWindows) -> None:
        """Tell that the recording is decoded from here on.

        Parameters
        ----------
        decoded : DecodedWindows
            What an earlier run has decoded, up to the first gap.
        """
        self._telling.begin(decoded)

    def append(self, window: WindowResult) -> None:
        """Take a decoded window; it is on the disk when this returns."""
        self._kept.journal.append(window)

    def tell(self, window: WindowResult) -> None:
        """Print a window, and how far the recording is with it."""
        self._telling.window(window)

    def write(self) -> tuple[Path, ...]:
        """Write the output files, or print them; return their paths."""
        result = self._engine.result(self.decoded)
        if self._output.directory is None:
            end, title, language = self._course.duration, self._title, self._written_in
            print_whole(printed(result, self._output, last=end, title=title, language=language))
            paths: tuple[Path, ...] = ()
        else:
            paths = self._write(result, self._stem, self._mark)
            remove_partial(self._stem)
        self._written = True
        return paths

    def finish(self, outputs: Sequence[Path]) -> None:
        """Tell that the recording is done, with the silence at its end."""
        self._telling.finish(outputs)

    def save(self) -> str:
        """Write what was decoded before an interruption; return what to tell the user."""
        label = self._recording.label
        work = self._work
        if work is None or not work.journal.windows or self._output.directory is None:
            return f"interrupted; nothing of {label} is kept"
        if not work.taken_up:
            # Whether the journal is of this work is not known yet, and it stays as it is.
            return f"interrupted while reading {label}; {work.journal.path} stays as it was"
        result = self._engine.result(work.journal.decoded)
        self._write(result, partial_stem(self._stem))
        return (
            f"interrupted at {clock(self._course.position)} of {clock(self._course.duration)} of "
            f"{label}: {partial_stem(self._stem)}.* has what was decoded; "
            "the same command continues where it stopped"
        )

    def _write(self, result: Transcript, stem: Path, mark: Mark | None = None) -> tuple[Path, ...]:
        return write_outputs(
            result,
            stem,
            self._output,
            last=self._course.duration,
            mark=mark,
            title=self._title,
            language=self._written_in,
        )

    def _find_language(self) -> str:
        language, notes = find_language(
            self._engine, self._settings, label=self._recording.label, seconds=self._course.duration
        )
        self._telling.notes += notes
        return language

    @property
    def _kept(self) -> Continuation:
        if self._work is None:
            raise RuntimeError("open the recording first")
        return self._work
