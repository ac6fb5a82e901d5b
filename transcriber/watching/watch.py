"""Watching folders: what arrives whole is given to the process that decodes, in its turn."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.early_checks import check_folder
from transcriber.errors import EngineFailedError, InputError, UsageError
from transcriber.inputs.names import ClashError
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted
from transcriber.leftovers import lock
from transcriber.progress.reporter import Reporter
from transcriber.settings import RunSettings
from transcriber.watching.arrivals import Arrivals
from transcriber.watching.decoder import Decoder
from transcriber.watching.naming import BESIDE, has_transcript, named
from transcriber.watching.notifications import Notifications
from transcriber.watching.retries import Retries

_POLL = 5.0
"""Seconds between two looks at the folders where nothing is heard of them."""

_LEAST_PAUSE = 0.2
_SHARE = 20
"""A look is followed by a pause of at least so many times as long as it took."""

_IN_HAND = 8
"""Recordings that the process that decodes has at a time: their windows share a batch."""

_LOCK_PATIENCE = 3.0
"""Seconds that a process has to end whose watcher was killed."""


def watch(
    folders: Sequence[Path],
    settings: RunSettings,
    *,
    settle: float,
    decoder: Decoder,
    reporter: Reporter,
    prepare: bool = False,
) -> int:
    """Transcribe what is in folders, and what arrives in them, until a signal ends that.

    Parameters
    ----------
    folders : sequence of Path
        Those below them are watched, too.
    settings : RunSettings
        Where the transcripts go.
    settle : float
        A file is whole when it was the same for so many seconds.
    decoder : Decoder
        What transcribes.
    reporter : Reporter
        Whom to tell what happens.
    prepare : bool
        Whether to start what decodes before there is anything to do.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    TranscriberError
        When a folder is not there, or watched already, or nothing can be decoded.
    """
    # Who opens a file to write while `is_written` looks at it causes this signal, which would kill.
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    with contextlib.ExitStack() as stack:
        for folder in folders:
            stack.callback(os.close, _owned(folder))
        output = settings.output.directory
        for folder in folders if output in (None, BESIDE) else [output or BESIDE]:
            check_folder(folder)
        notifications = stack.enter_context(contextlib.closing(Notifications()))
        arrivals = Arrivals(folders, settle=settle, heard=notifications.add, failed=reporter.fail)
        try:
            reporter.note(printable(f"watching {', '.join(map(str, folders))}"))
            if prepare:
                decoder.start()
            return _Watch(arrivals, settings, decoder, reporter).run(notifications)
        except Interrupted as interruption:
            if not decoder.end():
                text = "interrupted; the same command goes on"
                reporter.interrupted(text, interruption.exit_code)
            return interruption.exit_code
        finally:
            decoder.end()


class _Watch:
    def __init__(
        self, arrivals: Arrivals, settings: RunSettings, decoder: Decoder, reporter: Reporter
    ) -> None:
        self._arrivals = arrivals
        self._settings = settings
        self._decoder = decoder
        self._reporter = reporter
        # One of them has killed the process that decodes; each is tried by itself.
        self._suspects = set[Path]()
        self._retries = Retries()

    def run(self, notifications: Notifications) -> int:
        """Watch until the process that decodes cannot do so; return its exit code."""
        while True:
            begun = time.monotonic()
            for path in self._arrivals.scan():
                self._decoder.note(f"{printable(str(path))}: is no longer there")
            for path in self._retries.due():
                self._arrivals.restore(path)
            pause = max(_LEAST_PAUSE, _SHARE * (time.monotonic() - begun))
            due = begun + max(pause, min(_POLL, self._arrivals.next_change()))
            while (left := due - time.monotonic()) > 0:
                self._give()
                wait = min(left, self._decoder.patience())
                ready = [one for one in (notifications, self._decoder) if one.fileno() >= 0]
                changed, _, _ = select.select(ready, (), (), wait)
                if notifications in changed:
                    notifications.drain()
                    due = min(due, begun + pause)
                if self._decoder in changed:
                    code = self._decoder.hear()
                    for one in self._decoder.ended():
                        self._retries.add(one)
                    if code is not None and (end := self._after(code)):
                        return end
                if not self._decoder.patience():
                    self._decoder.dismiss()

    def _give(self) -> None:
        """Give away what is whole and has no transcript, as far as there is room."""
        if not self._decoder.accepts or len(self._decoder.in_hand) >= self._room():
            return
        waiting = sorted(self._arrivals.waiting(), key=lambda path: path not in self._suspects)
        if not waiting:
            return
        folders = self._arrivals.recordings()

        def refuse(error: ClashError) -> None:
            # Those that wait are taken, so that it is told once.
            if not set(waiting).isdisjoint(error.paths):
                self._reporter.fail("", error)

        recordings = named(folders, self._settings, refuse)
        for path in waiting:
            recording = recordings.get(path)
            if recording is None or has_transcript(recording, folders[path], self._settings):
                self._arrivals.take(path)
            elif len(self._decoder.in_hand) >= self._room():
                return
            elif recording.label not in self._decoder.in_hand:
                self._arrivals.take(path)
                self._decoder.give(recording, self._retries.told(path))

    def _room(self) -> int:
        held = {recording.path for recording in self._decoder.in_hand.values()}
        self._suspects &= held | set(self._arrivals.waiting())
        return 1 if self._suspects else _IN_HAND

    def _after(self, code: int) -> int:
        """Go on after the end of the process; return the exit code where that is impossible."""
        lost = self._decoder.lost()
        how = f"signal {-code} has ended the process that decodes"
        if not self._decoder.was_ready and code:
            if code < 0:
                raise EngineFailedError(f"{how} before it had its model", "is there memory for it?")
            # It has told why.
            return code
        if len(lost) > 1:
            self._suspects |= {one.path for one in lost if one.path is not None}
            for one in lost:
                self._arrivals.restore(one.path or Path())
        elif lost and code < 0:
            self._fail(lost[0], how)
        return 0

    def _fail(self, recording: Recording, how: str) -> None:
        error = EngineFailedError(f"{recording.label}: {how}", "it is left alone until it changes")
        self._reporter.fail(recording.label, error)


def _owned(folder: Path) -> int:
    """Return the descriptor of a folder that no other process watches.

    Raises
    ------
    InputError
        When it cannot be read.
    UsageError
        When another one watches it.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except NotADirectoryError as error:
        raise InputError(f"{folder} is no folder", "name a folder to watch") from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read the folder {folder}: {why}") from error
    for last in _attempts():
        try:
            lock(descriptor)
            break
        except BlockingIOError as error:
            if last:
                os.close(descriptor)
                raise UsageError(
                    f"another process watches {folder} already", "end it first, or let it do so"
                ) from error
    return descriptor


def _attempts() -> Iterator[bool]:
    """Yield again and again, with pauses, whether it is the last time."""
    end = time.monotonic() + _LOCK_PATIENCE
    while time.monotonic() < end:
        yield False
        time.sleep(0.1)
    yield True
