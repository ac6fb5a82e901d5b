"""Going on with the processor where the GPU, or whatever else was preferred, has failed.

The recording is not read again, which standard input could not be: its spectrogram lies in the
memory of the processor, and goes from one engine to the other. So do the windows that are done,
with which the loop takes up any journal, too.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from transcriber.engine.interface import (
    FRAMES_PER_SECOND,
    Clip,
    DecodedWindows,
    Engine,
    FallibleEngine,
    SpokenLanguage,
    StandbyEngine,
    Transcript,
    WindowResult,
)
from transcriber.errors import EngineFailedError
from transcriber.times import clock


class FallbackEngine:
    """Decodes with one engine until it fails, and from there on with another.

    What has failed once is not tried again: the recordings that follow have the second engine
    from their beginning.

    Parameters
    ----------
    preferred : FallibleEngine
        The engine that begins.
    standby : callable
        Makes the engine that goes on. Called only when it is needed.
    failed : callable
        Is told of the failure, in one line.
    """

    def __init__(
        self,
        preferred: FallibleEngine,
        standby: Callable[[], StandbyEngine],
        *,
        failed: Callable[[EngineFailedError, str], None],
    ) -> None:
        self._preferred: FallibleEngine | None = preferred
        self._engine: Engine = preferred
        self._standby = standby
        self._failed = failed
        self._threads = 1
        self._wanted_kernels = ""
        self._seconds = 0.0

    def identity(self) -> Mapping[str, Any]:
        """Return all of the present engine's own that decides the text.

        A journal keeps the identity that it began with, and a later run continues it if its own
        engine has the same: see `NetworkEngine.identity`, which is that of any device.
        """
        return self._engine.identity()

    def kernels(self) -> str:
        """Return a name for what computes at present."""
        return self._engine.kernels()

    def use_kernels(self, wanted: str) -> None:
        """Compute the next recording with the kernels that are named so, if they are there."""
        self._wanted_kernels = wanted
        self._engine.use_kernels(wanted)

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        self._threads = threads
        self._engine.use_threads(threads)

    def read(self, blocks: Iterable[bytes]) -> float:
        """Take in a recording; return its seconds."""
        # A recording that cannot be read is told before the seconds that loading takes, and what
        # was taken of it is not lost where loading fails.
        stream = iter(blocks)
        first = list(itertools.islice(stream, 1))
        if self._preferred is not None:
            try:
                self._preferred.prepare()
            except EngineFailedError as error:
                self._change(error, "the processor is used instead")
        self._seconds = self._engine.read(itertools.chain(first, stream))
        return self._seconds

    @property
    def clips(self) -> Sequence[Clip] | None:
        """The parts of the recording in which somebody speaks; None where nobody listened."""
        return self._engine.clips

    def use_clips(self, clips: Sequence[Clip] | None) -> None:
        """Decode the parts that an earlier run has found."""
        self._engine.use_clips(clips)

    def language(self) -> SpokenLanguage:
        """Return the recording's language."""
        try:
            return self._engine.language()
        except EngineFailedError as error:
            self._change(error, "the processor goes on from the beginning")
        return self._engine.language()

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        """Decode the recording from where `done` ends."""
        windows = list(done.windows)
        try:
            for window in self._engine.windows(language, done):
                windows.append(window)
                yield window
        except EngineFailedError as error:
            self._change(error, f"the processor goes on {self._place(windows)}")
        else:
            return
        done = DecodedWindows(language=done.language, windows=tuple(windows))
        yield from self._engine.windows(language, done)

    def result(self, decoded: DecodedWindows) -> Transcript:
        """Return the transcript of what was decoded."""
        return self._engine.result(decoded)

    def close(self) -> None:
        """Forget the recording."""
        self._engine.close()

    def _change(self, error: EngineFailedError, what_now: str) -> None:
        """Put the second engine in the place of the first.

        Raises
        ------
        EngineFailedError
            `error`, where the second has failed, too.
        """
        if self._preferred is None:
            raise error
        failed, self._preferred = self._preferred, None
        engine = self._standby()
        engine.use_kernels(self._wanted_kernels)
        engine.use_threads(self._threads)
        recording = failed.release()
        if recording is not None:
            engine.adopt(recording)
        self._engine = engine
        failed.abandon()
        self._failed(error, what_now)

    def _place(self, windows: list[WindowResult]) -> str:
        if not windows:
            return "from the beginning"
        return f"at {clock(min(windows[-1].position.seek / FRAMES_PER_SECOND, self._seconds))}"
