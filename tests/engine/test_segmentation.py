from __future__ import annotations

import random
from typing import Any

import pytest

from transcriber.engine import openai_whisper

openai_whisper.load()

from transcriber.engine.hypothesis import Hypothesis  # noqa: E402
from transcriber.engine.segmentation import Cut, clear_empty, cut, last_word_end, within  # noqa: E402

from .scripted import LOGPROB, NO_SPEECH, RATIO, TOKENIZER, reference  # noqa: E402

FIRST: int = TOKENIZER.timestamp_begin
EOT: int = TOKENIZER.eot
A, B, C = 400, 500, 600


def at(seconds: float) -> int:
    """Return the token of a time within the window."""
    return FIRST + round(seconds * 50)


def cut_at(tokens: tuple[int, ...], *, seek: int = 0, frames: int = 3000) -> Cut:
    hypothesis = Hypothesis(
        tokens=tokens,
        temperature=0.0,
        avg_logprob=LOGPROB,
        compression_ratio=RATIO,
        no_speech_prob=NO_SPEECH,
    )
    return cut(hypothesis, seek=seek, frames=frames, tokenizer=TOKENIZER)


Expected = list[tuple[float, float, tuple[int, ...]]]


@pytest.mark.parametrize(
    ("tokens", "segments", "frames", "complete"),
    [
        pytest.param((), [(0, 20, ())], 2000, False, id="nothing"),
        pytest.param((A, B), [(0, 20, (A, B))], 2000, False, id="no timestamp"),
        pytest.param(
            (at(0), A, B), [(0, 20, (at(0), A, B))], 2000, False, id="only the zero timestamp"
        ),
        pytest.param((at(2), A), [(0, 2, (at(2), A))], 2000, False, id="only a start"),
        pytest.param((at(0),), [(0, 20, (at(0),))], 2000, False, id="a lone timestamp"),
        pytest.param(
            (at(0), A, at(3)), [(0, 3, (at(0), A, at(3)))], 2000, True, id="one closed segment"
        ),
        pytest.param(
            (A, at(0)), [(0, 20, (A, at(0)))], 2000, True, id="closed with the zero timestamp"
        ),
        pytest.param(
            (at(0), A, at(3), at(3)),
            [(0, 3, (at(0), A, at(3)))],
            300,
            False,
            id="an open segment without text",
        ),
        pytest.param(
            (at(0), A, at(3), at(3), B),
            [(0, 3, (at(0), A, at(3)))],
            300,
            False,
            id="an unfinished segment",
        ),
        pytest.param(
            (at(0), A, at(3), at(4), B, at(6)),
            [(0, 3, (at(0), A, at(3))), (4, 6, (at(4), B, at(6)))],
            2000,
            True,
            id="two closed segments",
        ),
        pytest.param(
            (at(1), A, at(3), at(4), B, at(6), at(6), C),
            [(1, 3, (at(1), A, at(3))), (4, 6, (at(4), B, at(6)))],
            600,
            False,
            id="two closed segments and an unfinished one",
        ),
        pytest.param(
            (at(1), at(2), A, at(3)),
            [(1, 1, (at(1),)), (2, 3, (at(2), A, at(3)))],
            2000,
            True,
            id="two timestamps at the beginning",
        ),
        pytest.param(
            (at(1), at(2), at(3)),
            [(1, 1, (at(1),)), (2, 2, (at(2),))],
            200,
            False,
            id="timestamps only",
        ),
        pytest.param(
            (A, at(2), at(2), B, at(0)),
            [((A - FIRST) * 0.02, 2, (A, at(2))), (2, 0, (at(2), B, at(0)))],
            2000,
            True,
            id="no timestamp at the beginning, and time runs backwards",
        ),
        pytest.param(
            (at(0), A, at(19.98), at(19.98)),
            [(0, 19.98, (at(0), A, at(19.98)))],
            1998,
            False,
            id="the last frame but two",
        ),
    ],
)
@pytest.mark.parametrize("seek", [0, 1234])
def test_patterns(
    tokens: tuple[int, ...], segments: Expected, frames: int, complete: bool, seek: int
) -> None:
    result = cut_at(tokens, seek=seek, frames=2000)
    assert (result.frames, result.complete) == (frames, complete)
    assert len(result.segments) == len(segments)
    for segment, (start, end, part) in zip(result.segments, segments, strict=True):
        assert segment["start"] == pytest.approx(seek / 100 + start)
        assert segment["end"] == pytest.approx(seek / 100 + end)
        assert segment["tokens"] == list(part)
        assert segment["seek"] == seek
        assert segment["text"] == TOKENIZER.decode([t for t in part if t < EOT])


def test_a_segment_has_what_openai_whisper_gives_it() -> None:
    tokens = (at(0), *TOKENIZER.encode(" Grün, 語"), EOT, EOT + 5, at(1.5))
    (segment,) = cut_at(tokens, seek=100).segments
    assert segment == {
        "seek": 100,
        "start": 1.0,
        "end": 2.5,
        # Neither timestamps nor other special tokens are text.
        "text": " Grün, 語",
        "tokens": list(tokens),
        "temperature": 0.0,
        "avg_logprob": LOGPROB,
        "compression_ratio": RATIO,
        "no_speech_prob": NO_SPEECH,
    }


def random_tokens(generator: random.Random) -> tuple[int, ...]:
    tokens = []
    for _ in range(generator.randrange(0, 12)):
        text = [generator.randrange(0, EOT) for _ in range(generator.randrange(0, 3))]
        tokens += text + [at(generator.choice([0, 0.02, 0.5, 1, 7.3, 30]))] * (
            generator.random() < 0.7
        )
    return tuple(tokens)


def test_random_tokens_are_cut_as_by_openai_whisper() -> None:
    generator = random.Random(7)
    completed = 0
    for _ in range(300):
        tokens = random_tokens(generator)
        seek = generator.choice([0, 1, 777, 3000, 12345])
        frames = generator.choice([1, 7, 999, 2999, 3000])
        end = seek + frames + 1000 * (frames == 3000)
        expected = reference(tokens, seek=seek, end=end, content_frames=end + 100)
        result = cut_at(tokens, seek=seek, frames=frames)
        completed += result.complete
        clear_empty(result.segments)
        assert result.segments == expected.segments
        moved = seek + result.frames
        # Without a next window the loop is past the clip.
        assert expected.seek == (moved if moved < end else None)
    assert completed > 50


def with_words(start: float, end: float, *ends: float) -> Any:
    words = [{"word": " a", "start": time - 0.1, "end": time} for time in ends]
    return {"start": start, "end": end, "words": words}


def test_the_last_word() -> None:
    assert last_word_end([]) is None
    assert last_word_end([with_words(0, 5, 1.5, 2.5)]) == 2.5
    assert last_word_end([with_words(0, 5, 2.5), with_words(5, 9, 7.5)]) == 7.5
    assert last_word_end([with_words(0, 5, 2.5), with_words(5, 9)]) == 2.5


def test_without_words_the_last_segment_counts() -> None:
    assert last_word_end([with_words(0, 5), with_words(5, 9)]) == 9
    whole: Any = {"start": 0.0, "end": 5.0}
    assert last_word_end([whole]) == 5.0


def segment(start: float, end: float, text: str) -> Any:
    return {"start": start, "end": end, "text": text, "tokens": [1], "words": [{"word": text}]}


@pytest.mark.parametrize("empty", [segment(1, 1, " a"), segment(1, 2, ""), segment(1, 2, " \n")])
def test_what_says_nothing_is_emptied(empty: Any) -> None:
    kept = segment(1, 2, " a")
    segments = [segment(1, 2, " a"), empty, segment(1, 2, " a")]
    clear_empty(segments)
    assert segments[0] == segments[2] == kept
    assert segments[1]["text"] == ""
    assert segments[1]["tokens"] == segments[1]["words"] == []
    # Its place stays, and so do the numbers of the others.
    assert segments[1]["start"] == 1


@pytest.mark.parametrize(
    ("end", "expected"),
    [(9.0, [(0.0, 4.0), (4.0, 8.0)]), (6.5, [(0.0, 4.0), (4.0, 6.5)]), (4.0, [(0.0, 4.0)])],
)
def test_no_segment_lies_behind_its_window(end: float, expected: list[tuple[float, float]]) -> None:
    segments: Any = [
        {"start": 0.0, "end": 4.0, "text": "a"},
        {"start": 4.0, "end": 8.0, "text": "b"},
    ]
    found = within(segments, end)
    assert [(one["start"], one["end"]) for one in found] == expected
    assert [one["text"] for one in found] == ["a", "b"][: len(expected)]
    assert segments[1]["end"] == 8.0
