"""The log-mel spectrogram of a recording of any length, in bounded memory.

openai-whisper computes it over the whole recording at once, because the lower bound of its
values hangs on the largest one. Here the blocks of a streamed recording are transformed as they
arrive and kept as they are before that last step, which each window then takes by itself.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import pad
from whisper.audio import HOP_LENGTH, N_FFT, N_FRAMES, N_SAMPLES, SAMPLE_RATE, mel_filters

from transcriber import operators
from transcriber.files import temporary_file_error

MEMORY_BYTES = 32 * 2**20
"""What is kept in memory: a quarter of an hour. Longer ones lie in a temporary file, so that memory
does not grow with the recording."""

MEMORY_WITHOUT_FILES = 256 * 2**20
"""The same where no temporary file can be made: more than two hours."""

_BLOCK_FRAMES = N_FRAMES
_BLOCK_SAMPLES = (_BLOCK_FRAMES - 1) * HOP_LENGTH + N_FFT
_FLOAT_BYTES = 4
_SILENT_FRAMES = N_FRAMES - 4
"""Of those of 30 s of silence, the ones that hear nothing of the recording, however it ends."""

Samples = NDArray[np.float32]


class LogMelSpectrogram:
    """The spectrogram of one recording, followed by that of 30 s of silence.

    Parameters
    ----------
    mels : int
        Mel frequency bands, 80 or 128.

    Attributes
    ----------
    content_frames : int
        Frames of the recording itself, 10 ms each, once `read` has returned.
    """

    def __init__(self, mels: int) -> None:
        self.mels = mels
        self.content_frames = 0
        self._stored_frames = 0
        self._maximum = torch.tensor(-torch.inf)
        self._filters = mel_filters("cpu", mels)
        self._transform = operators.log_mel if operators.available() else _log_mel
        self._store = tempfile.SpooledTemporaryFile(max_size=_memory_bytes())  # noqa: SIM115

    def read(self, blocks: Iterable[bytes]) -> None:
        """Transform a whole recording.

        Parameters
        ----------
        blocks : iterable of bytes
            Its samples: signed 16-bit little-endian, mono, 16 kHz.

        Raises
        ------
        StorageError
            When the temporary file does not fit on its disk.
        """
        parts: list[Samples] = []
        held = samples = 0
        for values in _padded(map(as_float, blocks)):
            samples += len(values)
            held += len(values)
            parts.append(values)
            if held < _BLOCK_SAMPLES:
                continue
            pending = np.concatenate(parts)
            while len(pending) >= _BLOCK_SAMPLES:
                self._append(pending[:_BLOCK_SAMPLES])
                pending = pending[_BLOCK_FRAMES * HOP_LENGTH :]
            parts, held = [pending], len(pending)
        pending = np.concatenate(parts)
        # The Fourier transform has a frame more than openai-whisper uses: it drops the last.
        frames = (samples - N_FFT) // HOP_LENGTH
        if (rest := frames - self._stored_frames) > 0:
            self._append(pending[: (rest - 1) * HOP_LENGTH + N_FFT])
        self._append(np.zeros(N_FFT, np.float32), times=_SILENT_FRAMES)
        self.content_frames = frames + _SILENT_FRAMES - N_FRAMES

    def window(self, start: int, frames: int) -> torch.Tensor:
        """Return some frames as the encoder wants them, with zeros up to 30 s.

        openai-whisper detects the language from the first 30 s with the silence behind a shorter
        recording, and decodes windows that have zeros there.

        Parameters
        ----------
        start, frames : int
            Which frames of the recording and of the silence behind it; at most 3000.

        Returns
        -------
        torch.Tensor, shape = (mels, 3000), dtype float32
        """
        row = self.mels * _FLOAT_BYTES
        self._store.seek(start * row)
        content = bytearray(self._store.read(frames * row))
        values = torch.frombuffer(content, dtype=torch.float32).reshape(-1, self.mels).T
        values = (torch.maximum(values, self._maximum - 8.0) + 4.0) / 4.0
        return pad(values, (0, N_FRAMES - values.shape[1])).contiguous()

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        seconds: float = self.content_frames * HOP_LENGTH / SAMPLE_RATE
        return seconds

    def close(self) -> None:
        """Give the memory and the temporary file back."""
        # A write that failed has been told; closing tries it once more.
        with contextlib.suppress(OSError):
            self._store.close()

    def _append(self, samples: Samples, *, times: int = 1) -> None:
        values = self._transform(torch.from_numpy(samples), self._filters)
        self._maximum = torch.maximum(self._maximum, values.max())
        self._stored_frames += len(values) * times
        try:
            self._store.write(values.numpy().tobytes() * times)
            self._store.flush()
        except OSError as error:
            self.close()
            raise temporary_file_error("the spectrogram", error) from error


def _memory_bytes() -> int:
    """Return how much is kept in memory."""
    try:
        tempfile.gettempdir()
    except OSError:
        return MEMORY_WITHOUT_FILES
    return MEMORY_BYTES


def _log_mel(samples: torch.Tensor, filters: torch.Tensor) -> torch.Tensor:
    """Compute what `operators.log_mel` does, where there is none."""
    spectrum = torch.stft(
        samples,
        N_FFT,
        HOP_LENGTH,
        window=torch.hann_window(N_FFT),
        center=False,
        return_complex=True,
    )
    values = torch.clamp(filters @ spectrum.abs() ** 2, min=1e-10).log10()
    return values.T.contiguous()


def as_float(block: bytes) -> Samples:
    """Return samples as numbers from -1 to 1.

    Parameters
    ----------
    block : bytes
        Signed 16-bit little-endian samples, mono.

    Returns
    -------
    array, shape = (samples,), dtype float32
        32768 becomes 1, as in openai-whisper's ``load_audio``.

    Raises
    ------
    ValueError
        When the last sample is not whole.

    Examples
    --------
    >>> as_float(bytes([0, 64, 0, 192]))
    array([ 0.5, -0.5], dtype=float32)
    """
    return np.frombuffer(block, "<i2").astype(np.float32) / np.float32(32768.0)


def _padded(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Put the mirrored beginning before a recording, and behind it the silence that hears of it.

    Frames are centred on their time, so the first reaches half a window back; the mirrored
    samples there are what ``torch.stft(center=True)`` takes. Behind the silence the mirror
    holds silence.
    """
    half = N_FFT // 2
    silence = np.zeros(N_SAMPLES - _SILENT_FRAMES * HOP_LENGTH, np.float32)
    head = np.empty(0, np.float32)
    for block in blocks:
        head = np.concatenate([head, block])
        if len(head) > half:
            break
    else:
        head = np.concatenate([head, silence[:N_FFT]])
        silence = silence[N_FFT:]
    yield head[half:0:-1]
    yield head
    yield from blocks
    yield silence
    yield silence[:half]
