"""Which recordings of watched folders are whole: they stay the same, and nobody writes to them."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio.failures import printable
from transcriber.errors import InputError
from transcriber.inputs.media_files import is_recording

_State = tuple[int, ...]

_UNKNOWN_WRITERS = 30.0
"""Seconds that a file stays the same, at least, where it is not known who writes to it."""


@dataclass(kw_only=True)
class _Seen:
    """A file, as it was when it was last looked at."""

    folder: Path
    state: _State
    since: float
    wait: float
    settled: bool = False
    whole: bool = False
    recording: bool = False
    taken: bool = False


class Arrivals:
    """The files of some folders and of those below them, without hidden ones.

    Parameters
    ----------
    folders : sequence of Path
        Where to look.
    settle : float
        A file is whole when it was the same for so many seconds.
    heard : callable
        Is given each folder that there is, again and again.
    failed : callable
        Is told once of a folder that cannot be read, until it can.
    clock : callable
        Returns seconds that only go forward.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        *,
        settle: float,
        heard: Callable[[Path], None],
        failed: Callable[[str, InputError], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folders = folders
        self._settle = settle
        self._heard = heard
        self._failed = failed
        self._clock = clock
        self._files: dict[Path, _Seen] = {}
        self._unreadable: set[str] = set()

    def scan(self) -> tuple[Path, ...]:
        """Look at all files; return which whole ones have gone before anybody took them."""
        now, refused = self._clock(), set[str]()

        def refuse(error: OSError) -> None:
            name = printable(str(error.filename))
            refused.add(name)
            if name not in self._unreadable:
                why = f"cannot read the folder {name}: {error.strerror}"
                self._failed(name, InputError(why, "it is looked for again and again"))

        found: dict[Path, _Seen] = {}
        for folder, path, state in _walk(self._folders, self._heard, refuse):
            seen = self._files.get(path)
            if seen is None or seen.state != state:
                # A recording that is written to keeps its name.
                known = seen is not None and seen.recording
                seen = _Seen(
                    folder=folder, state=state, since=now, wait=self._settle, recording=known
                )
            elif not seen.whole and now - seen.since >= seen.wait:
                written = is_written(path)
                if written is None:
                    seen.wait = max(self._settle, _UNKNOWN_WRITERS)
                seen.settled = now - seen.since >= seen.wait
                seen.whole = seen.settled and _size(state) > 0 and not written
                seen.recording = seen.recording or (seen.whole and is_recording(path))
            found[path] = seen
        gone = tuple(path for path in self._files if path not in found and self._waits(path))
        self._files, self._unreadable = found, refused
        return gone

    def waiting(self) -> Iterator[Path]:
        """Yield the recordings that are whole and that nobody took, in the order of their names."""
        return (path for path in list(self._files) if self._waits(path))

    def recordings(self) -> dict[Path, Path]:
        """Return all recordings that are there, and the watched folder of each."""
        return {path: seen.folder for path, seen in self._files.items() if seen.recording}

    def take(self, path: Path) -> None:
        """Take a recording; until it changes, it waits no more."""
        self._files[path].taken = True

    def restore(self, path: Path) -> None:
        """Have a recording wait again."""
        if path in self._files:
            self._files[path].taken = False

    def next_change(self) -> float:
        """Return in how many seconds a file may become whole; infinite where none can."""
        waits = (
            seen.since + seen.wait - self._clock()
            for seen in self._files.values()
            if not seen.settled
        )
        return max(0.0, min(waits, default=float("inf")))

    def _waits(self, path: Path) -> bool:
        seen = self._files[path]
        return seen.whole and seen.recording and not seen.taken


def _walk(
    folders: Sequence[Path],
    heard: Callable[[Path], None],
    refuse: Callable[[OSError], None],
) -> Iterator[tuple[Path, Path, _State]]:
    """Yield the files with their states, and the watched folder of each."""
    looked = set[str]()
    for top in folders:
        for parent, names, files in os.walk(top, onerror=refuse):
            place = os.path.realpath(parent)
            if place in looked:
                names.clear()
                continue
            looked.add(place)
            # Before its files are looked at: what arrives meanwhile is heard of.
            heard(Path(parent))
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith(".") and not name.endswith("~"):
                    path = Path(parent, name)
                    if state := _state(path):
                        yield top, path, state


def _state(path: Path) -> _State | None:
    """Return what changes when a file is written to, or may be read at last."""
    try:
        found = os.stat(path)  # noqa: PTH116  a name may be longer than pathlib takes
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns


def _size(state: _State) -> int:
    return state[0]


def is_written(path: Path) -> bool | None:
    """Whether a program has a file open to write to it; None for files of other users.

    The kernel grants a lease to read only where nobody can write. It asks for file systems of this
    machine: on others this is False.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return None if error.errno == errno.EACCES else error.errno in (errno.EAGAIN, errno.EBUSY)
    finally:
        os.close(descriptor)
    return False
