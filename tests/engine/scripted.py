"""Running openai-whisper's ``transcribe`` on decoder outputs that a test makes up.

This is how our rules are compared with theirs without a network: its loop gets the tokens and,
where wanted, the words of one window, and shows what it makes of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from transcriber.engine import openai_whisper

whisper = openai_whisper.load()

from whisper.audio import N_FRAMES  # noqa: E402
from whisper.decoding import DecodingResult  # noqa: E402
from whisper.tokenizer import get_tokenizer  # noqa: E402

TOKENIZER = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
MELS = 80
LOGPROB, RATIO, NO_SPEECH = -0.25, 1.5, 0.125


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What openai-whisper made of a window.

    Attributes
    ----------
    segments : list of dict
        Its segments.
    seek : int or None
        Frame that the next window begins with; None where there is no next window.
    """

    segments: list[dict[str, Any]]
    seek: int | None


def reference(
    tokens: Sequence[int],
    *,
    seek: int,
    end: int,
    content_frames: int,
    add_words: Callable[[list[dict[str, Any]]], None] | None = None,
    threshold: float | None = None,
) -> Outcome:
    """Let openai-whisper cut the window at `seek`, of a clip that ends at `end`, in frames."""
    module = importlib.import_module("whisper.transcribe")
    # Each frame holds its number, by which a window is recognised.
    count = content_frames + N_FRAMES
    frames = torch.arange(count, dtype=torch.float32).expand(MELS, count)
    seeks: list[int] = []

    def decode(mel: torch.Tensor, options: Any) -> DecodingResult:
        seeks.append(int(mel[0, 0]))
        # All windows after the first are silent.
        return DecodingResult(
            audio_features=torch.zeros(1),
            language="en",
            tokens=list(tokens) if len(seeks) == 1 else [],
            temperature=options.temperature,
            avg_logprob=LOGPROB if len(seeks) == 1 else -9.0,
            compression_ratio=RATIO,
            no_speech_prob=NO_SPEECH if len(seeks) == 1 else 1.0,
        )

    def words(segments: list[dict[str, Any]], **_: Any) -> None:
        if add_words is not None:
            add_words(segments)

    model = SimpleNamespace(
        device=torch.device("cpu"),
        dims=SimpleNamespace(n_mels=MELS, n_audio_ctx=1500, n_text_ctx=448),
        is_multilingual=True,
        num_languages=99,
        decode=decode,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "log_mel_spectrogram", lambda *_, **__: frames)
        patch.setattr(module, "add_word_timestamps", words)
        result = module.transcribe(
            model,
            torch.zeros(1),
            language="en",
            fp16=False,
            temperature=0.0,
            clip_timestamps=[seek / 100, end / 100],
            word_timestamps=add_words is not None,
            hallucination_silence_threshold=threshold,
        )
    assert seeks[0] == seek
    segments = [{k: v for k, v in segment.items() if k != "id"} for segment in result["segments"]]
    return Outcome(segments=segments, seek=seeks[1] if len(seeks) > 1 else None)
