"""What the loop asks for, of a model that says what a test makes up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import Clip, DecodedWindows, WindowResult
from transcriber.engine.word_request import WordRequest
from transcriber.settings import DecodingSettings

openai_whisper.load()

from transcriber.engine.encoding import WindowEncoder  # noqa: E402
from transcriber.engine.loop import Clips, decode_clips, transcribe_windows  # noqa: E402
from transcriber.engine.request import Request  # noqa: E402

from .scripted import TOKENIZER  # noqa: E402

BEGIN = TOKENIZER.timestamp_begin
LANGUAGES = ("en", "de", "fr", "pt")
GOOD = Hypothesis(
    tokens=(BEGIN, 400, 500, BEGIN + 100),
    temperature=0.0,
    avg_logprob=-0.1,
    compression_ratio=1.0,
    no_speech_prob=0.0,
)
REPETITIVE = replace(GOOD, compression_ratio=9.0)
SILENT = replace(GOOD, avg_logprob=-2.0, no_speech_prob=0.9)
SETTINGS = DecodingSettings(temperatures=(0.0, 0.2, 0.4))


class Features:
    """Each frame holds its number."""

    content_frames = 9000

    def window(self, start: int, frames: int) -> torch.Tensor:
        return torch.arange(start, start + 3000, dtype=torch.float32).expand(80, 3000)


class Quiet(Features):
    """One loudness, and a little more in every other frame."""

    def __init__(self, change: float) -> None:
        self.change = change

    def window(self, start: int, frames: int) -> torch.Tensor:
        return torch.tensor([0.0, self.change]).repeat(1500).expand(80, 3000)


class Model:
    """Its windows are known by their first frame and their length."""

    mels = 80

    def __init__(self, *, multilingual: bool = True, prompt_limit: int = 223) -> None:
        self.multilingual = multilingual
        self.prompt_limit = prompt_limit
        self.encoded: list[tuple[int, int]] = []
        self.heard: list[tuple[int, int]] = []
        self.timed: list[tuple[tuple[int, int], str]] = []

    def tokenizer(self, language: str) -> Any:
        return TOKENIZER

    def encode(self, window: torch.Tensor) -> Any:
        self.encoded.append((int(window[0, 0]), window.shape[1]))
        return self.encoded[-1]

    def language_probabilities(self, encoded: Any) -> dict[str, float]:
        self.heard.append(encoded)
        spoken = LANGUAGES[encoded[0] // 3000]
        return {code: 0.7 if code == spoken else 0.1 for code in LANGUAGES}

    def add_words(self, segments: Any, request: WordRequest) -> None:
        self.timed.append((request.encoded, request.language))
        for segment in segments:
            segment["words"] = []


Answer = Callable[[Request], Hypothesis]


def run(
    model: Any,
    settings: DecodingSettings,
    clips: Sequence[Clip],
    *answers: Hypothesis,
    slack: int | None = 200,
    heard: bool = False,
    features: Any = None,
) -> tuple[list[Request], list[WindowResult]]:
    """Run the loop; the answers follow one another, and the last one goes on."""
    given: Any = features or Features()
    loop = decode_clips(
        WindowEncoder(model, given, slack),
        settings,
        language="en",
        done=DecodedWindows(),
        clips=Clips(parts=clips, first=0, end=len(clips), heard=heard),
    )
    left: Iterator[Hypothesis] = iter(answers)
    requests: list[Request] = []
    windows: list[WindowResult] = []
    hypothesis: Hypothesis | None = None
    while True:
        try:
            asked = loop.send(hypothesis)
        except StopIteration:
            return requests, windows
        hypothesis = None
        if isinstance(asked, WindowResult):
            windows.append(asked)
        else:
            requests.append(asked)
            hypothesis = replace(next(left, answers[-1]), temperature=asked.temperature)


def tried(requests: Sequence[Request]) -> list[tuple[int, float]]:
    """Return how many frames were decoded, and at which temperature."""
    return [(request.encoded[1], request.temperature) for request in requests]


THREE = [(0, 3000), (3000, 6000), (6000, 9000)]
HOTWORDS = TOKENIZER.encode(" Kubernetes, Zürich")


@pytest.mark.parametrize("given", ["Kubernetes, Zürich", "  Kubernetes, Zürich\n"])
def test_every_window_is_given_the_hotwords_before_the_text(given: str) -> None:
    requests, _ = run(Model(), replace(SETTINGS, hotwords=given), THREE, GOOD)
    said = list(GOOD.tokens)
    assert [request.prompt for request in requests] == [
        *(HOTWORDS, HOTWORDS + said, HOTWORDS + said + said),
    ]


def test_without_the_text_before_they_are_given_all_the_same() -> None:
    settings = replace(SETTINGS, hotwords="Kubernetes, Zürich", condition_on_previous_text=False)
    requests, _ = run(Model(), settings, THREE, GOOD)
    assert [request.prompt for request in requests] == [HOTWORDS] * 3


def test_the_initial_prompt_is_between_them_and_the_text() -> None:
    settings = replace(SETTINGS, hotwords="Kubernetes, Zürich", initial_prompt="Hello.")
    requests, _ = run(Model(), settings, THREE, GOOD)
    initial = TOKENIZER.encode(" Hello.")
    assert requests[0].prompt == HOTWORDS + initial
    assert requests[1].prompt == HOTWORDS + initial + list(GOOD.tokens)


@pytest.mark.parametrize("limit", [2 * len(HOTWORDS), 2 * len(HOTWORDS) + 1, 30])
def test_the_last_text_fills_what_the_hotwords_leave(limit: int) -> None:
    settings = replace(SETTINGS, hotwords="Kubernetes, Zürich")
    text = tuple(range(400, 440))
    requests, _ = run(Model(prompt_limit=limit), settings, THREE, replace(GOOD, tokens=text))
    assert requests[1].prompt == [*HOTWORDS, *text[len(HOTWORDS) - limit :]]
    assert len(requests[1].prompt) == limit


def test_hotwords_take_half_of_the_room() -> None:
    settings = replace(SETTINGS, hotwords="Kubernetes, Zürich " * 20)
    text = tuple(range(400, 440))
    requests, _ = run(Model(prompt_limit=31), settings, THREE, replace(GOOD, tokens=text))
    words = TOKENIZER.encode(" " + settings.hotwords.strip() if settings.hotwords else "")
    assert len(words) > 31
    assert requests[0].prompt == words[:15]
    assert requests[2].prompt == [*words[:15], *text[-16:]]


@pytest.mark.parametrize("hotwords", [None, "Kubernetes"])
def test_a_carried_prompt_stays_with_hotwords(hotwords: str | None) -> None:
    settings = replace(
        SETTINGS, hotwords=hotwords, initial_prompt="Hello.", carry_initial_prompt=True
    )
    requests, _ = run(Model(), settings, THREE, GOOD)
    words = TOKENIZER.encode(" Kubernetes") if hotwords else []
    initial = TOKENIZER.encode(" Hello.")
    assert requests[2].prompt == [*words, *initial, *GOOD.tokens, *GOOD.tokens]


def test_each_window_has_its_language() -> None:
    model = Model()
    settings = replace(SETTINGS, multilingual=True, word_timestamps=True)
    requests, windows = run(model, settings, THREE, GOOD)
    assert [request.language for request in requests] == ["en", "de", "fr"]
    assert model.heard == [(0, 3000), (3000, 3000), (6000, 3000)]
    # What was heard is what is decoded, and in which words are timed.
    assert [request.encoded for request in requests] == model.heard == model.encoded
    assert [language for _, language in model.timed] == ["en", "de", "fr"]
    assert len(windows) == 3


@pytest.mark.parametrize(("asked", "knows"), [(False, True), (True, False), (False, False)])
def test_else_there_is_one_language(asked: bool, knows: bool) -> None:
    model = Model(multilingual=knows)
    requests, _ = run(model, replace(SETTINGS, multilingual=asked), THREE, GOOD)
    assert [request.language for request in requests] == ["en"] * 3
    assert model.heard == []


def test_a_language_is_kept_at_other_temperatures() -> None:
    settings = replace(SETTINGS, multilingual=True)
    requests, _ = run(Model(), settings, [(3000, 3500)], REPETITIVE)
    assert [request.language for request in requests] == ["de"] * 4


def test_a_short_window_that_passes_is_encoded_once() -> None:
    model = Model()
    requests, _ = run(model, SETTINGS, [(0, 500)], GOOD)
    assert tried(requests) == [(704, 0.0)]
    assert model.encoded == [(0, 704)]


@pytest.mark.parametrize("failure", [REPETITIVE, replace(GOOD, avg_logprob=-1.5)])
def test_a_short_window_that_fails_is_encoded_as_a_whole_first(failure: Hypothesis) -> None:
    model = Model()
    requests, windows = run(model, SETTINGS, [(0, 500)], failure, GOOD)
    assert tried(requests) == [(704, 0.0), (3000, 0.0)]
    assert model.encoded == [(0, 704), (0, 3000)]
    assert windows[0].segments[0]["temperature"] == 0.0
    assert windows[0].segments[0]["compression_ratio"] == 1.0


def test_higher_temperatures_are_tried_in_the_whole_window() -> None:
    model = Model()
    requests, windows = run(model, SETTINGS, [(0, 500)], *[REPETITIVE] * 3, GOOD)
    assert tried(requests) == [(704, 0.0), (3000, 0.0), (3000, 0.2), (3000, 0.4)]
    assert windows[0].segments[0]["temperature"] == 0.4
    assert model.encoded == [(0, 704), (0, 3000)]


def test_the_last_try_stands() -> None:
    requests, windows = run(Model(), SETTINGS, [(0, 500)], REPETITIVE)
    assert tried(requests) == [(704, 0.0), (3000, 0.0), (3000, 0.2), (3000, 0.4)]
    assert windows[0].segments


@pytest.mark.parametrize(("slack", "clip"), [(None, (0, 500)), (200, (0, 3000))])
def test_a_whole_window_is_encoded_once(slack: int | None, clip: Clip) -> None:
    model = Model()
    requests, _ = run(model, SETTINGS, [clip], REPETITIVE, slack=slack)
    assert tried(requests) == [(3000, 0.0), (3000, 0.2), (3000, 0.4)]
    assert model.encoded == [(0, 3000)]


def test_silence_is_listened_to_as_a_whole() -> None:
    model = Model()
    requests, windows = run(model, SETTINGS, [(0, 500)], SILENT)
    assert tried(requests) == [(704, 0.0), (3000, 0.0)]
    assert [window.segments for window in windows] == [()]


def test_words_are_timed_in_what_was_decoded() -> None:
    model = Model()
    settings = replace(SETTINGS, word_timestamps=True)
    run(model, settings, [(0, 500), (3000, 3500)], REPETITIVE, GOOD, GOOD)
    assert [encoded for encoded, _ in model.timed] == [(0, 3000), (3000, 704)]


def test_without_clips_there_are_no_windows() -> None:
    model: Any = Model()
    features: Any = Features()
    found = transcribe_windows(
        model, features, SETTINGS, language="en", done=DecodedWindows(), parts=[]
    )
    assert list(found) == []


@pytest.mark.parametrize(("first", "end"), [(0, 1), (1, 2), (1, 3), (2, 3)])
def test_a_loop_goes_through_its_own_clips(first: int, end: int) -> None:
    model: Any = Model()
    features: Any = Features()
    loop = decode_clips(
        WindowEncoder(model, features),
        SETTINGS,
        language="en",
        done=DecodedWindows(),
        clips=Clips(parts=THREE, first=first, end=end, heard=False),
    )
    places = []
    answer: Hypothesis | None = None
    while True:
        try:
            asked = loop.send(answer)
        except StopIteration:
            break
        answer = None
        if isinstance(asked, WindowResult):
            places.append((asked.position.clip, asked.position.seek))
        else:
            answer = GOOD
    assert [clip for clip, _ in places] == list(range(first, end))
    assert all(THREE[clip][0] < seek <= THREE[clip][1] for clip, seek in places)


DOUBTFUL = replace(GOOD, avg_logprob=-1.5)


@pytest.mark.parametrize(
    ("frames", "heard", "says"),
    [(99, True, False), (100, True, True), (99, False, True)],
)
def test_what_is_left_of_a_heard_clip_says_nothing_doubtful(
    frames: int, heard: bool, says: bool
) -> None:
    _, windows = run(Model(), SETTINGS, [(0, frames)], DOUBTFUL, heard=heard)
    assert bool(windows[0].segments) == says
    _, windows = run(Model(), SETTINGS, [(0, frames)], GOOD, heard=heard)
    assert windows[0].segments


@pytest.mark.parametrize(("heard", "end"), [(True, 1.5), (False, 2.0)])
def test_segments_end_with_a_heard_clip(heard: bool, end: float) -> None:
    _, windows = run(Model(), SETTINGS, [(0, 150)], GOOD, heard=heard)
    assert [segment["end"] for segment in windows[0].segments] == [end]


@pytest.mark.parametrize(("last", "tries"), [(BEGIN + 125, 1), (BEGIN + 126, 2)])
def test_times_behind_a_short_window_are_tried_in_the_whole(last: int, tries: int) -> None:
    late = replace(GOOD, tokens=(BEGIN, 400, 500, last))
    requests, _ = run(Model(), SETTINGS, [(0, 150)], late, GOOD)
    assert len(requests) == tries


@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize("settings", [SETTINGS, replace(SETTINGS, no_speech_threshold=None)])
def test_what_cannot_be_heard_is_not_decoded(settings: DecodingSettings, heard: bool) -> None:
    requests, windows = run(Model(), settings, THREE, GOOD, heard=heard, features=Quiet(0.0))
    assert requests == []
    assert [(window.segments, window.position.seek) for window in windows] == [
        ((), 3000),
        ((), 6000),
        ((), 9000),
    ]


# Up to 0.15 on the scale of the encoder is steady.
@pytest.mark.parametrize(
    ("change", "no_speech", "threshold", "said"),
    [
        (0.1, 0.7, 0.6, False),
        (0.1, 0.5, 0.6, True),
        (0.1, 0.5, 0.4, False),
        (0.1, 0.99, None, True),
        (0.2, 0.99, 0.6, True),
    ],
)
@pytest.mark.parametrize("heard", [True, False])
def test_a_steady_sound_is_silence_where_the_model_says_so(
    change: float, no_speech: float, threshold: float | None, said: bool, heard: bool
) -> None:
    answer = replace(GOOD, no_speech_prob=no_speech)
    settings = replace(SETTINGS, no_speech_threshold=threshold)
    _, windows = run(Model(), settings, THREE, answer, heard=heard, features=Quiet(change))
    assert [bool(window.segments) for window in windows] == [said] * 3
    assert [window.position.seek for window in windows] == [3000, 6000, 9000]
