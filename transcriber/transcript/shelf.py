"""Where journals of other work wait: an unfinished run with other options can be gone on with.

There are a few places beside the journal that is in use, which are this transcript's own. Whoever
has that journal open, and so its lock, may use them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from transcriber.files import atomic_writer, sibling
from transcriber.transcript.journal import SUFFIX, Header, Journal, Kept, read_journal

PLACES = 8
"""Of more unfinished work with other options than this, the oldest is let go of."""

KEPT_DAYS = 90
"""What nobody has gone on with for so long is let go of."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A journal that waits."""

    path: Path
    kept: Kept
    changed: float

    @property
    def header(self) -> Header | None:
        return self.kept.header


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of other work when a journal was settled.

    Attributes
    ----------
    waits : Path or None
        Where what the journal had of other work waits now.
    gone : tuple of Path
        What was too much, and is let go of.
    """

    waits: Path | None
    gone: tuple[Path, ...]


class Shelf:
    """The journals that wait beside one that is open.

    Parameters
    ----------
    journal : Journal
        The one in use.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._paths = shelf_paths(journal.path)

    def expected(self, options: Callable[[], str]) -> Header | None:
        """Return the header of what will probably be gone on with; None where nothing waits.

        Parameters
        ----------
        options : callable
            Returns the digest of the present options. The samples are not known yet.
        """
        places = sorted(self._places(), key=lambda place: -place.changed)
        headers = [self._journal.header, *(place.header for place in places)]
        found = [header for header in headers if header is not None]
        if not found:
            return None
        wanted = options()
        same = [header for header in found if header.options == wanted]
        # Those of earlier versions do not tell.
        same += [header for header in found if not header.options]
        return same[0] if same else None

    def settle(self, fits: Callable[[Header], bool]) -> Settled:
        """Let the journal go on with what fits, wherever that is.

        Parameters
        ----------
        fits : callable
            Tells whether a journal with such a header can be continued.
        """
        journal = self._journal
        other = None
        if journal.windows and journal.header is not None and not fits(journal.header):
            other = self.put()
        self.take(fits)
        return Settled(waits=other, gone=self._trim())

    def put(self) -> Path:
        """Put a copy of the journal on the shelf; return where it lies."""
        places = list(self._places())
        journal = self._journal
        same = next((one for one in places if _same_work(one.header, journal.header)), None)
        if same is not None and len(same.kept.windows) >= len(journal.windows):
            return same.path
        taken = {one.path for one in places}
        free = [path for path in self._paths if path not in taken]
        if same is not None:
            path = same.path
        elif free:
            path = free[0]
        else:
            path = min(places, key=lambda place: place.changed).path
        with atomic_writer(path) as copy:
            journal.copy_to(copy)
        return path

    def take(self, fits: Callable[[Header], bool]) -> bool:
        """Go on with the journal on the shelf that fits and has most, if it has more than ours.

        Parameters
        ----------
        fits : callable
            Tells whether a journal with such a header can be continued.

        Returns
        -------
        bool
            Whether it was taken. What the journal held before is then gone: see `put`.
        """
        journal = self._journal
        least = len(journal.windows) if journal.header and fits(journal.header) else -1
        found = [one for one in self._places() if one.header is not None and fits(one.header)]
        best = max(found, key=lambda place: len(place.kept.windows), default=None)
        if best is None or best.header is None or len(best.kept.windows) <= least:
            return False
        # Whatever ends this half-way, what it takes is on the shelf until it is in the journal.
        journal.begin(best.header, best.kept.windows)
        _remove(best.path)
        return True

    def forget(self) -> None:
        """Remove copies of the journal in use, whose work is done."""
        for place in self._places():
            if _same_work(place.header, self._journal.header):
                _remove(place.path)

    def _trim(self) -> tuple[Path, ...]:
        """Let go of what is too much; return where it lay."""
        places = sorted(self._places(), key=lambda place: place.changed)
        gone = tuple(place.path for place in places[: max(0, len(places) - PLACES)])
        for path in gone:
            _remove(path)
        return gone

    def _places(self) -> Iterator[_Place]:
        for path in self._paths:
            try:
                changed = path.stat().st_mtime
            except OSError:
                continue
            if changed < time.time() - KEPT_DAYS * 86400:
                _remove(path)
                continue
            with contextlib.suppress(OSError):
                yield _Place(path=path, kept=read_journal(path), changed=changed)


def shelf_paths(journal: Path) -> tuple[Path, ...]:
    """Return the places beside a journal: ``.old``, ``.old2`` and so on.

    There is one more than is kept, for what is put there before something else is taken.

    Examples
    --------
    >>> [path.name for path in shelf_paths(Path("talk.transcriber-journal"))][:2]
    ['talk.transcriber-journal.old', 'talk.transcriber-journal.old2']
    """
    stem = journal.with_name(journal.name.removesuffix(SUFFIX))
    endings = (".old", *(f".old{number}" for number in range(2, PLACES + 2)))
    return tuple(sibling(stem, SUFFIX + ending) for ending in endings)


def _same_work(one: Header | None, other: Header | None) -> bool:
    """Whether two journals are of one run: what one of other kernels has done is its own."""
    if one is None or other is None:
        return False
    return (one.identity, one.kernels) == (other.identity, other.kernels)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
