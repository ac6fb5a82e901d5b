"""A recording that comes piece by piece, as a file of the job that it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from transcriber.service.http.storing import KEEP_FREE, Room, StoredFile, free_bytes
from transcriber.service.wave_header import wave_header
from transcriber.service.wyoming.events import ProtocolError

_MOST = {"rate": 384_000, "width": 4, "channels": 16}
"""What sound may have: more than any microphone."""


class SoundFile:
    """Sound on its way to the disk.

    Parameters
    ----------
    folder : Path
        The folder of its job.
    layout : mapping
        ``rate``, ``width`` and ``channels`` of its samples.

    Raises
    ------
    ProtocolError
        When these make no sense.
    HttpError
        When the disk is full.
    """

    def __init__(self, folder: Path, layout: Mapping[str, Any]) -> None:
        self.path = folder / "recording.wav"
        self._layout = {name: _number(layout, name) for name in _MOST}
        self._file = StoredFile(self.path, Room(folder, None, KEEP_FREE, free_bytes))
        self._file.write(wave_header(0, **self._layout))
        self._size = 0

    def add(self, sound: bytes) -> None:
        """Take in a piece.

        Raises
        ------
        HttpError
            When the disk is full.
        """
        self._file.write(sound)
        self._size += len(sound)

    def close(self) -> None:
        """Complete the file.

        Raises
        ------
        HttpError
            When the disk is full.
        """
        self._file.close()
        # What its length is, is known only now.
        with self.path.open("r+b") as stream:
            stream.write(wave_header(self._size, **self._layout))

    def discard(self) -> None:
        """Close and remove the file."""
        self._file.discard()


def _number(layout: Mapping[str, Any], name: str) -> int:
    value = layout.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MOST[name]:
        raise ProtocolError(f"the {name} of the sound makes no sense")
    return value
