"""Decoding the clips of recordings side by side, wherever the network computes."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from transcriber.engine.heard import WINDOW, HeardRecording
from transcriber.engine.interface import Clip, DecodedWindows, WindowResult
from transcriber.engine.network_engine import NetworkEngine

if TYPE_CHECKING:
    from transcriber.engine.batching import Key, Loops, RequestBatch
    from transcriber.engine.encoding import WindowEncoder
    from transcriber.engine.hypothesis import Hypothesis
    from transcriber.engine.request import Loop, Request


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


class ClipwiseEngine(NetworkEngine):
    """Decodes each clip of a recording as openai-whisper decodes a whole one.

    What is said in a clip does not hang on the clips before it, nor on which others are decoded
    beside it.
    """

    side_by_side = True

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._batch: RequestBatch | None = None
        self._encoders: dict[int, WindowEncoder] = {}

    def take(self) -> TakenRecording:
        """Hand over the recording that was read last, so that another one can be read."""
        taken = TakenRecording(self._heard(), self._encoders)
        self._recording = self._windows = None
        self._encoders = {}
        return taken

    def release(self) -> HeardRecording | None:
        """Hand over the recording that was read, without what its network has made of it."""
        self._encoders = {}
        return super().release()

    def close(self) -> None:
        """Forget the recording that was read last, unless it was taken."""
        self._encoders = {}
        super().close()

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        """Decode the clips of one recording side by side; yield their windows in order."""
        recording = TakenRecording(self._heard(), self._encoders)
        clips = len(recording.clips or ())
        held: list[list[WindowResult]] = [[] for _ in range(clips)]
        left = set(clips_left(recording.clips or (), done))
        first = min(left, default=0)
        try:
            for clip, window in self.decode(self.loops(recording, language, done)):
                if window is None:
                    left.discard(clip)
                else:
                    held[clip].append(window)
                while first < clips:
                    ready, held[first] = held[first], []
                    yield from ready
                    if first in left:
                        break
                    first += 1
        finally:
            if left:
                # Nobody waits for what is still in it.
                self._batch = None

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
        from transcriber.engine.batching import side_by_side  # noqa: PLC0415  needs the model's

        most = self._settings.batch_size or self._room()
        with self._memory():
            yield from side_by_side(loops, _Current(self, most), most=most)

    def batch(self, windows: int) -> RequestBatch:
        """Return what requests are decoded in with the present model."""
        self._model()
        if self._batch is None:
            self._batch = self._make_batch(windows)
        return self._batch

    @property
    def _listens(self) -> bool:
        return True

    @property
    def _slack(self) -> int | None:
        """Frames of silence behind a window, as `WindowEncoder` has them."""
        return None

    def _room(self) -> int:
        """Return how many windows are decoded side by side where the user does not say."""
        model: Any = self._model()
        windows: int = model.room()
        return windows

    def _make_batch(self, windows: int) -> RequestBatch:
        from transcriber.engine.batching import OneByOne  # noqa: PLC0415

        model: Any = self._model()
        batch: RequestBatch = OneByOne(model) if windows == 1 else model.batch(windows)
        return batch

    def _encoder_of_clip(self, recording: HeardRecording) -> WindowEncoder:
        from transcriber.engine.encoding import WindowEncoder  # noqa: PLC0415

        return WindowEncoder(self._model(), recording.features, self._slack)

    def _encode_clip(self, number: int) -> Any:
        recording = self._heard()
        start, end = (recording.clips or ())[number]
        # The clip's own loop finds it encoded.
        encoder = self._encoder_of_clip(recording)
        self._encoders[number] = encoder
        return encoder.encode(start, min(WINDOW, end - start)).encoded


class _Current:
    """The batch of the kernels that are in use; they change between recordings only."""

    def __init__(self, engine: ClipwiseEngine, windows: int) -> None:
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
