"""A Whisper model on the processor, computed by the fused operators."""

from __future__ import annotations

import contextlib
import functools
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from whisper.tokenizer import get_tokenizer

from transcriber import operators
from transcriber.engine.fused.batch import FusedBatch, Prepared
from transcriber.engine.fused.loading import Heads, alignment_heads
from transcriber.engine.fused.packed_file import PackedModel
from transcriber.engine.fused.prompting import initial_tokens, search_of
from transcriber.engine.fused.words import Alignment, add_words, align
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.request import Request
from transcriber.engine.tokens import check_tokens
from transcriber.settings import DecodingSettings

if TYPE_CHECKING:
    from transcriber.engine.interface import Segment
    from transcriber.engine.word_request import WordRequest

_ENGLISH_VOCABULARY = 51864
"""Tokens of a model that knows English only; every language more has one."""

Encoded = list[torch.Tensor]
"""What the decoder attends to in a window, in a form of the operators' own."""


class FusedModel:
    """One model in memory, with the methods of a `WhisperModel`.

    Parameters
    ----------
    packed : PackedModel
        Its weights.
    settings : DecodingSettings
        How it is to decode.
    official : str or None
        openai-whisper's name of it, by which the attention heads are known that time words.

    Raises
    ------
    UsageError
        When a token that is never to be written is none of the model's.
    """

    def __init__(
        self, packed: PackedModel, settings: DecodingSettings, *, official: str | None
    ) -> None:
        dimensions = packed.description.dimensions
        self.mels = dimensions["n_mels"]
        self.vocabulary = dimensions["n_vocab"]
        self.multilingual = self.vocabulary > _ENGLISH_VOCABULARY
        self.prompt_limit = dimensions["n_text_ctx"] // 2 - 1
        check_tokens(settings.suppress_tokens, self.vocabulary)
        self._dimensions = dimensions
        self._encoder, self._decoder = packed.encoder, packed.decoder
        self._heads: Heads = alignment_heads(packed.description, official)
        forms = packed.description.forms
        self._exact = forms.label == "float32"
        self._cross_size = {"int8": 1, "bfloat16": 2}.get(forms.decoder, 4)
        self._settings = settings
        self._vocabulary_reader: threading.Thread | None = None

    @property
    def languages(self) -> int:
        """How many languages it knows."""
        # The tokens beside those of languages are as many in every model.
        return self.vocabulary - 51765 - int(self.multilingual)

    @property
    def window_bytes(self) -> int:
        """What a window takes of the memory while it is decoded, about."""
        dimensions = self._dimensions
        # Most texts end in the first half of the context.
        own = 4 * self._rows * dimensions["n_text_ctx"] // 2
        positions = dimensions["n_audio_ctx"] * self._cross_size + own
        return 2 * dimensions["n_text_layer"] * dimensions["n_text_state"] * positions

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language and the task of the settings."""
        if self._vocabulary_reader is not None:
            self._vocabulary_reader.join()
        return self._make_tokenizer(language)

    def encode(self, window: torch.Tensor) -> Encoded:
        """Run the encoder, and what the decoder makes of its output once for all tokens.

        Parameters
        ----------
        window : torch.Tensor, shape = (mels, 3000)
        """
        if self._vocabulary_reader is None:
            # It takes as long as a window, and the encoder does not hold the interpreter.
            self._vocabulary_reader = threading.Thread(target=self._read_vocabulary, daemon=True)
            self._vocabulary_reader.start()
        features = operators.encode(self._encoder, window, self._dimensions["n_audio_head"])
        return operators.cross(self._decoder, features, self._dimensions["n_text_head"])

    def language_probabilities(self, encoded: Encoded) -> dict[str, float]:
        """Return how probably each language is spoken in a window, by its code."""
        tokenizer = self.tokenizer("en")
        logits, _ = self._forward(encoded, [tokenizer.sot], rows=[0])
        of_languages = logits[0].numpy()[list(tokenizer.all_language_tokens)]
        weights = np.exp(of_languages - of_languages.max())
        probabilities = (weights / weights.sum()).tolist()
        return dict(zip(tokenizer.all_language_codes, probabilities, strict=True))

    def decode(
        self, encoded: Encoded, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode one window at one temperature.

        Parameters
        ----------
        encoded : list of torch.Tensor
            What `encode` made of the window.
        language : str
            Its code.
        prompt : list of int
            Tokens of the text before the window.
        temperature : float
            0 for beam search or greedy decoding, else for sampling.
        """
        request = Request(
            encoded=encoded, language=language, prompt=prompt, temperature=temperature
        )
        if self._exact and temperature > 0:
            # PyTorch's generator draws then.
            torch.manual_seed(self._settings.seed)
        self._single.add(0, request)
        ((_, hypothesis),) = self._single.run()
        return hypothesis

    def batch(self, windows: int) -> FusedBatch:
        """Return a batch for so many windows; without PyTorch's generator, which they would share.

        Parameters
        ----------
        windows : int
            How many are decoded side by side where none of them has to be sampled.
        """
        settings = self._settings
        slots = max(windows * (settings.beam_size or 1), self._rows)
        return self._make_batch(slots, exact=False)

    def add_words(self, segments: list[Segment], request: WordRequest) -> None:
        """Give each segment its words with their times, and tighten its own times to them."""
        tokenizer = self.tokenizer(request.language)
        text = [token for segment in segments for token in segment["tokens"]]
        text = [token for token in text if token < tokenizer.eot]
        words = self._align(request, tokenizer, text) if text else []
        add_words(
            segments,
            words,
            eot=tokenizer.eot,
            prepended=self._settings.prepend_punctuations,
            appended=self._settings.append_punctuations,
            last_speech=request.last_speech,
        )

    @property
    def _rows(self) -> int:
        """How many rows a request takes at most."""
        sampled = any(temperature > 0 for temperature in self._settings.temperatures)
        return max(self._settings.beam_size or 1, (self._settings.best_of or 1) * sampled)

    @functools.cached_property
    def _single(self) -> FusedBatch:
        return self._make_batch(self._rows, exact=self._exact)

    def _make_batch(self, slots: int, *, exact: bool) -> FusedBatch:
        prepare = functools.partial(self._prepare, exact=exact)
        return FusedBatch(self._decoder, self._dimensions["n_text_head"], slots, prepare)

    def _prepare(self, request: Request, *, exact: bool) -> Prepared:
        tokenizer = self.tokenizer(request.language)
        prompt = initial_tokens(tokenizer, request.prompt, self.prompt_limit)
        search = search_of(
            self._settings,
            tokenizer,
            self._dimensions,
            prompt=prompt,
            temperature=request.temperature,
            exact=exact,
        )
        return Prepared(prompt=prompt, search=search, tokenizer=tokenizer)

    def _make_tokenizer(self, language: str) -> Any:
        return get_tokenizer(
            self.multilingual,
            num_languages=self.languages,
            language=language,
            task=self._settings.task,
        )

    def _read_vocabulary(self) -> None:
        # What fails here fails again where the tokenizer is asked for, and is told there.
        with contextlib.suppress(Exception):
            self._make_tokenizer("en")

    def _align(self, request: WordRequest, tokenizer: Any, text: list[int]) -> list[Alignment]:
        before = len(tokenizer.sot_sequence)
        tokens = [*tokenizer.sot_sequence, tokenizer.no_timestamps, *text, tokenizer.eot]
        logits, scores = self._forward(
            request.encoded, tokens, rows=range(before, before + len(text)), alignment=self._heads
        )
        probabilities = logits[:, : tokenizer.eot].softmax(-1).numpy()
        return align(
            tokenizer,
            text,
            scores.numpy()[:, :, : request.frames // 2],
            probabilities[np.arange(len(text)), text],
            skipped=before,
        )

    def _forward(self, encoded: Encoded, tokens: list[int], **options: Any) -> Any:
        heads = self._dimensions["n_text_head"]
        return operators.forward(self._decoder, encoded, heads, tokens, **options)
