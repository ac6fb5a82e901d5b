"""The engine that decodes many windows at once, of one recording or of several."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from transcriber.engine.batch_size import windows_that_fit
from transcriber.engine.heard import WINDOW, HeardRecording
from transcriber.engine.interface import Clip, DecodedWindows, WindowResult
from transcriber.engine.local import LocalEngine
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.batching import Key, Loops, RequestBatch
    from transcriber.engine.encoding import WindowEncoder
    from transcriber.engine.fused.model import FusedModel
    from transcriber.engine.hypothesis import Hypothesis
    from transcriber.engine.request import Loop, Network, Request


_SLACK = 200
"""Frames of silence behind a clip. Whisper was trained with silence up to 30 s, for which the
encoder takes as long as for speech. With 2 s the words are as good on all of our speech; with half
a second one recording fell into a loop. What fails the checks is encoded again as a whole."""


class TakenRecording(HeardRecording):
    """A recording that is decoded while the next one is read.

    Parameters
    ----------
    heard : HeardRecording
        What was read.
    encoders : dict of int to WindowEncoder
        Those of clips whose first window was encoded already.
    """

    def __init__(self, heard: HeardRecording, encoders: dict[int, WindowEncoder]) -> None:
        super().__init__(heard.features, heard.clips)
        self.encoders = encoders

    def close(self) -> None:
        """Give the memory and the temporary file back."""
        self.encoders.clear()
        super().close()


class BatchedEngine(LocalEngine):
    """Decodes on the processor with the fused operators; several recordings may be open.

    The encoder is given a clip with some silence behind it, not with as much as is missing to 30 s.
    Each clip of a recording is decoded as openai-whisper decodes a whole one: what is said in it
    does not hang on the clips before it, nor on which others are decoded beside it.

    Parameters
    ----------
    stored : StoredModel
        The checkpoint.
    settings : DecodingSettings
        How it decodes; a `batch_size` of None is as large as the memory allows, up to 8.
    """

    side_by_side = True

    def __init__(self, stored: StoredModel, *, settings: DecodingSettings) -> None:
        super().__init__(stored, device="cpu", settings=settings)
        self._batch: RequestBatch | None = None
        self._encoders: dict[int, WindowEncoder] = {}

    def take(self) -> TakenRecording:
        """Hand over the recording that was read last, so that another one can be read."""
        taken = TakenRecording(self._heard(), self._encoders)
        self._recording = self._windows = None
        self._encoders = {}
        return taken

    def close(self) -> None:
        """Forget the recording that was read last, unless it was taken."""
        self._encoders = {}
        super().close()

    def loops(
        self, recording: TakenRecording, language: str, done: DecodedWindows
    ) -> Iterator[tuple[int, Loop]]:
        """Yield the number of each clip that is left to decode, and its loop.

        Parameters
        ----------
        recording : TakenRecording
            The recording.
        language : str
            Code of the language that is spoken.
        done : DecodedWindows
            What an earlier run has decoded of it.
        """
        self._model()
        from transcriber.engine.loop import Clips, decode_clips  # noqa: PLC0415

        parts = recording.clips or ()
        for number in clips_left(parts, done):
            windows = tuple(one for one in done.windows if one.position.clip == number)
            encoder = recording.encoders.pop(number, None)
            yield (
                number,
                decode_clips(
                    encoder or self._encoder_of_clip(recording),
                    self._settings,
                    language=language,
                    done=DecodedWindows(language=language, windows=windows),
                    clips=Clips(parts=parts, first=number, end=number + 1, heard=True),
                ),
            )

    def decode(self, loops: Loops[Key]) -> Generator[tuple[Key, WindowResult | None], None, None]:
        """Run loops side by side, as `transcriber.engine.batching.side_by_side` does."""
        model = self._fused()
        from transcriber.engine.batching import side_by_side  # noqa: PLC0415  needs the model's

        most = 1
        if model is not None:
            most = self._settings.batch_size or windows_that_fit(
                model.window_bytes, rows=self._settings.beam_size or 1
            )
        with self._memory():
            yield from side_by_side(loops, _Current(self, most), most=most)

    def batch(self, windows: int) -> RequestBatch:
        """Return what requests are decoded in with the present kernels."""
        model = self._fused()
        if self._batch is None:
            from transcriber.engine.batching import OneByOne  # noqa: PLC0415

            self._batch = OneByOne(self._model()) if model is None else model.batch(windows)
        return self._batch

    @property
    def _listens(self) -> bool:
        return True

    def _load(self) -> Network:
        self._batch = None
        return super()._load()

    def _fused(self) -> FusedModel | None:
        """Return the model; None where the operators cannot compute it."""
        model: Any = self._model()
        return None if self._kernels is None else model

    def _encoder_of_clip(self, recording: HeardRecording) -> WindowEncoder:
        from transcriber.engine.encoding import WindowEncoder  # noqa: PLC0415

        model = self._model()
        # Other networks take whole windows only.
        return WindowEncoder(model, recording.features, _SLACK if self._fused() else None)

    def _encode_clip(self, number: int) -> Any:
        recording = self._heard()
        start, end = (recording.clips or ())[number]
        # The clip's own loop finds it encoded.
        encoder = self._encoder_of_clip(recording)
        self._encoders[number] = encoder
        return encoder.encode(start, min(WINDOW, end - start)).encoded


class _Current:
    """The batch of the kernels that are in use; they change between recordings only."""

    def __init__(self, engine: BatchedEngine, windows: int) -> None:
        self._engine = engine
        self._windows = windows

    def fits(self, request: Request) -> bool:
        return self._batch.fits(request)

    def add(self, number: int, request: Request) -> None:
        self._batch.add(number, request)

    def run(self) -> list[tuple[int, Hypothesis]]:
        return self._batch.run()

    @property
    def _batch(self) -> RequestBatch:
        return self._engine.batch(self._windows)


def clips_left(clips: Sequence[Clip], done: DecodedWindows) -> list[int]:
    """Return the numbers of the clips that are not decoded to their end.

    Parameters
    ----------
    clips : sequence of Clip
        All of the recording, in frames.
    done : DecodedWindows
        What was decoded of it, of whichever clips.

    Examples
    --------
    >>> clips_left([(0, 900), (1000, 1400)], DecodedWindows())
    [0, 1]
    """
    reached = {window.position.clip: window.position.seek for window in done.windows}
    return [n for n, (_, end) in enumerate(clips) if reached.get(n, -1) < end]
