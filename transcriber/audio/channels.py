"""Find speech in two channels that cancel each other in their mix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transcriber.audio.command import SAMPLE_RATE

_WINDOW = SAMPLE_RATE // 5
_LEAST_POWER = 65.0**2
"""Of a channel, below which nothing is told from it: 54 dB below the greatest."""

# What is left of the channels' power in their mix: all where they are alike, half where they have
# nothing to do with each other, none where one is the other upside down.
_CANCELLED = 0.08
_KEPT = 0.25


class Channels:
    """Mends the mix of a track where its channels cancel each other.

    There, half of their difference takes the mix's place, until they no longer do. Everywhere else
    the mix stays as it is.

    Parameters
    ----------
    label : str
        What messages call the recording.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._pair = bytearray()
        self._cancelled = False
        self._windows = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the two channels, interleaved."""
        self._pair += data

    def mend(self, mix: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the mix; of the channels as much must have been fed in the end.

        Parameters
        ----------
        mix : iterable of bytes
            Samples of one channel, as ffmpeg mixes them.
        """
        waiting = bytearray()
        for data in mix:
            waiting += data
            ready = min(len(waiting) // (2 * _WINDOW), len(self._pair) // (4 * _WINDOW))
            if ready:
                yield self._mended(waiting, ready * _WINDOW, _WINDOW)
        # The last window is shorter.
        rest = min(len(waiting) // 2, len(self._pair) // 4)
        whole = rest - rest % _WINDOW
        if whole:
            yield self._mended(waiting, whole, _WINDOW)
        if rest > whole:
            yield self._mended(waiting, rest - whole, rest - whole)
        if waiting:
            yield bytes(waiting)

    def notes(self) -> list[str]:
        """Return a line about what was mended."""
        if not self._windows:
            return []
        seconds = self._windows * _WINDOW / SAMPLE_RATE
        return [
            f"{self._label}: its channels cancel each other out for {seconds:.1f} s; "
            "there, their difference was read"
        ]

    def _mended(self, waiting: bytearray, count: int, window: int) -> bytes:
        import numpy as np  # noqa: PLC0415  not for recordings with one channel

        mix, pair = bytes(waiting[: 2 * count]), bytes(self._pair[: 4 * count])
        del waiting[: 2 * count], self._pair[: 4 * count]
        shape = np.frombuffer(pair, "<i2").reshape(-1, window, 2).astype(np.float32)
        left, right = shape[..., 0], shape[..., 1]
        power = (left * left + right * right).mean(1) / 2
        mixed = ((left + right) ** 2).mean(1) / 4
        mended = None
        for index in range(len(power)):
            if power[index] > _LEAST_POWER:
                share = mixed[index] / power[index]
                if share < _CANCELLED:
                    self._cancelled = True
                elif share > _KEPT:
                    self._cancelled = False
            if self._cancelled:
                if mended is None:
                    mended = np.frombuffer(mix, "<i2").reshape(-1, window).copy()
                mended[index] = (left[index] - right[index]) / 2
                self._windows += 1
        return mix if mended is None else mended.tobytes()
