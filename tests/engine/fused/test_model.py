"""The model on the fused operators against the one on openai-whisper's network."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transcriber import operators
from transcriber.engine import openai_whisper
from transcriber.engine.interface import DecodedWindows, Segment
from transcriber.errors import UsageError
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings, fallback_temperatures

openai_whisper.load()

from transcriber.engine.features import LogMelSpectrogram  # noqa: E402
from transcriber.engine.fused.forms import choose_forms  # noqa: E402
from transcriber.engine.fused.loading import load_packed  # noqa: E402
from transcriber.engine.fused.model import FusedModel  # noqa: E402
from transcriber.engine.loop import transcribe_windows  # noqa: E402
from transcriber.engine.model import WhisperModel  # noqa: E402
from transcriber.engine.model_loading import load_model  # noqa: E402
from transcriber.engine.request import Network  # noqa: E402

from . import reference_operators  # noqa: E402
from .small_models import network, save  # noqa: E402

PLAIN = DecodingSettings(
    language="en",
    beam_size=None,
    fp16=False,
    no_speech_threshold=None,
    logprob_threshold=None,
    compression_ratio_threshold=None,
)

CASES = {
    "greedy": PLAIN,
    "detected language": replace(PLAIN, language=None),
    "beam search": replace(PLAIN, beam_size=3, patience=1.5, length_penalty=0.5),
    "translate": replace(PLAIN, task="translate", language="de"),
    "fallback": replace(
        PLAIN,
        temperatures=fallback_temperatures(0.0, 0.5),
        best_of=2,
        logprob_threshold=1.0,
    ),
    "no context": replace(PLAIN, condition_on_previous_text=False),
    "prompt": replace(PLAIN, initial_prompt="Names: Kubernetes, Zürich."),
    "clips": replace(PLAIN, clip_timestamps=(3.0, 6.5, 20.0, 32.0)),
    "suppressed tokens": replace(PLAIN, suppress_tokens="-1,11,13,50364"),
    "others suppressed": replace(PLAIN, suppress_tokens="13,-7"),
    "none suppressed": replace(PLAIN, suppress_tokens=""),
    "words": replace(PLAIN, word_timestamps=True, hallucination_silence_threshold=0.5),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def multilingual(folder: Path) -> StoredModel:
    return save(network(), folder / "mine.pt")


@pytest.fixture(scope="module")
def samples() -> bytes:
    generator = np.random.default_rng(2)
    noise = generator.normal(size=33 * 16000) * 2000
    loudness = np.repeat(generator.uniform(0, 1, 33), 16000)
    return bytes((noise * loudness).astype("<i2").tobytes())


def fused(
    model: StoredModel, settings: DecodingSettings, compute_type: str = "float32"
) -> FusedModel:
    packed = load_packed(model, choose_forms(compute_type, operators.capability()))
    assert packed is not None
    return FusedModel(packed, settings, official=None)


def plain(model: StoredModel, settings: DecodingSettings) -> WhisperModel:
    return load_model(model, device="cpu", settings=settings)


def segments(model: Network, settings: DecodingSettings, samples: bytes) -> list[Segment]:
    features = LogMelSpectrogram(80)
    features.read([samples])
    language = settings.language
    if language is None:
        probabilities = model.language_probabilities(model.encode(features.window(0, 3000)))
        language = max(probabilities, key=probabilities.__getitem__)
    windows = transcribe_windows(
        model, features, settings, language=language, done=DecodedWindows()
    )
    return DecodedWindows(language=language, windows=tuple(windows)).segments


def alike(mine: Any, theirs: Any) -> bool:
    """Whether two values are equal but for what single precision rounds."""
    if isinstance(mine, Mapping):
        return mine.keys() == theirs.keys() and all(alike(mine[k], theirs[k]) for k in mine)
    if isinstance(mine, list):
        return len(mine) == len(theirs) and all(map(alike, mine, theirs))
    if isinstance(mine, float):
        return mine == pytest.approx(theirs, rel=1e-3, abs=1e-4)
    return bool(mine == theirs)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("case", CASES)
def test_says_what_openai_whisper_says(
    case: str, multilingual: StoredModel, samples: bytes
) -> None:
    settings = CASES[case]
    expected = segments(plain(multilingual, settings), settings, samples)
    actual = segments(fused(multilingual, settings), settings, samples)
    assert actual
    for mine, theirs in zip(actual, expected, strict=True):
        assert alike(mine, theirs), (mine, theirs)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("compute_type", ["bfloat16", "int8"])
def test_other_compute_types_differ_in_rounding(
    compute_type: str, multilingual: StoredModel
) -> None:
    window = torch.randn(80, 3000, generator=torch.Generator().manual_seed(1))
    exact, rounded = (fused(multilingual, PLAIN, kind) for kind in ("float32", compute_type))
    hypotheses = [
        model.decode(model.encode(window), language="en", prompt=[400, 500], temperature=0.0)
        for model in (exact, rounded)
    ]
    first, second = hypotheses
    assert first.tokens[:4] == second.tokens[:4]
    assert first.avg_logprob == pytest.approx(second.avg_logprob, abs=0.05)
    assert first.no_speech_prob == pytest.approx(second.no_speech_prob, abs=0.05)


@pytest.mark.usefixtures("either")
def test_a_model_that_knows_english_only(folder: Path, samples: bytes) -> None:
    model = save(network(n_vocab=51864), folder / "english.pt")
    settings = replace(PLAIN, word_timestamps=True)
    assert not fused(model, settings).multilingual
    assert fused(model, settings).tokenizer("en").language is None
    expected = segments(plain(model, settings), settings, samples)
    assert alike(segments(fused(model, settings), settings, samples), expected)


@pytest.mark.usefixtures("reference")
def test_what_a_model_is(folder: Path, multilingual: StoredModel) -> None:
    ours, theirs = fused(multilingual, PLAIN), plain(multilingual, PLAIN)
    for name in ("mels", "multilingual", "languages", "vocabulary", "prompt_limit"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.tokenizer("de").language == "de"
    large = fused(save(network(n_mels=128, n_vocab=51866), folder / "large.pt"), PLAIN)
    assert (large.mels, large.languages) == (128, 100)


@pytest.mark.usefixtures("computing_reference")
def test_nothing_is_encoded_twice(
    multilingual: StoredModel, samples: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[torch.Tensor] = []

    def encode(weights: Any, mel: torch.Tensor, heads: int) -> torch.Tensor:
        windows.append(mel)
        return reference_operators.encode(weights, mel, heads)

    monkeypatch.setitem(reference_operators.OPERATORS, "encode", encode)
    settings = CASES["words"]
    segments(fused(multilingual, settings), settings, samples)
    assert not any(torch.equal(a, b) for a, b in itertools.pairwise(windows))


@pytest.mark.usefixtures("reference")
def test_unknown_tokens_are_told(multilingual: StoredModel) -> None:
    with pytest.raises(UsageError, match="--suppress_tokens"):
        fused(multilingual, replace(PLAIN, suppress_tokens="51865"))


@pytest.mark.usefixtures("computing_reference")
@pytest.mark.parametrize(
    ("compute_type", "exact"), [("float32", True), ("bfloat16", False), ("int8", False)]
)
def test_how_the_operators_are_asked(
    compute_type: str, exact: bool, multilingual: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def decode(*arguments: Any, **options: Any) -> Any:
        asked.append((arguments[3], options))
        return torch.tensor([400, 51000, 500]), torch.tensor([-2.0, 0.25], dtype=torch.float64)

    monkeypatch.setattr(reference_operators, "decode", decode)
    settings = replace(PLAIN, beam_size=4, best_of=3, patience=2.0, length_penalty=0.5, seed=9)
    model = fused(multilingual, settings, compute_type)
    encoded = model.encode(torch.zeros(80, 3000))
    found = model.decode(encoded, language="de", prompt=list(range(100)), temperature=0.0)
    assert (found.tokens, found.avg_logprob, found.no_speech_prob) == (
        (400, 51000, 500),
        -0.5,
        0.25,
    )
    model.decode(encoded, language="de", prompt=[], temperature=0.4)
    (first, searching), (second, sampling) = asked
    tokenizer = model.tokenizer("de")
    assert first == [tokenizer.sot_prev, *range(69, 100), *tokenizer.sot_sequence]
    assert second == list(tokenizer.sot_sequence)
    assert (searching["sot_index"], sampling["sot_index"]) == (32, 0)
    common = {"length_penalty": 0.5, "seed": 9, "sample_len": 32}
    beams = {"beam_size": 4, "patience": 2.0, "best_of": 1, "temperature": 0.0}
    samples = {"beam_size": 0, "patience": 1.0, "best_of": 3, "temperature": 0.4}
    beams["exact_sampling"], samples["exact_sampling"] = False, exact
    for options, expected in ((searching, beams), (sampling, samples)):
        wanted = common | expected
        assert {name: options[name] for name in wanted} == wanted
        assert options["max_initial_timestamp"] == 50
        assert options["suppress_first"] == (220, tokenizer.eot)
