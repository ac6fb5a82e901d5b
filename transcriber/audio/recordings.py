"""The recordings in a file: one, mostly, or several that were appended to each other."""

from __future__ import annotations

from collections.abc import Generator

from transcriber.audio import failures
from transcriber.audio.appended import (
    has_unread_recording,
    is_cut_off,
    next_recording,
    stands_alone,
)
from transcriber.audio.losses import reading_warnings, unread_warning
from transcriber.audio.reading import Place, SourceFile
from transcriber.audio.source import Source
from transcriber.audio.stated_length import unread_bytes
from transcriber.errors import InputError


class Recordings:
    """Reads all recordings of a file.

    Parameters
    ----------
    file : SourceFile
        The file.
    head : bytes
        Its beginning; 4096 bytes suffice.
    lacks_end : bool
        Whether it is shorter than it says.

    Attributes
    ----------
    warnings : tuple of str
        What is missing or damaged, what stands for it, and what was chosen, one line each.
        Complete after the last piece.
    """

    def __init__(self, file: SourceFile, *, head: bytes, lacks_end: bool) -> None:
        self._file = file
        self._head = head
        self._lacks_end = lacks_end
        self._place = Place(alone=stands_alone(file.path, 0))
        self._source = Source(file, self._place)
        self.warnings: tuple[str, ...] = ()

    @property
    def announced_seconds(self) -> float | None:
        """Length that the first one claims, known from the first piece on."""
        return self._source.readings[0].messages.announced_seconds

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield their samples, one recording after the other, in pieces of any length.

        Raises
        ------
        TranscriberError
            When the first cannot be read.
        """
        notes: list[str] = []
        source, place = self._source, self._place
        while True:
            yield from source.pieces()
            if self._file.is_closed():
                return
            last = source.readings[0]
            # ffmpeg has reached the end, or what it cannot read on from.
            following = next_recording(
                self._file.path,
                place.offset,
                read=1 if place.alone else last.clock.joined + 1,
                stopped=last.messages.stopped,
            )
            try:
                # What is missing at the end of the file is missing in its last recording.
                notes += self._judge(source, place, followed=following is not None)
            except InputError:
                # Not the first: nothing that was read is given up for what cannot be.
                if place.offset == 0:
                    raise
                notes.append(
                    f"{self._file.label}: a recording that was appended to it cannot be read"
                )
            if following is None:
                break
            place = Place(
                offset=following,
                samples=place.samples + source.samples,
                alone=stands_alone(self._file.path, following),
            )
            self._lacks_end = is_cut_off(self._file.path, following)
            source = Source(self._file, place)
        if has_unread_recording(self._file.path):
            notes.append(
                f"{self._file.label}: another recording was appended to it, which may not have "
                "been read; split the file"
            )
        unread = unread_bytes(self._file.path, place.offset)
        if unread:
            notes.append(unread_warning(self._file.label, unread))
        self.warnings = tuple(dict.fromkeys(notes))

    def _judge(self, source: Source, place: Place, *, followed: bool) -> list[str]:
        """Raise the error that ended the reading, or return what is worth a line."""
        lines = source.notes()
        memory = self._file.limits.memory_bytes
        lacks_end = self._lacks_end and not followed
        for reading in source.readings:
            messages, status = reading.messages, reading.status
            if status < 0:
                raise failures.death_failure(self._file.label, -status, memory)
            # What is wrong is told of what follows.
            apart = followed and (place.alone or messages.stopped)
            if source.samples == 0 or ("mostly undecodable" in messages.signs and not apart):
                raise failures.no_audio_failure(
                    self._file.label,
                    messages,
                    head=self._head,
                    lacks_end=lacks_end,
                    memory_bytes=memory,
                )
            if "encrypted" in messages.signs:
                raise failures.encrypted_failure(self._file.label)
            if status != 0 and "out of memory" in messages.signs:
                raise failures.memory_failure(self._file.label, memory)
            if apart:
                continue
            lines += reading_warnings(
                self._file.label,
                messages,
                samples=reading.clock.samples,
                before=place.samples,
                lacks_end=lacks_end,
                status=status,
                refused=reading.clock.refused,
            )
        return lines
