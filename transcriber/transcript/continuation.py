"""Going on with what an earlier run has decoded of a recording, or beginning anew."""

from __future__ import annotations

from collections.abc import Callable

from transcriber.engine.interface import Engine
from transcriber.transcript.journal import Header, Journal, identity
from transcriber.transcript.shelf import PLACES, Shelf


class Continuation:
    """A recording's journal, and whether its work goes on.

    Parameters
    ----------
    journal : Journal
        As an earlier run has left it, or empty.
    engine : Engine
        What decodes.
    threads : int
        How many threads it has where nothing goes on.
    keep_threads : bool
        Whether what goes on has as many threads as it began with.
    """

    def __init__(
        self, journal: Journal, engine: Engine, *, threads: int, keep_threads: bool
    ) -> None:
        self.journal = journal
        self._engine = engine
        self._threads = threads
        self._keep_threads = keep_threads
        self._anew = False
        self.taken_up = False
        # The journal that is probably of this work, before the samples are known.
        self._expected = Shelf(journal).expected(lambda: self._options)

    @property
    def is_expected(self) -> bool:
        """Whether there is a journal of an earlier run, which may be of other work."""
        return self._expected is not None

    @property
    def threads(self) -> int:
        """The planned number, or the one that an unfinished run had."""
        if self._expected is not None and self._keep_threads:
            return self._expected.threads
        return self._threads

    @property
    def kernels(self) -> str:
        """With which kernels it is decoded; empty are the best, which what begins anew has."""
        header = self._expected
        return header.kernels if header and not self._anew else ""

    def take_up(
        self, samples: str, *, language: Callable[[], str], note: Callable[[str], None]
    ) -> None:
        """Take up the journal of the same work, or start it.

        Parameters
        ----------
        samples : str
            Digest of the recording's samples, which the engine has read.
        language : callable
            Returns the code of the recording's language; asked where the work begins anew.
        note : callable
            Is given what the user is to be told.
        """
        journal = self.journal
        work = identity({"audio": samples, **self._engine.identity()})
        kernels = self._engine.kernels()

        def fits(header: Header) -> bool:
            # What a GPU has begun, or goes on with, is the work of several devices in any case.
            known = not kernels or header.kernels in ("", kernels)
            return header.identity == work and known

        other = Shelf(journal).settle(fits)
        for path in other.gone:
            note(
                f"{path} is deleted, the oldest of more than {PLACES} unfinished runs with other "
                "options"
            )
        if journal.header is not None and fits(journal.header):
            self._expected = journal.header
            self._engine.use_clips(journal.header.clips)
        else:
            if other.waits is not None:
                note(
                    f"begins anew; {other.waits} keeps what was decoded from other samples, or "
                    "with another model or other options"
                )
            self._begin(work, language)
        self.taken_up = True

    def _begin(self, work: str, language: Callable[[], str]) -> None:
        threads = self.threads
        self._anew = True
        # Only what is continued is held to other kernels than the best.
        self._engine.use_kernels("")
        spoken = language()
        self.journal.begin(
            Header(
                identity=work,
                language=spoken,
                threads=threads,
                kernels=self._engine.kernels(),
                clips=self._engine.clips,
                options=self._options,
            )
        )

    def close(self, *, written: bool) -> None:
        """Remove the journal where it is of no use: the transcript is written, or it is empty."""
        if written:
            Shelf(self.journal).forget()
        if written or not self.journal.windows:
            self.journal.remove()

    @property
    def _options(self) -> str:
        return identity(self._engine.identity())
