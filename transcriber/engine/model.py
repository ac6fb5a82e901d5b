"""A Whisper model in memory: the encoder, the decoder and the word alignment of openai-whisper.

Other Pythons run this module, too (`transcriber.other_pythons.worker`): it keeps to what Python
3.8 and PyTorch 1.13 know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from whisper.decoding import DecodingOptions, DecodingResult, DecodingTask
from whisper.timing import add_word_timestamps
from whisper.tokenizer import get_tokenizer

from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.rows.room import rows_of, window_bytes, windows_that_fit
from transcriber.engine.tokens import check_tokens
from transcriber.machine import memory

if TYPE_CHECKING:
    from transcriber.engine.interface import Segment
    from transcriber.engine.request import Request
    from transcriber.engine.rows.batch import RowBatch
    from transcriber.engine.word_request import WordRequest
    from transcriber.settings import DecodingSettings


class WhisperModel:
    """One loaded checkpoint on one device.

    Parameters
    ----------
    model : whisper.model.Whisper
        The network.
    settings : DecodingSettings
        How it is to decode.

    Raises
    ------
    UsageError
        When a token that is never to be written is none of the model's.
    """

    def __init__(self, model: Any, settings: DecodingSettings) -> None:
        check_tokens(settings.suppress_tokens, model.dims.n_vocab)
        self._model = model
        self._settings = settings
        # A processor has no half-precision kernels worth using; openai-whisper warns and does this.
        self._half = settings.fp16 and model.device.type == "cuda"
        self.mels: int = model.dims.n_mels
        self.multilingual: bool = model.is_multilingual
        self.vocabulary: int = model.dims.n_vocab
        self.prompt_limit: int = model.dims.n_text_ctx // 2 - 1

    @property
    def languages(self) -> int:
        """How many languages it knows."""
        number: int = self._model.num_languages
        return number

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language and the task of the settings."""
        return get_tokenizer(
            self._model.is_multilingual,
            num_languages=self._model.num_languages,
            language=language,
            task=self._settings.task,
        )

    def language_probabilities(self, window: torch.Tensor) -> dict[str, float]:
        """Return how probably each language is spoken in a window, by its code.

        Parameters
        ----------
        window : torch.Tensor, shape = (mels, 3000) or (1500, state)
            What `encode` made of the window, or the window itself.
        """
        probabilities: dict[str, float] = self._model.detect_language(self._on_device(window))[1]
        return probabilities

    def encode(self, window: torch.Tensor) -> torch.Tensor:
        """Run the encoder.

        Parameters
        ----------
        window : torch.Tensor, shape = (mels, 3000)

        Returns
        -------
        torch.Tensor, shape = (1500, state)
        """
        with torch.no_grad():
            features: torch.Tensor = self._model.encoder(self._on_device(window)[None])[0]
        return features

    def decode(
        self, encoded: torch.Tensor, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode one window at one temperature.

        Parameters
        ----------
        encoded : torch.Tensor, shape = (1500, state)
            What `encode` made of the window.
        language : str
            Its code.
        prompt : list of int
            Tokens of the text before the window.
        temperature : float
            0 for beam search or greedy decoding, else for sampling.
        """
        if temperature > 0:
            # It must not hang on what this process did before, or a continued run would end in
            # another text than an uninterrupted one.
            torch.manual_seed(self._settings.seed)
        options = self._options(language, prompt, temperature)
        result: DecodingResult = self._model.decode(encoded, options)
        return Hypothesis(
            tokens=tuple(result.tokens),
            temperature=temperature,
            avg_logprob=result.avg_logprob,
            compression_ratio=result.compression_ratio,
            no_speech_prob=result.no_speech_prob,
        )

    def batch(self, windows: int) -> RowBatch:
        """Return a batch for so many windows.

        Parameters
        ----------
        windows : int
            How many are decoded side by side where none of them has to be sampled.
        """
        from transcriber.engine.rows.batch import RowBatch  # noqa: PLC0415  few need it

        def task(request: Request) -> DecodingTask:
            options = self._options(request.language, request.prompt, request.temperature)
            return DecodingTask(self._model, options)

        return RowBatch(
            self._model,
            self._settings,
            windows=windows,
            dtype=torch.float16 if self._half else torch.float32,
            task=task,
        )

    def room(self) -> int:
        """Return how many windows are decoded side by side where the user does not say."""
        device = self._model.device
        if device.type != "cuda":
            return 1
        free, _ = torch.cuda.mem_get_info(device)
        rows, size = rows_of(self._settings, 0.0), 2 if self._half else 4
        return windows_that_fit(window_bytes(self._model.dims, rows=rows, size=size), free=free)

    def add_words(self, segments: list[Segment], request: WordRequest) -> None:
        """Give each segment its words with their times, and tighten its own times to them.

        The encoder runs once more: openai-whisper computes its attention in another way then,
        which rounds differently, and both are to give the same times to the last digit.
        """
        add_word_timestamps(
            segments=segments,
            model=self._model,
            tokenizer=self.tokenizer(request.language),
            mel=self._on_device(request.window),
            num_frames=request.frames,
            prepend_punctuations=self._settings.prepend_punctuations,
            append_punctuations=self._settings.append_punctuations,
            last_speech_timestamp=request.last_speech,
        )

    def _options(self, language: str, prompt: list[int], temperature: float) -> DecodingOptions:
        settings = self._settings
        sampling = temperature > 0
        return DecodingOptions(
            task=settings.task,
            language=language,
            temperature=temperature,
            best_of=settings.best_of if sampling else None,
            beam_size=None if sampling else settings.beam_size,
            patience=None if sampling else settings.patience,
            length_penalty=settings.length_penalty,
            prompt=prompt,
            suppress_tokens=settings.suppress_tokens,
            fp16=self._half,
        )

    def _on_device(self, window: torch.Tensor) -> torch.Tensor:
        return window.to(self._model.device, torch.float16 if self._half else torch.float32)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch raised `error` because memory ran out, of the processor or of a GPU.

    Examples
    --------
    >>> is_out_of_memory(MemoryError())
    True
    """
    # The class had no name of its own before PyTorch 2.5.
    classes = getattr(torch, "OutOfMemoryError", None) or torch.cuda.OutOfMemoryError
    return isinstance(error, classes) or memory.is_out_of_memory(error)
