"""The sound of one recording: of its tracks the one that is wanted, or all of them mixed."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator, Sequence

from transcriber.audio.blocks import in_blocks
from transcriber.audio.liveliness import is_lively
from transcriber.audio.reading import Place, Reading, SourceFile
from transcriber.audio.tracks import AudioTrack, choose_tracks, in_order, tell_choice

_MIXED_BYTES = 1 << 16


class Source:
    """One recording of a file.

    Parameters
    ----------
    file : SourceFile
        The file.
    place : Place
        Where in it the recording begins.

    Attributes
    ----------
    readings : list of Reading
        What the sound came from, at least one. After the last piece, they tell how it went.
    """

    def __init__(self, file: SourceFile, place: Place) -> None:
        self._file = file
        self._place = place
        self._thorough = False
        self._choice: list[str] = []
        self.readings = [Reading(file, place)]

    @property
    def samples(self) -> int:
        """How many samples came, of the longest track."""
        return max(reading.clock.samples for reading in self.readings)

    def notes(self) -> list[str]:
        """Return what the user should know of what was read."""
        return self._choice + [note for reading in self.readings for note in reading.notes()]

    def pieces(self) -> Iterator[bytes]:
        """Yield the samples in pieces of any length.

        Raises
        ------
        InputError
            When there is no track as was chosen.
        """
        plain = self.readings[0]
        yield from self._attempt(plain)
        # In MPEG's streams nothing is known of a sound before it begins.
        if not self.samples and "no stream" in plain.messages.signs and not self._file.is_closed():
            self._thorough = True
            self.readings = [Reading(self._file, self._place, thorough=True)]
            yield from self._attempt(self.readings[0])

    def _attempt(self, plain: Reading) -> Iterator[bytes]:
        with contextlib.closing(plain.pieces()) as pieces:
            first = next(pieces, None)
            # The banner came before the samples.
            tracks, mistaken = plain.messages.tracks, plain.messages.mistaken
            if mistaken and not tracks:
                plain.messages.signs.add("no stream")
                # Noise that a decoder made of a picture.
                plain.clock.samples = 0
                return
            if first is None and len(tracks) < 2 and not mistaken:
                return
            chosen = self._choose(tracks)
            # Mostly, what was begun is what is wanted.
            plainly = len(tracks) < 2 and all(track.channels == 1 for track in chosen)
            if first is not None and plainly and not mistaken:
                yield first
                yield from pieces
                return
        begun = [self._begin(track) for track in chosen]
        self.readings = [reading for reading, _ in begun]
        sounds = [sound for _, sound in begun]
        yield from sounds[0] if len(sounds) == 1 else _mixed(sounds)

    def _choose(self, tracks: Sequence[AudioTrack]) -> tuple[AudioTrack, ...]:
        asked = self._file.choice is not None
        if self._file.choice is not None and tracks:
            chosen = choose_tracks(tracks, self._file.choice, self._file.label)
            dull = False
        elif len(tracks) > 1:
            liked = in_order(tracks)
            lively = next(filter(self._is_lively, liked), liked[0])
            chosen, dull = (lively,), lively is not liked[0]
        else:
            return tuple(tracks)
        if len(tracks) > 1:
            told = tell_choice(tracks, chosen, dull=dull, asked=asked, label=self._file.label)
            self._choice = [told]
        return chosen

    def _is_lively(self, track: AudioTrack) -> bool:
        _, sound = self._begin(track)
        try:
            return is_lively(sound)
        finally:
            sound.close()

    def _begin(self, track: AudioTrack) -> tuple[Reading, Generator[bytes, None, None]]:
        """Begin to decode a track; without its channels where ffmpeg cannot make two of them."""
        for mend in (True, False) if track.channels > 1 else (False,):
            reading = Reading(self._file, self._place, track, mend=mend, thorough=self._thorough)
            pieces = reading.pieces()
            first = next(pieces, None)
            if first is not None:
                break
        return reading, _again(first, pieces)


def _again(first: bytes | None, rest: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
    if first is not None:
        yield first
    try:
        yield from rest
    finally:
        rest.close()


def _mixed(sounds: Sequence[Iterator[bytes]]) -> Iterator[bytes]:
    """Add up sounds, the end of the longest being that of the sum."""
    import numpy as np  # noqa: PLC0415  only where all tracks are asked for

    blocks = [in_blocks(sound, _MIXED_BYTES) for sound in sounds]
    for parts in itertools.zip_longest(*blocks, fillvalue=b""):
        total = np.zeros(max(map(len, parts)) // 2, np.int32)
        for part in parts:
            total[: len(part) // 2] += np.frombuffer(part, "<i2")
        yield total.clip(-32768, 32767).astype("<i2").tobytes()
