"""Records from a source, by a child process."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path

from transcriber.capture.sources import Source, record_command
from transcriber.capture.spool import Spool
from transcriber.errors import CaptureError, TranscriberError

_START = 0.3
"""Seconds to wait for the first sound, or the end of what cannot record."""

_UNDER_WAY = 0.12
"""Seconds that sound takes through the sound server, and the tool's buffer."""

_PATIENCE = 5.0
"""Seconds without a sound, not even silence: a microphone that is unplugged."""

_GRACE = 2.0
"""Seconds that a tool has to end when it is told to."""

_END = 0.5
"""Seconds between the end of the sound and that of the tool."""


class Recorder:
    """Records while its block runs.

    Parameters
    ----------
    source : Source
        Where from.
    path : Path, optional
        A WAV file that keeps all of it.

    Attributes
    ----------
    spool : Spool
        What was recorded; there once the block has begun.

    Raises
    ------
    CaptureError
        When the tool cannot be started or ends at once, as the block begins.
    StorageError
        When the sound cannot be kept.
    """

    spool: Spool

    def __init__(self, source: Source, path: Path | None = None) -> None:
        self._source = source
        self._path = path
        self._is_stopping = False
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Recorder:
        with contextlib.ExitStack() as stack:
            self._complaints = stack.enter_context(tempfile.TemporaryFile())
            self._process = self._start()
            stack.callback(self._end)
            assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
            self.spool = stack.enter_context(
                Spool(self._process.stdout, self._path, patience=_PATIENCE, blame=self._blame)
            )
            self.spool.wait(_START)
            if self.spool.is_over and self.spool.error is not None:
                raise self.spool.error
            self._closing = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopping = True
        # The child first: its end lets the spool's thread end.
        self._process.kill()
        self._closing.close()

    def stop(self) -> None:
        """Record no longer; what was said until now can still be read."""
        if self._is_stopping or self._process.poll() is not None:
            return
        time.sleep(_UNDER_WAY)
        self._is_stopping = True
        # Not SIGINT, which a child of a shell's background job is deaf to.
        self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        command = record_command(self._source)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                bufsize=0,
                # A Ctrl-C is for this program, which then stops it gently.
                start_new_session=True,
            )
        except OSError as error:
            raise CaptureError(f"cannot start {command[0]}: {error.strerror}") from error

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None  # noqa: S101  a pipe was asked for
        self._process.stdout.close()

    def _blame(self) -> TranscriberError | None:
        """Tell why no more sound comes."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END)
        if self._is_stopping:
            return None
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").split("\n")
        reason = next((line.strip() for line in lines[::-1] if line.strip()), "no more sound comes")
        return CaptureError(
            f"{self._source.tool} no longer records {self._source.description}: {reason}",
            "choose another source, or see whether the sound server runs",
        )
