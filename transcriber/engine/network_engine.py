"""The engine whose network is loaded when first needed, in this process or in another.

Reading, listening, the spectrogram and the loop over the windows are the same wherever the network
computes. torch and openai-whisper are loaded with it.
"""

from __future__ import annotations

import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

from transcriber import __version__
from transcriber.engine import openai_whisper
from transcriber.engine.abilities import LATER_LANGUAGES, check_task, language_error
from transcriber.engine.heard import WINDOW, HeardRecording, telling_clips
from transcriber.engine.interface import (
    PLAIN_KERNELS,
    DecodedWindows,
    SpokenLanguage,
    Transcript,
    WindowResult,
)
from transcriber.machine.memory import memory_error
from transcriber.machine.shared_memory import check_shared_memory
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.encoding import WindowEncoder
    from transcriber.engine.interface import Clip
    from transcriber.engine.request import Network
    from transcriber.speech import network as speech

_TELLING_WINDOWS = 3
"""How many tell the language. Each has to be encoded before the first word appears."""


class NetworkEngine(ABC):
    """Decodes one window after the other with a network that a subclass loads.

    Parameters
    ----------
    stored : StoredModel
        The checkpoint.
    device : str
        torch's name for where the network runs.
    settings : DecodingSettings
        How it decodes.
    """

    side_by_side = False
    """Whether what is said in a part does not hang on what was said before it."""

    def __init__(self, stored: StoredModel, *, device: str, settings: DecodingSettings) -> None:
        self._stored = stored
        self._device = device
        self._settings = settings
        self._threads = 1
        self._loaded: Network | None = None
        self._wanted_kernels = ""
        self._recording: HeardRecording | None = None
        self._windows: WindowEncoder | None = None
        self._ear: speech.Network | None = None

    @property
    def settings(self) -> DecodingSettings:
        """How it decodes."""
        return self._settings

    def identity(self) -> Mapping[str, Any]:
        """Return all of its own that decides the text: versions, weights, settings.

        The device is not among them, though its rounding can change a word: what one has begun
        another has to be able to finish, in this run or in the next, when the GPU has failed. Nor
        is what the processor computes in: see `kernels`.
        """
        decoding = asdict(self._settings)
        for name in ("compute_type", "batch_size"):
            del decoding[name]
        return {
            "program": __version__,
            "torch": metadata.version("torch"),
            "openai-whisper": metadata.version("openai-whisper"),
            "model": self._stored.sha256,
            "decoding": decoding,
            "side by side": self.side_by_side,
        }

    def kernels(self) -> str:
        """Return a name for what computes; it is empty for a GPU."""
        if self._device != "cpu":
            return ""
        self._model()
        return PLAIN_KERNELS

    def use_kernels(self, wanted: str) -> None:
        """Compute the next recording with the kernels that are named so, if they are there."""
        self._wanted_kernels = wanted

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        self._threads = threads

    def read(self, blocks: Iterable[bytes]) -> float:
        """Compute the spectrogram of a recording, and listen to it; return its seconds."""
        # A recording that cannot be read is told before the seconds that loading torch takes.
        stream = iter(blocks)
        first = list(itertools.islice(stream, 1))
        model = self._model()
        from transcriber.engine.features import LogMelSpectrogram  # noqa: PLC0415

        self.close()
        features = LogMelSpectrogram(model.mels)
        self._recording = HeardRecording(features, None)
        blocks = itertools.chain(first, stream)
        if not self._listens:
            features.read(blocks)
            return features.seconds
        from transcriber.engine.listening import Listener, make_ear  # noqa: PLC0415
        from transcriber.engine.loop import clips  # noqa: PLC0415

        self._ear = self._ear or make_ear()
        listener = Listener(self._settings, self._ear)
        features.read(listener.listen(blocks))
        within = clips(self._settings.clip_timestamps, features.content_frames)
        self._recording.clips = listener.clips(within)
        return features.seconds

    @property
    def clips(self) -> Sequence[Clip] | None:
        """The parts of the recording in which somebody speaks; None where nobody listened."""
        return self._heard().clips

    def use_clips(self, clips: Sequence[Clip] | None) -> None:
        """Decode the parts that an earlier run has found."""
        self._heard().clips = clips

    def language(self) -> SpokenLanguage:
        """Return the language that was asked for, or else the one that is most probable."""
        model = self._model()
        if not model.multilingual:
            return SpokenLanguage(code="en")
        if self._settings.language is not None:
            return SpokenLanguage(code=self._known(self._settings.language))
        total: dict[str, float] = {}
        count = 0
        with self._memory():
            for encoded in self._telling_windows():
                count += 1
                for code, probability in model.language_probabilities(encoded).items():
                    total[code] = total.get(code, 0.0) + probability
        if not total:
            return SpokenLanguage(code="en")
        code = max(total, key=total.__getitem__)
        return SpokenLanguage(code=code, probability=total[code] / count)

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        """Decode the recording from where `done` ends."""
        from transcriber.engine.loop import transcribe_windows  # noqa: PLC0415

        with self._memory():
            yield from transcribe_windows(
                self._model(),
                self._heard().features,
                self._settings,
                language=language,
                done=done,
                encoder=self._encoder(),
                parts=self._heard().clips,
            )

    def result(self, decoded: DecodedWindows) -> Transcript:
        """Return the transcript in the form that openai-whisper's writers take."""
        segments = decoded.segments
        language = decoded.language or "en"
        tokens = [token for segment in segments for token in segment["tokens"]]
        text: str = self._model().tokenizer(language).decode(tokens)
        return {"text": text, "segments": segments, "language": language}

    def close(self) -> None:
        """Forget the recording."""
        self._windows = None
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def prepare(self) -> None:
        """Load the model, which is else done when it is first needed.

        Raises
        ------
        EngineFailedError
            When the GPU does not take it.
        """
        self._model()

    def release(self) -> HeardRecording | None:
        """Hand over the recording that was read, which lies in the memory of the processor."""
        recording, self._recording = self._recording, None
        self._windows = None
        return recording

    def adopt(self, recording: HeardRecording) -> None:
        """Take over a recording that another engine has read, for the same model."""
        self.close()
        self._recording = recording

    @abstractmethod
    def abandon(self) -> None:
        """Let go of a network that has failed. The engine is never used again."""

    @abstractmethod
    def _load(self) -> Network:
        """Load the network."""

    def _model(self) -> Network:
        if self._loaded is None:
            check_shared_memory()
        openai_whisper.load()
        import torch  # noqa: PLC0415

        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        if self._loaded is None:
            loaded = self._load()
            check_task(self._stored.name, self._settings, multilingual=loaded.multilingual)
            self._loaded = loaded
        return self._loaded

    def _known(self, language: str) -> str:
        """Return a language that was asked for, if the model has a token for it."""
        if language in LATER_LANGUAGES:
            try:
                self._model().tokenizer(language)
            except ValueError as error:
                raise language_error(self._stored.name, language) from error
        return language

    @contextlib.contextmanager
    def _memory(self) -> Iterator[None]:
        """Tell in one line that memory ran out while loading or decoding."""
        try:
            yield
        except (MemoryError, RuntimeError, OSError) as error:
            from transcriber.engine.model import is_out_of_memory  # noqa: PLC0415

            if is_out_of_memory(error):
                raise memory_error(self._stored.name) from error
            raise

    @property
    def _listens(self) -> bool:
        """Whether it has to know where somebody speaks."""
        return bool(self._settings.vad_filter)

    def _telling_windows(self) -> Iterator[Any]:
        """Yield encoded windows that tell the language.

        openai-whisper takes the first 30 s and puts silence behind a shorter recording, unlike
        behind the windows that it decodes. Where is known where somebody speaks, some windows of
        that tell it.
        """
        recording = self._heard()
        if recording.clips is not None:
            for number in telling_clips(recording.clips, _TELLING_WINDOWS):
                yield self._encode_clip(number)
            return
        yield self._encoder().encode(0, self._telling_frames(recording)).encoded

    def _telling_frames(self, recording: HeardRecording) -> int:
        """Return how many frames of a recording that nobody listened to tell its language."""
        return WINDOW

    def _encode_clip(self, number: int) -> Any:
        """Return the first window of a clip, encoded."""
        start, end = (self._heard().clips or ())[number]
        return self._encoder().encode(start, min(WINDOW, end - start)).encoded

    def _encoder(self) -> WindowEncoder:
        if self._windows is None:
            from transcriber.engine.encoding import WindowEncoder  # noqa: PLC0415

            self._windows = WindowEncoder(self._model(), self._heard().features)
        return self._windows

    def _heard(self) -> HeardRecording:
        if self._recording is None:
            raise RuntimeError("read a recording first")
        return self._recording
