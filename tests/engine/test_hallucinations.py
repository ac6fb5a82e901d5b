"""The rules that recognise invented text, each by cases on both sides of its limit."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from transcriber.engine import openai_whisper

openai_whisper.load()

from transcriber.engine.hallucinations import Verdict, Window, judge  # noqa: E402
from transcriber.engine.hypothesis import Hypothesis  # noqa: E402
from transcriber.engine.segmentation import clear_empty, cut  # noqa: E402

from .scripted import LOGPROB, NO_SPEECH, RATIO, TOKENIZER, reference  # noqa: E402
from .test_segmentation import at  # noqa: E402

WINDOW = Window(seek=10_000, frames=3000, span=3000, content_frames=50_000)
"""From second 100 to second 130 of 500."""
THRESHOLD = 4.0

Segment = Any
"""A segment or a word, with as much of it as the judge looks at."""


def word(
    start: float, duration: float = 0.3, probability: float = 0.9, text: str = " a"
) -> Segment:
    return {"word": text, "start": start, "end": start + duration, "probability": probability}


def real(start: float, end: float) -> Segment:
    """Return a segment that was surely said."""
    words = [word(start), word((start + end) / 2), word(end - 0.3)]
    return {"start": start, "end": end, "words": words}


def invented(start: float, end: float) -> Segment:
    """Return a segment of improbable words."""
    segment = real(start, end)
    for each in segment["words"]:
        each["probability"] = 0.01
    return segment


def silent(start: float, end: float) -> Segment:
    return {"start": start, "end": end, "words": []}


def verdict(
    *segments: Segment,
    window: Window = WINDOW,
    seek: int = 13_000,
    complete: bool = True,
    threshold: float = THRESHOLD,
    last_speech: float = 99.0,
) -> Verdict:
    before = copy.deepcopy(segments)
    result = judge(
        segments,
        window,
        seek=seek,
        complete=complete,
        threshold=threshold,
        last_speech=last_speech,
    )
    # The caller cuts them off, not the judge.
    assert segments == before
    return result


def is_suspicious(*words: Segment) -> bool:
    """Whether a segment of these words looks invented: after a long silence it is dropped."""
    first, last = words[0]["start"], words[-1]["end"]
    segment = {"start": first, "end": last, "words": list(words)}
    keep = verdict(real(101, 104), segment, real(125, 128)).keep
    assert keep in (1, 3)
    return keep == 1


def test_the_window() -> None:
    assert (WINDOW.start, WINDOW.end) == (100.0, 130.0)
    # It ends where 30 s end, even if the clip or the recording does not reach that far.
    assert Window(seek=100, frames=50, span=3000, content_frames=150).end == 31.0


def test_real_speech_is_kept() -> None:
    kept = Verdict(seek=13_000, keep=2)
    assert verdict(real(101, 104), real(120, 122)) == kept
    assert verdict(real(101, 104), real(104, 107), seek=11_111, complete=True) == Verdict(
        seek=11_111, keep=2
    )


def test_nothing_is_kept_of_nothing() -> None:
    assert verdict() == Verdict(seek=13_000, keep=0)
    assert verdict(silent(100, 130)) == Verdict(seek=13_000, keep=1)
    assert verdict(silent(100, 130), complete=False, seek=12_000) == Verdict(
        # Without words the end of the last segment counts.
        seek=13_000,
        keep=1,
    )


@pytest.mark.parametrize(
    ("last_end", "seek"),
    [
        (105.004, 10_500),
        (105.006, 10_501),
        (125.99, 12_599),
        # What is left is no longer than the threshold: nobody will speak in it.
        (126.0, 13_000),
        (129.0, 13_000),
        # A word that ends before the window says nothing about where to go on.
        (100.0, 12_345),
        (99.0, 12_345),
    ],
)
def test_an_open_window_is_continued_behind_its_last_word(last_end: float, seek: int) -> None:
    last = word(last_end - 0.4) | {"end": last_end}
    segment = {"start": last_end - 0.5, "end": last_end, "words": [last]}
    assert verdict(segment, seek=12_345, complete=False, last_speech=98) == Verdict(
        seek=seek, keep=1
    )
    assert verdict(segment, seek=12_345, complete=True, last_speech=98).seek == 12_345


def test_an_open_window_of_a_short_clip_is_continued_behind_the_clip() -> None:
    clip = Window(seek=10_000, frames=700, span=3000, content_frames=50_000)
    # From second 102 there are 28 s left of the 30 s, though only 5 s of the clip.
    assert verdict(real(101, 102), window=clip, complete=False).seek == 10_200
    assert verdict(real(101, 102), window=clip, complete=False, threshold=28).seek == 10_700


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.149])
def test_improbable_words_are_suspicious(probability: float) -> None:
    assert is_suspicious(word(110, 0.3, probability), word(111, 0.3, probability))


@pytest.mark.parametrize("probability", [0.15, 0.2, 1.0])
def test_probable_words_are_not(probability: float) -> None:
    assert not is_suspicious(word(110, 0.3, probability), word(111, 0.3, probability))


def test_a_word_without_a_probability_is_improbable() -> None:
    bare = {"word": " a", "start": 110.0, "end": 110.5}
    assert is_suspicious(bare, bare)


@pytest.mark.parametrize(
    ("duration", "suspicious"),
    [
        # 15 points a second below 0.133 s: one point, all that a single word needs, at 0.067 s.
        (0.0, True),
        (0.066, True),
        (0.068, False),
        (0.133, False),
        (2.0, False),
        # A point a second above 2 s, and one hundredth is forgiven.
        (2.98, False),
        (2.995, True),
        (3.5, True),
    ],
)
def test_a_word_too_short_or_too_long_is_suspicious(duration: float, suspicious: bool) -> None:
    assert is_suspicious(word(110, duration)) is suspicious


def test_most_words_must_be_suspicious() -> None:
    improbable, probable = word(110, 0.3, 0.1), word(111, 0.3, 0.9)
    assert not is_suspicious(improbable, probable)
    assert not is_suspicious(improbable, probable, improbable, probable, probable)
    # Three points suffice, however many words there are.
    assert is_suspicious(*[improbable] * 3, *[probable] * 5)
    assert not is_suspicious(*[improbable] * 2, *[probable] * 6)


def test_points_of_one_word_add_up() -> None:
    # One for the probability, one for a duration of 3 s and two more for one of 4 s.
    assert is_suspicious(word(110, 3.0, 0.1), word(114), word(115), word(116)) is False
    assert is_suspicious(word(110, 4.0, 0.1), word(114), word(115), word(116)) is True


def test_only_the_first_eight_words_count() -> None:
    improbable, probable = word(110, 0.3, 0.1), word(111, 0.3, 0.9)
    assert is_suspicious(*[probable] * 5, *[improbable] * 3)
    assert not is_suspicious(*[probable] * 6, *[improbable] * 3)
    assert not is_suspicious(*[probable] * 8, *[improbable] * 9)


@pytest.mark.parametrize("mark", [".", "。", "?", '"', "¿", "、", ")"])
def test_punctuation_is_no_word(mark: str) -> None:
    improbable, probable = word(110, 0.3, 0.1), word(111, 0.3, 0.9, mark)
    assert is_suspicious(improbable, probable, probable)
    assert is_suspicious(*[probable] * 8, *[improbable] * 3)
    # With a space it is none of the marks.
    assert not is_suspicious(improbable, word(111, 0.3, 0.9, f" {mark}"))


def test_a_segment_of_punctuation_is_suspicious() -> None:
    assert is_suspicious(word(110, 0.3, 0.9, "."), word(111, 0.3, 0.9, "!"))


@pytest.mark.parametrize(
    ("start", "discarded"), [(100.0, False), (103.9, False), (104.0, False), (104.01, True)]
)
def test_silence_before_a_suspicious_beginning_is_skipped(start: float, discarded: bool) -> None:
    # Behind it speech goes on at once, so nothing else is held against it.
    segments = (invented(start, start + 3), real(start + 3, start + 6))
    result = verdict(*segments, last_speech=start)
    if discarded:
        assert result == Verdict(seek=10_401, keep=None)
    else:
        assert result == Verdict(seek=13_000, keep=2)


def test_silence_before_a_real_beginning_is_kept() -> None:
    assert verdict(real(115, 118), invented(118, 121), real(121, 124)).keep == 3


def test_the_beginning_is_the_first_segment_with_words() -> None:
    result = verdict(silent(100, 104), invented(110.126, 112), real(112, 115))
    assert result == Verdict(seek=11_013, keep=None)


@pytest.mark.parametrize(
    ("segment", "last_speech", "before"),
    [
        # Silence since the last segment.
        (invented(110, 112), 104, True),
        # No silence: the segment before ends 4 s earlier at most.
        (invented(108, 112), 104, False),
        (invented(107, 112), 104, False),
    ],
)
def test_silence_before(segment: Segment, last_speech: float, before: bool) -> None:
    segments = (real(101, last_speech), segment, real(120, 125))
    assert verdict(*segments).keep == (1 if before else 3)


def test_silence_before_the_first_segment_counts_from_the_last_window() -> None:
    # No gap within the window, but long silence before it.
    segments = (invented(103, 105), real(112, 115))
    assert verdict(*segments, last_speech=98.9).keep == 0
    assert verdict(*segments, last_speech=99.0).keep == 2
    assert verdict(*segments, last_speech=102.9).keep == 2


def test_the_first_seconds_of_a_window_count_as_silence_before() -> None:
    for start, keep in ((101.99, 0), (102.0, 2)):
        assert verdict(invented(start, 105), real(112, 115), last_speech=start).keep == keep


def test_the_first_seconds_of_a_recording_count_as_silence_before() -> None:
    beginning = Window(seek=0, frames=3000, span=3000, content_frames=50_000)
    for start, keep in ((3.5, 1), (4.5, 3)):
        segments = (real(0.5, start), invented(start, 6), real(12, 15))
        assert verdict(*segments, window=beginning, last_speech=0).keep == keep


@pytest.mark.parametrize(
    ("following", "after"),
    [
        # Silence until the next word, more than 4 s behind second 112.
        ([real(116.01, 119)], True),
        ([real(116.0, 119)], False),
        ([real(113, 119)], False),
        # Another invention.
        ([invented(113, 114), real(114, 119)], True),
        # Segments without words are passed over.
        ([silent(112, 113), real(116.01, 119)], True),
        ([silent(112, 113), real(113, 119)], False),
        # Nothing follows until the window ends.
        ([], True),
        ([silent(112, 113)], True),
    ],
)
def test_silence_after(following: list[Segment], after: bool) -> None:
    segments = (real(101, 104), invented(110, 112), *following)
    assert verdict(*segments).keep == (1 if after else len(segments))


def test_silence_after_counts_from_the_next_word() -> None:
    late = real(113, 119)
    late["words"] = late["words"][1:]
    assert late["words"][0]["start"] == 116.0
    assert verdict(real(101, 104), invented(110, 111.9), late).keep == 1


def test_without_a_next_word_the_end_of_the_clip_counts() -> None:
    segments = (real(101, 104), invented(110, 112))
    for frames, keep in ((1_600, 2), (1_601, 1)):
        clip = Window(seek=10_000, frames=frames, span=3000, content_frames=50_000)
        assert verdict(*segments, window=clip).keep == keep


def test_the_last_seconds_of_a_window_count_as_silence_after() -> None:
    for end, keep in ((128.0, 2), (128.01, 1)):
        assert verdict(real(101, 104), invented(126, end)).keep == keep


def test_silence_on_one_side_is_not_enough() -> None:
    assert verdict(real(101, 108), invented(110, 112), real(122, 125)).keep == 3
    assert verdict(real(101, 104), invented(110, 112), real(113, 125)).keep == 3


@pytest.mark.parametrize(
    ("start", "seek"),
    [
        (110.0, 11_000),
        (110.126, 11_013),
        # The loop always gets on by a second.
        (100.5, 10_100),
        (101.0, 10_100),
        (101.5, 10_150),
    ],
)
def test_the_loop_goes_on_where_the_invention_begins(start: float, seek: int) -> None:
    result = verdict(invented(start, start + 1), threshold=15, last_speech=80)
    assert result == Verdict(seek=seek, keep=0)


def test_everything_behind_an_invention_is_dropped() -> None:
    result = verdict(real(101, 104), silent(104, 105), invented(110, 112), real(118, 121))
    assert result == Verdict(seek=11_000, keep=2)


def test_the_first_of_several_inventions_counts() -> None:
    result = verdict(real(101, 104), invented(110, 111), invented(117, 118), real(125, 127))
    assert result == Verdict(seek=11_000, keep=1)


def test_near_the_end_of_the_recording_the_loop_ends() -> None:
    segments = (real(101, 104), invented(110, 112))
    for content_frames, seek in ((11_590, 11_590), (11_600, 11_000), (11_700, 11_000)):
        window = Window(
            seek=10_000, frames=content_frames - 10_000, span=3000, content_frames=content_frames
        )
        result = verdict(*segments, invented(114, 115), window=window)
        assert result == Verdict(seek=seek, keep=1)
        assert verdict(*segments, real(114, 115), window=window).keep == 3


def test_an_open_window_may_end_in_an_invention() -> None:
    segments = (real(101, 104), invented(110, 112))
    assert verdict(*segments, complete=False, seek=1) == Verdict(seek=11_000, keep=1)


def random_segments(generator: random.Random, start: float, end: float) -> list[Segment]:
    """Return segments with words and pauses of all kinds, rounded as words are."""
    segments: list[Segment] = []
    time = start + generator.choice([0, 0.5, 2, 5])
    while time < end and len(segments) < 5:
        words = []
        begin = time
        kind = generator.choice(["real", "invented", "mixed"])
        for _ in range(generator.choice([0, 1, 2, 4, 10])):
            duration = round(generator.choice([0.02, 0.1, 0.2, 0.4, 1.0, 2.5, 3.5]), 2)
            low = kind == "invented" or (kind == "mixed" and generator.random() < 0.5)
            mark = generator.choice([" a", " b", ".", " .", "?"])
            words.append(word(round(time, 2), duration, 0.05 if low else 0.8, mark))
            words[-1]["end"] = round(words[-1]["end"], 2)
            time += duration + generator.choice([0, 0, 0.1])
        time += 0.5 * (not words)
        segments.append({"start": round(begin, 2), "end": round(time, 2), "words": words})
        time += generator.choice([0, 0.3, 1.5, 2.5, 6])
    return segments


@pytest.mark.parametrize("seed", range(4))
def test_random_windows_are_judged_as_by_openai_whisper(seed: int) -> None:
    generator = random.Random(seed)
    kinds = set()
    for _ in range(60):
        seek = generator.choice([0, 100, 2000, 7000])
        content_frames = seek + generator.choice([800, 1500, 2500, 3000, 3100, 5000])
        end = min(content_frames, seek + generator.choice([1000, 3000, 4000]))
        frames = min(3000, end - seek)
        threshold = generator.choice([0.5, 2.0, 4.0])
        made_up = random_segments(generator, seek / 100, seek / 100 + frames / 100)
        complete = generator.random() < 0.5
        tokens = [t for _ in made_up for t in (at(0), 400, at(1))]
        tokens += [at(5)] * (not complete)

        def add_words(segments: list[Segment], given: list[Segment] = made_up) -> None:
            for segment, source in zip(segments, given, strict=True):
                segment.update(copy.deepcopy(source))

        expected = reference(
            tokens,
            seek=seek,
            end=end,
            content_frames=content_frames,
            add_words=add_words,
            threshold=threshold,
        )
        window = Window(seek=seek, frames=frames, span=3000, content_frames=content_frames)
        parts = cut(
            Hypothesis(
                tokens=tuple(tokens),
                temperature=0.0,
                avg_logprob=LOGPROB,
                compression_ratio=RATIO,
                no_speech_prob=NO_SPEECH,
            ),
            seek=seek,
            frames=frames,
            tokenizer=TOKENIZER,
        )
        assert parts.complete == complete
        add_words(parts.segments)
        result = judge(
            parts.segments,
            window,
            seek=seek + parts.frames,
            complete=complete,
            threshold=threshold,
            last_speech=0.0,
        )
        segments = [] if result.keep is None else parts.segments[: result.keep]
        clear_empty(segments)
        assert segments == expected.segments
        # Without a next window the loop is past the clip.
        moved = max(seek, result.seek)
        assert expected.seek == (moved if moved < end else None)
        kinds.add(None if result.keep is None else result.keep < len(made_up))
    # All outcomes occur: the window discarded, cut short and kept.
    assert kinds == {None, True, False}
