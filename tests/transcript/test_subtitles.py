"""Subtitles for readers: what holds for all words, and what good ones look like."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from transcriber.engine import openai_whisper
from transcriber.engine.interface import TimedText, Transcript, Word
from transcriber.settings import SUBTITLES, OutputSettings
from transcriber.text_width import text_width
from transcriber.transcript.best_cuts import Rules
from transcriber.transcript.subtitles import PRESETS, Cue, cut, recut, rules_of
from transcriber.transcript.words import ShownWord, units_of, words_of
from transcriber.transcript.writers import render

STANDARD = PRESETS["standard"]

EVEN = 1e-9
"""What sums of times may differ by."""


def spoken(text: str, *, pace: float = 15.0, sentence_pause: float = 0.5) -> list[ShownWord]:
    """Return a text as somebody says it, so many characters a second."""
    words: list[ShownWord] = []
    at = 0.0
    for part in text.split():
        end = at + len(part) / pace
        words.append(ShownWord(text=f" {part}", start=at, end=end))
        at = end + (sentence_pause if part[-1] in ".?!" else 0.0)
    return words


def random_words(seed: int, *, degenerate: bool) -> list[ShownWord]:
    """Return words of every length, with pauses and punctuation, as no person says them."""
    chance = random.Random(seed)
    alphabet = chance.choice(["abcdefgh", "abcdefgh", "日本語字幕", "приветмир"])
    blank = "" if alphabet.startswith("日") else " "
    segments: list[TimedText] = []
    at = 0.0
    for _ in range(chance.randint(0, 12)):
        words: list[Word] = []
        for _ in range(chance.randint(0, 25)):
            text = "".join(chance.choices(alphabet, k=chance.choice([1, 2, 3, 5, 8, 13, 60])))
            text += chance.choice(["", "", "", ",", ".", "?", "、", "…"])
            start = at + chance.choice([0.0, 0.0, 0.0, 0.1, 0.4, 2.0, 9.0])
            lasts = chance.choice([0.0, 0.0, 0.01, 0.3] if degenerate else [0.05, 0.3, 0.5, 9.0])
            end = start + lasts
            at = start if degenerate and chance.random() < 0.3 else end
            text = blank * chance.choice([0, 1, 1, 1]) + text
            words.append({"word": text, "start": start, "end": end})
        segments.append({"text": "", "start": 0.0, "end": at, "words": words})
    return words_of(segments)


def said(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("preset", SUBTITLES)
@pytest.mark.parametrize("degenerate", [False, True], ids=["plain", "degenerate"])
@pytest.mark.parametrize("seed", range(40))
def test_what_holds_for_all_words(preset: str, degenerate: bool, seed: int) -> None:
    rules = PRESETS[preset]
    words = random_words(seed, degenerate=degenerate)
    cues = cut(words, rules)
    # No word is lost, and all are in order.
    assert said("".join(" ".join(cue.lines) for cue in cues)) == said(
        "".join(word.text for word in words)
    )
    for cue in cues:
        assert cue.end - cue.start >= 0.004
        assert cue.start >= 0
        assert cue.end - cue.start <= rules.longest + EVEN
        assert all(line == line.strip() != "" for line in cue.lines)
    for cue, following in itertools.pairwise(cues):
        assert cue.end <= following.start
    if cues and words[-1].end - words[0].start > 0.01:
        assert cues[-1].end <= words[-1].end + EVEN
    # Each begins with a word of its own.
    if len(cues) > 1:
        assert {cue.start for cue in cues} <= {word.start for word in words}


@pytest.mark.parametrize("preset", ["standard", "short"])
@pytest.mark.parametrize("seed", range(40))
def test_the_limits_are_kept_where_they_can_be(preset: str, seed: int) -> None:
    rules = PRESETS[preset]
    words = random_words(seed, degenerate=False)
    cues = cut(words, rules)
    widest = {text_width(unit.text.strip()) for unit in units_of(words)}
    for cue in cues:
        for line in cue.lines:
            # What is wider is a single word.
            assert text_width(line) <= rules.width or text_width(line) in widest
        single = len(cue.lines) == 1 and text_width(cue.lines[0]) in widest
        assert len(cue.lines) <= rules.lines or single
    for cue, following in itertools.pairwise(cues):
        needed = max(rules.shortest, sum(map(text_width, cue.lines)) / rules.pace)
        stands = cue.end - cue.start
        # It stands as long as is needed to read it, or up to the next one.
        assert stands >= min(needed, rules.longest) - EVEN or cue.end == following.start


@pytest.mark.parametrize("seed", range(10))
def test_a_word_a_cue(seed: int) -> None:
    words = random_words(seed, degenerate=False)
    units = units_of(words)
    cues = cut(words, PRESETS["words"])
    assert [cue.lines for cue in cues] == [(unit.text.strip(),) for unit in units]
    assert [cue.start for cue in cues] == [unit.start for unit in units]
    for cue, unit in zip(cues, units, strict=True):
        assert cue.end >= unit.end


BENNET = (
    "Mr. Bennet was so odd a mixture of quick parts, sarcastic humour, reserve, and caprice, that "
    "the experience of three and twenty years had been insufficient to make his wife understand "
    "his character. Her mind was less difficult to develop. She was a woman of mean understanding, "
    "little information, and uncertain temper. When she was discontented, she fancied herself "
    "nervous. The business of her life was to get her daughters married; its solace was visiting "
    "and news."
)


def ends(cues: list[Cue]) -> list[str]:
    return [" ".join(cue.lines).split()[-1] for cue in cues]


def test_cues_end_at_sentences() -> None:
    cues = cut(spoken(BENNET, pace=12), STANDARD)
    last = [end for end in ends(cues) if end.endswith(".")]
    assert last == ["character.", "develop.", "temper.", "nervous.", "news."]
    # And at clauses, where a sentence does not fit.
    assert sum(not end.endswith((".", ",", ";")) for end in ends(cues)) <= 2
    for cue in cues:
        assert len(cue.lines) <= 2
        assert max(map(len, cue.lines)) <= 42
        assert 1 - EVEN <= cue.end - cue.start <= 7 + EVEN
        assert sum(map(len, cue.lines)) / (cue.end - cue.start) <= 17 + EVEN


@pytest.mark.parametrize("preset", ["standard", "short"])
def test_sentences_that_fit_have_a_cue_each(preset: str) -> None:
    sentences = ["Here is the first one.", "This is another one.", "Is that a third one?"]
    sentences.append("Yes it is one of them!")
    cues = cut(spoken(" ".join(sentences), pace=12), PRESETS[preset])
    assert [" ".join(cue.lines) for cue in cues] == sentences


@pytest.mark.parametrize("pause", [0.6, 1.0, 2.0, 10.0])
def test_cues_end_at_pauses(pause: float) -> None:
    words = spoken("and then we went along the river until the evening", pace=12)
    moved = [
        ShownWord(text=word.text, start=word.start + later, end=word.end + later)
        for number, word in enumerate(words)
        for later in [pause if number > 5 else 0.0]
    ]
    first, second = cut(moved, STANDARD)
    assert " ".join(first.lines) == "and then we went along the"
    assert " ".join(second.lines) == "river until the evening"
    assert second.start == moved[6].start
    # The first one may be read in the pause.
    assert first.end >= moved[5].end


def test_a_short_sentence_stands_long_enough_or_with_its_neighbour() -> None:
    hurried = cut(spoken("Yes. I think that we should go there now.", sentence_pause=0.0), STANDARD)
    assert [" ".join(cue.lines) for cue in hurried] == ["Yes. I think that we should go there now."]
    calm = cut(spoken("Yes. I think that we should go there now.", sentence_pause=1.0), STANDARD)
    assert [" ".join(cue.lines) for cue in calm] == [
        *("Yes.", "I think that we should go there now.")
    ]
    assert calm[0].end - calm[0].start == pytest.approx(1.0)


def test_an_abbreviation_ends_no_sentence() -> None:
    text = "We have met Mr. Bennet and Dr. Grant there, usw. und so weiter."
    cues = cut(spoken(text, pace=12, sentence_pause=0.0), PRESETS["short"])
    assert len(cues) > 2
    assert not {"Mr.", "Dr.", "usw."} & {*ends(cues)}


def test_lines_are_about_equally_long() -> None:
    (cue,) = cut(spoken("one two three four five six seven eight nine ten", pace=17), STANDARD)
    assert len(cue.lines) == 2
    assert abs(len(cue.lines[0]) - len(cue.lines[1])) <= 6
    (cue,) = cut(spoken("one line is enough for this", pace=17), STANDARD)
    assert len(cue.lines) == 1


def test_a_word_that_is_too_wide_has_a_line_of_its_own() -> None:
    word = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
    for preset in ("standard", "short"):
        cues = cut(spoken(f"Das {word} steht hier."), PRESETS[preset])
        assert word in [line for cue in cues for line in cue.lines]


def test_a_word_that_seems_to_last_for_ever_does_not_stand_so_long() -> None:
    words = [
        ShownWord(text=" Oh", start=1.0, end=25.0),
        ShownWord(text=" no", start=25.0, end=26.0),
    ]
    cues = cut(words, STANDARD)
    assert (cues[0].start, cues[0].end) == (1.0, 8.0)


@pytest.mark.parametrize("at", [0.0, 3.0])
def test_a_word_without_length_is_seen(at: float) -> None:
    (cue,) = cut([ShownWord(text=" Hm.", start=at, end=at)], STANDARD)
    assert cue.end > cue.start >= 0
    assert abs(cue.end - at) < 0.01
    # Several that begin at once are one cue, since no player shows two at a time.
    same = [ShownWord(text=f" {n}", start=at, end=at) for n in range(3)]
    cues = cut([*same, ShownWord(text=" end", start=at + 1, end=at + 2)], PRESETS["words"])
    assert [" ".join(cue.lines) for cue in cues] == ["0 1 2", "end"]


def test_nothing_has_no_cues() -> None:
    assert cut([], STANDARD) == []
    assert recut([], STANDARD) == []


def test_the_rules_of_the_options() -> None:
    assert rules_of(OutputSettings()) is None
    assert rules_of(OutputSettings(subtitles="standard")) == STANDARD
    changed = rules_of(OutputSettings(subtitles="standard", max_line_width=37, max_line_count=1))
    assert isinstance(changed, Rules)
    assert (changed.width, changed.lines, changed.longest) == (37, 1, 7.0)
    assert rules_of(OutputSettings(subtitles="words", max_line_width=9)) == PRESETS["words"]
    assert set(PRESETS) == set(SUBTITLES)


def test_segments_of_cues() -> None:
    segments: list[Any] = [
        {"id": 0, "start": 0.0, "end": 2.0, "text": " No times here.", "tokens": [1]},
        {
            **{"id": 1, "start": 2.0, "end": 4.0, "text": " But here."},
            "words": [
                {"word": " But", "start": 2.5, "end": 3.0, "probability": 0.5},
                {"word": " here.", "start": 3.0, "end": 4.0, "probability": 0.5},
            ],
        },
    ]
    assert recut(segments, STANDARD) == [
        {"start": 0.0, "end": 2.0, "text": "No times here."},
        {"start": 2.5, "end": 4.0, "text": "But here."},
    ]


def test_the_files_have_the_cues() -> None:
    openai_whisper.load()
    segment: Any = {
        **{"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": " R&D <b>", "tokens": [1, 2]},
        **{"temperature": 0.0, "avg_logprob": -0.1, "compression_ratio": 1.0},
        "no_speech_prob": 0.1,
        "words": [
            {"word": " R&D", "start": 0.0, "end": 0.5, "probability": 0.5},
            {"word": " <b>", "start": 0.5, "end": 1.0, "probability": 0.5},
        ],
    }
    transcript: Transcript = {"text": " R&D <b>", "segments": [segment], "language": "en"}
    words = OutputSettings(subtitles="words", highlight_words=True)
    assert render(transcript, words, "vtt") == (
        "WEBVTT\n\n00:00.000 --> 00:00.500\nR&amp;D\n\n00:00.500 --> 00:01.000\n&lt;b>\n\n"
    )
    lines = OutputSettings(subtitles="standard", max_line_width=4)
    assert render(transcript, lines, "srt") == "1\n00:00:00,000 --> 00:00:01,000\nR&D\n<b>\n\n"
    # The other files have the segments, as ever.
    for ending in ("txt", "tsv", "json"):
        assert render(transcript, words, ending) == render(transcript, OutputSettings(), ending)


def test_ten_hours_take_seconds() -> None:
    words = spoken(BENNET * 400)
    assert len(words) > 25_000
    cues = cut(words, STANDARD)
    assert len(cues) > 2_000
