"""The engine of this process: torch and openai-whisper, loaded when first needed."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

from transcriber import __version__
from transcriber.engine import openai_whisper
from transcriber.engine.device_failures import device_failures, failure
from transcriber.engine.interface import Progress, WindowResult
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.features import LogMelSpectrogram
    from transcriber.engine.loop import Network

_ABANDONED: list[object] = []
"""Models of GPUs that failed. To free their memory would call the broken driver once more."""


def has_abandoned() -> bool:
    """Whether this process holds a GPU that failed."""
    return bool(_ABANDONED)


class LocalEngine:
    """Decodes in this process.

    On a GPU whatever fails is an `EngineFailedError`, and so is an answer that no working GPU
    gives. A kernel that never ends cannot be told from one that takes long, and nothing in the
    process can end it: only at the start is there a time limit (`transcriber.machine.device`).

    Parameters
    ----------
    stored : StoredModel
        The checkpoint.
    device : str
        torch's name for where it runs.
    settings : DecodingSettings
        How it decodes.
    """

    def __init__(self, stored: StoredModel, *, device: str, settings: DecodingSettings) -> None:
        self._stored = stored
        self._device = device
        self._settings = settings
        self._threads = 1
        self._loaded: Network | None = None
        self._features: LogMelSpectrogram | None = None

    def identity(self) -> Mapping[str, Any]:
        """Return all of its own that decides the text: versions, weights, settings.

        The device is not among them, though its rounding can change a word: what one has begun
        another has to be able to finish, in this run or in the next, when the GPU has failed.
        """
        return {
            "program": __version__,
            "torch": metadata.version("torch"),
            "openai-whisper": metadata.version("openai-whisper"),
            "model": self._stored.sha256,
            "decoding": asdict(self._settings),
        }

    def use_threads(self, threads: int) -> None:
        """Compute with so many threads from now on."""
        self._threads = threads

    def read(self, blocks: Iterable[bytes]) -> float:
        """Compute the spectrogram of a recording; return the recording's seconds."""
        # A recording that cannot be read is told before the seconds that loading torch takes.
        stream = iter(blocks)
        first = list(itertools.islice(stream, 1))
        model = self._model()
        from transcriber.engine.features import LogMelSpectrogram  # noqa: PLC0415

        self.close()
        self._features = LogMelSpectrogram(model.mels)
        self._features.read(itertools.chain(first, stream))
        return self._features.seconds

    def language(self) -> tuple[str, bool]:
        """Return the language that was asked for, or else the one of the first 30 s."""
        model = self._model()
        if not model.multilingual:
            return "en", False
        if self._settings.language is not None:
            return self._settings.language, False
        with self._memory():
            return model.detect_language(self._spectrogram().beginning()), True

    def windows(self, language: str, done: Progress) -> Iterator[WindowResult]:
        """Decode the recording from where `done` ends."""
        from transcriber.engine.loop import transcribe_windows  # noqa: PLC0415

        with self._memory():
            yield from transcribe_windows(
                self._model(), self._spectrogram(), self._settings, language=language, done=done
            )

    def result(self, progress: Progress) -> dict[str, Any]:
        """Return the transcript in the form that openai-whisper's writers take."""
        segments = progress.segments
        language = progress.language or "en"
        tokens = [token for segment in segments for token in segment["tokens"]]
        text = self._model().tokenizer(language).decode(tokens)
        return {"text": text, "segments": segments, "language": language}

    def close(self) -> None:
        """Forget the recording."""
        if self._features is not None:
            self._features.close()
            self._features = None

    def prepare(self) -> None:
        """Load the model, which is else done when it is first needed.

        Raises
        ------
        EngineFailedError
            When the GPU does not take it.
        """
        self._model()

    def release(self) -> LogMelSpectrogram | None:
        """Hand over the recording that was read, which lies in the memory of the processor."""
        features, self._features = self._features, None
        return features

    def adopt(self, features: LogMelSpectrogram) -> None:
        """Take over a recording that another engine has read, for the same model."""
        self.close()
        self._features = features

    def abandon(self) -> None:
        """Give up a GPU that has failed, without asking anything of it."""
        if self._device != "cpu":
            # Even where loading failed, the driver was called.
            _ABANDONED.append(self._loaded)
            self._loaded = None

    def _model(self) -> Network:
        openai_whisper.load()
        import torch  # noqa: PLC0415

        if torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def _load(self) -> Network:
        from transcriber.engine.model import load_model  # noqa: PLC0415

        if self._device == "cpu":
            return load_model(self._stored, device="cpu", settings=self._settings)
        from transcriber.engine.watched_model import WatchedModel  # noqa: PLC0415

        self._check_gpu_memory()
        model = load_model(self._stored, device=self._device, settings=self._settings)
        return WatchedModel(model, self._device)

    def _check_gpu_memory(self) -> None:
        """Refuse a GPU that is too full before the seconds that reading the weights takes."""
        import torch  # noqa: PLC0415

        with device_failures(self._device):
            torch.cuda.init()  # type: ignore[no-untyped-call]
            free, _ = torch.cuda.mem_get_info(self._device)
        if free < self._stored.size:
            raise failure(
                self._device,
                f"{free // 10**6} MB of its memory are free, and the model "
                f"{self._stored.name} needs more than {self._stored.size // 10**6} MB",
            )

    @contextlib.contextmanager
    def _memory(self) -> Iterator[None]:
        """Tell in one line that memory ran out while decoding."""
        from transcriber.engine.model import is_out_of_memory, memory_error  # noqa: PLC0415

        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, MemoryError) or is_out_of_memory(error):
                raise memory_error(self._stored.name) from error
            raise

    def _spectrogram(self) -> LogMelSpectrogram:
        if self._features is None:
            raise RuntimeError("read a recording first")
        return self._features
