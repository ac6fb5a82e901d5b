"""Transcribing several recordings at a time: their windows are decoded in one batch."""

from __future__ import annotations

import contextlib
import resource
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from transcriber.engine.batched import BatchedEngine
from transcriber.engine.clipwise import TakenRecording, clips_left
from transcriber.engine.interface import DecodedWindows, WindowResult
from transcriber.errors import InputError, LimitError, StorageError, TranscriberError
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted, check_interrupted
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.progress.in_order import InOrder
from transcriber.progress.reporter import Reporter

if TYPE_CHECKING:
    from transcriber.engine.batching import Loops
    from transcriber.engine.request import Loop

FAILURES = (InputError, LimitError, StorageError)
"""What ends one recording, and no other."""

_MOST_OPEN = max(1, min(64, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 8))
"""Recordings that are open at a time, each with some files. Many are where short ones wait for a
long one to be told."""


class SideBySide:
    """One call of the program that decodes many windows at once.

    What is decoded of a recording is told when those before it are done, unless each has readers of
    its own; its files are written as soon as it is done itself.

    Parameters
    ----------
    engine : BatchedEngine
        What decodes.
    make_job : callable
        Returns the job of a recording.
    ahead : LookAhead
        Reads the recordings.
    reporter : Reporter
        Whom to tell of an interruption; each job tells the rest.
    failed : callable
        Is told of a recording that cannot be read, or whose files cannot be written.
    in_order : bool
        Whether recordings are told one after the other.
    """

    def __init__(
        self,
        engine: BatchedEngine,
        *,
        make_job: Callable[[Recording], Job],
        ahead: LookAhead,
        reporter: Reporter,
        failed: Callable[[Recording, TranscriberError], None],
        in_order: bool = True,
    ) -> None:
        self._engine = engine
        self._make_job = make_job
        self._ahead = ahead
        self._reporter = reporter
        self._failed = failed
        self._in_order = in_order
        self._opened: deque[_Open] = deque()

    def transcribe(self, recordings: Iterable[Recording | None]) -> None:
        """Transcribe recordings, in their order where there is one.

        Parameters
        ----------
        recordings : iterable of Recording or None
            They are asked for when there is room; None where the next one is not there yet.

        Raises
        ------
        Interrupted
            When a signal arrives; what was decoded is kept.
        """
        decoded = self._engine.decode(self._loops(recordings))
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            stack.enter_context(contextlib.closing(decoded))
            try:
                for (one, clip), window in decoded:
                    check_interrupted()
                    self._take(one, clip, window)
            except Interrupted as interruption:
                self._reporter.close()
                interruption.message = self._save()
                raise

    def _loops(self, recordings: Iterable[Recording | None]) -> Loops[tuple[_Open, int]]:
        """Open one recording after the other, and yield its loops."""
        mode: tuple[int, str] | None = None
        for recording in recordings:
            if recording is None:
                yield None
                continue
            one = _Open(recording, self._make_job(recording))
            self._opened.append(one)
            try:
                one.job.open()
                # All that is decoded at a time has the same threads and kernels. Whether those of a
                # journal are used is known only once the recording has been read.
                beside = one.job.wanted == mode and not one.job.continues
                while len(self._opened) > (_MOST_OPEN if beside else 1):
                    yield None
                one.read(self._engine, self._ahead)
                mode = one.job.wanted
            except FAILURES as error:
                self._give_up(one, error)
                continue
            # What an earlier run has decoded; all of it where nothing is left to decode.
            self._tell(one)
            yield from one.loops(self._engine)

    def _take(self, one: _Open, clip: int, window: WindowResult | None) -> None:
        """Keep a window, and tell what can be told; None ends its clip."""
        if one.given_up:
            return
        try:
            if window is not None:
                one.job.append(window)
            one.order.add(clip, window)
            if one.order.complete and not one.job.prints:
                one.write()
                one.release()
        except FAILURES as error:
            self._give_up(one, error)
        self._tell(one)

    def _tell(self, changed: _Open) -> None:
        """Tell what is decoded of the first recording, and of those behind it where it is done.

        Where there is no order, only of the one that has `changed`.
        """
        while self._opened:
            one = self._opened[0] if self._in_order else changed
            if one not in self._opened:
                return
            try:
                if not one.tell():
                    return
                one.write()
            except FAILURES as error:
                self._give_up(one, error)
                continue
            self._opened.remove(one)
            one.close()
            one.job.finish(one.outputs or ())

    def _give_up(self, one: _Open, error: TranscriberError) -> None:
        self._opened.remove(one)
        one.given_up = True
        one.close()
        self._failed(one.recording, error)

    def _save(self) -> str:
        """Write what was decoded of every recording; return what to tell the user."""
        messages = []
        for one in self._opened:
            try:
                if one.outputs is None:
                    messages.append(one.job.save())
            except FAILURES as error:
                messages.append(f"interrupted; {error}")
        if len(messages) > 1:
            if self._opened[0].job.prints:
                return "interrupted; nothing of what is not printed is kept"
            return "interrupted; the same command continues where it stopped"
        return "".join(messages) or "interrupted"

    def _close(self) -> None:
        with contextlib.ExitStack() as stack:
            for one in self._opened:
                stack.callback(one.close)


class _Open:
    """A recording that is being decoded."""

    def __init__(self, recording: Recording, job: Job) -> None:
        self.recording = recording
        self.job = job
        self.order = InOrder(0)
        self.outputs: tuple[Path, ...] | None = None
        self.given_up = False
        self._taken: TakenRecording | None = None
        self._earlier = DecodedWindows()
        self._told = False

    def read(self, engine: BatchedEngine, ahead: LookAhead) -> None:
        """Read it, and put in order what an earlier run has decoded."""
        self.job.read(ahead)
        self._taken = engine.take()
        clips, done = self._taken.clips or (), self.job.decoded
        self.order = InOrder(len(clips))
        for window in done.windows:
            self.order.add(window.position.clip, window)
        for clip in set(range(len(clips))) - set(clips_left(clips, done)):
            self.order.add(clip, None)
        self._earlier = DecodedWindows(language=done.language, windows=tuple(self.order.ready()))

    def loops(self, engine: BatchedEngine) -> Iterator[tuple[tuple[_Open, int], Loop]]:
        """Yield what is left to decode."""
        if self._taken is None:
            raise RuntimeError("read the recording first")
        done = self.job.decoded
        for clip, loop in engine.loops(self._taken, done.language or "en", done):
            yield (self, clip), self._until_given_up(loop)

    def tell(self) -> bool:
        """Tell what is decoded, up to the first gap; return whether that is all."""
        if self._taken is None:
            return False
        if not self._told:
            self.job.begin(self._earlier)
            self._told = True
        for window in self.order.ready():
            self.job.tell(window)
        return self.order.complete

    def write(self) -> None:
        """Write its files, unless that is done."""
        if self.outputs is None:
            self.outputs = self.job.write()

    def release(self) -> None:
        """Let go of what is needed to decode it."""
        if self._taken is not None:
            self._taken.close()

    def close(self) -> None:
        """Let go of it."""
        self.release()
        self.job.close()

    def _until_given_up(self, loop: Loop) -> Loop:
        """End a loop whose recording was given up."""
        answer = None
        with contextlib.closing(loop), contextlib.suppress(StopIteration):
            while not self.given_up:
                answer = yield loop.send(answer)
