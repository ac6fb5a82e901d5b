"""Our loop against openai-whisper's own ``transcribe``, on a small network of random weights.

Random weights say nonsense, and that is the point: timestamps in odd places, repetitions,
improbable words and silence reach every branch of the loop within seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.engine.interface import FRAMES_PER_SECOND, DecodedWindows, Position

from .rounding import same_segment

whisper = openai_whisper.load()

from transcriber.engine.features import LogMelSpectrogram  # noqa: E402
from transcriber.engine.loop import STUCK_LIMIT, clips, transcribe_windows  # noqa: E402
from transcriber.engine.model import WhisperModel  # noqa: E402
from transcriber.settings import DecodingSettings, fallback_temperatures  # noqa: E402

SECONDS = 40

OURS = {"seed", "compute_type", "hotwords", "multilingual", "batch_size", "vad_filter"}
OURS |= {"vad_threshold", "vad_min_silence_ms", "vad_speech_pad_ms"}
"""Settings that openai-whisper does not have."""


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads would wait for each other longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def network() -> Any:
    torch.manual_seed(1)
    # A text context of 64 tokens keeps the windows short: 32 tokens each.
    dimensions = whisper.model.ModelDimensions(80, 1500, 32, 2, 1, 51865, 64, 32, 2, 2)
    model = whisper.model.Whisper(dimensions).eval()
    with torch.no_grad():
        torch.nn.init.normal_(model.decoder.positional_embedding)
        for parameter in model.parameters():
            parameter.mul_(1.5)
    return model


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    generator = np.random.default_rng(2)
    noise = generator.normal(size=SECONDS * 16000) * 2000
    loudness = np.repeat(generator.uniform(0, 1, SECONDS), 16000)
    return (noise * loudness).astype("<i2")


def ours(network: Any, samples: np.ndarray, settings: DecodingSettings) -> dict[str, Any]:
    model = WhisperModel(network, settings)
    features = LogMelSpectrogram(80)
    features.read([samples.tobytes()])
    probabilities = model.language_probabilities(model.encode(features.window(0, 3000)))
    language = settings.language or max(probabilities, key=probabilities.__getitem__)
    windows = tuple(
        transcribe_windows(model, features, settings, language=language, done=DecodedWindows())
    )
    return {
        "segments": DecodedWindows(language=language, windows=windows).segments,
        "language": language,
        "windows": windows,
    }


def reference(
    network: Any, samples: np.ndarray, settings: DecodingSettings, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    decode = type(network).decode

    def seeded(model: Any, mel: Any, options: Any) -> Any:
        if options.temperature > 0:
            torch.manual_seed(settings.seed)
        return decode(model, mel, options)

    monkeypatch.setattr(type(network), "decode", seeded)
    options = {
        name: getattr(settings, name)
        for name in DecodingSettings.__dataclass_fields__
        if name not in {"temperatures", "clip_timestamps"} | OURS
    }
    result: dict[str, Any] = whisper.transcribe(
        network,
        samples.astype(np.float32) / 32768.0,
        temperature=settings.temperatures,
        clip_timestamps=list(settings.clip_timestamps),
        verbose=None,
        **options,
    )
    return result


PLAIN = DecodingSettings(language="en", beam_size=None, fp16=False, temperatures=(0.0,))
EVERYTHING = replace(
    PLAIN,
    no_speech_threshold=None,
    logprob_threshold=None,
    compression_ratio_threshold=None,
)

CASES = {
    "greedy": EVERYTHING,
    "detected language": replace(EVERYTHING, language=None),
    "beam search": replace(EVERYTHING, beam_size=2, patience=1.5, length_penalty=0.5),
    "translate": replace(EVERYTHING, task="translate", language="de"),
    "thresholds": PLAIN,
    "fallback": replace(
        PLAIN, temperatures=fallback_temperatures(0.0, 0.4), best_of=2, no_speech_threshold=None
    ),
    "no context": replace(EVERYTHING, condition_on_previous_text=False),
    "prompt": replace(EVERYTHING, initial_prompt="Names: Kubernetes, Zürich."),
    "carried prompt": replace(
        EVERYTHING, initial_prompt="Names: Kubernetes, Zürich.", carry_initial_prompt=True
    ),
    "clips": replace(EVERYTHING, clip_timestamps=(3.0, 6.5, 20.0, 32.0, 36.0)),
    "suppressed tokens": replace(EVERYTHING, suppress_tokens="-1,11,13,50364"),
    "words": replace(EVERYTHING, word_timestamps=True),
    "hallucinations": replace(
        EVERYTHING, word_timestamps=True, hallucination_silence_threshold=0.5
    ),
    "hallucinations, long silence": replace(
        EVERYTHING, word_timestamps=True, hallucination_silence_threshold=4.0
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_openai_whisper(
    case: str, network: Any, samples: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = CASES[case]
    expected = reference(network, samples, settings, monkeypatch)
    actual = ours(network, samples, settings)
    assert actual["language"] == expected["language"]
    assert len(actual["segments"]) == len(expected["segments"])
    for mine, theirs in zip(actual["segments"], expected["segments"], strict=True):
        assert same_segment(mine, theirs), (mine, theirs)


def test_goes_on_from_any_window(network: Any, samples: np.ndarray) -> None:
    settings = CASES["hallucinations"]
    whole = ours(network, samples, settings)
    model = WhisperModel(network, settings)
    features = LogMelSpectrogram(80)
    features.read([samples.tobytes()])
    windows = whole["windows"]
    assert len(windows) > 2
    for count in {0, 1, len(windows) // 2, len(windows) - 1, len(windows)}:
        done = DecodedWindows(language="en", windows=windows[:count])
        rest = transcribe_windows(model, features, settings, language="en", done=done)
        assert tuple(rest) == windows[count:]


def test_a_loop_that_stands_still_moves_on(
    network: Any, samples: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = WhisperModel(network, PLAIN)
    features = LogMelSpectrogram(80)
    features.read([samples[: 40 * 16000].tobytes()])
    begin = model.tokenizer("en").timestamp_begin
    stuck = replace(
        model.decode(
            model.encode(features.window(0, 3000)), language="en", prompt=[], temperature=0.0
        ),
        tokens=(begin, 400, begin, begin, 500),
        no_speech_prob=0.0,
    )
    monkeypatch.setattr(model, "decode", lambda *_, **__: stuck)
    windows = list(
        transcribe_windows(model, features, EVERYTHING, language="en", done=DecodedWindows())
    )
    assert [window.position.seek for window in windows][:STUCK_LIMIT] == [0, 0, 0, 0, 3000]
    assert len(windows) == 2 * STUCK_LIMIT


def test_clips() -> None:
    assert clips((0.0,), 500) == [(0, 500)]
    assert clips((), 500) == [(0, 500)]
    assert clips((1.0, 2.0, 3.5), 500) == [(100, 200), (350, 500)]
    assert clips((1.0, 90.0), 500) == [(100, 500)]


def test_an_empty_recording_has_no_windows(network: Any) -> None:
    model = WhisperModel(network, PLAIN)
    features = LogMelSpectrogram(80)
    features.read([b"\0\0" * 100])
    windows = transcribe_windows(model, features, PLAIN, language="en", done=DecodedWindows())
    assert list(windows) == []


def test_a_finished_recording_has_no_more_windows(network: Any, samples: np.ndarray) -> None:
    windows = ours(network, samples, EVERYTHING)["windows"]
    assert windows[-1].position == replace(
        windows[-1].position, seek=SECONDS * FRAMES_PER_SECOND, clip=Position().clip
    )
