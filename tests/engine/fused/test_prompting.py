"""What is suppressed and what comes first, against openai-whisper's own task."""

from __future__ import annotations

from typing import Any

import pytest

from transcriber.engine import openai_whisper

openai_whisper.load()

from whisper.decoding import DecodingOptions, DecodingTask, SuppressTokens  # noqa: E402
from whisper.tokenizer import get_tokenizer  # noqa: E402

from transcriber.engine.fused.prompting import initial_tokens, suppressed_tokens  # noqa: E402

from .small_models import network  # noqa: E402


@pytest.fixture(scope="module")
def models() -> dict[int, Any]:
    return {
        size: network(n_vocab=size, n_audio_layer=1, n_text_layer=1)
        for size in (51864, 51865, 51866)
    }


def task(model: Any, **options: Any) -> Any:
    return DecodingTask(model, DecodingOptions(language="de", fp16=False, **options))


def tokenizer(model: Any) -> Any:
    return get_tokenizer(
        model.is_multilingual, num_languages=model.num_languages, language="de", task="transcribe"
    )


@pytest.mark.parametrize("vocabulary", [51864, 51865, 51866])
@pytest.mark.parametrize("given", ["-1", "", "11", "11,13,11", "-1,5,-7", "-3,7", "0"])
def test_suppressed_tokens(models: dict[int, Any], vocabulary: int, given: str) -> None:
    model = models[vocabulary]
    filters = task(model, suppress_tokens=given).logit_filters
    suppressing = [each for each in filters if isinstance(each, SuppressTokens)]
    expected = {token % vocabulary for each in suppressing for token in each.suppress_tokens}
    found = suppressed_tokens(tokenizer(model), given, vocabulary)
    assert list(found) == sorted(expected)


@pytest.mark.parametrize("vocabulary", [51864, 51865])
@pytest.mark.parametrize("length", [0, 1, 31, 32, 300])
def test_initial_tokens(models: dict[int, Any], vocabulary: int, length: int) -> None:
    model, prompt = models[vocabulary], list(range(1000, 1000 + length))
    theirs = task(model, prompt=prompt)
    limit = model.dims.n_text_ctx // 2 - 1
    found = initial_tokens(tokenizer(model), prompt, limit)
    assert tuple(found) == theirs.initial_tokens
    assert found.index(tokenizer(model).sot) == theirs.sot_index
