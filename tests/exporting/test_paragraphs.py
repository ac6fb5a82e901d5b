"""Where paragraphs end."""

from __future__ import annotations

import pytest

from transcriber.exporting.document import Passage
from transcriber.exporting.paragraphs import paragraphs

SENTENCE = f"{' word' * 19} end."


def passages(*texts: str, pause: float = 0.1, speakers: str = "") -> list[Passage]:
    """Return passages of a second, with a pause behind each, and a letter for each speaker."""
    return [
        Passage(
            start=number * (1 + pause),
            end=number * (1 + pause) + 1,
            text=text,
            speaker=speakers[number : number + 1].strip(),
        )
        for number, text in enumerate(texts)
    ]


def texts(said: list[Passage]) -> list[str]:
    return [one.text for one in paragraphs(said)]


def test_a_pause_ends_a_paragraph() -> None:
    assert texts(passages(" a", " b", pause=1.9)) == ["a b"]
    assert texts(passages(" a", " b", pause=2.0)) == ["a", "b"]
    assert [one.start for one in paragraphs(passages(" a", " b", pause=3.0))] == [0.0, 4.0]


def test_another_speaker_begins_a_paragraph() -> None:
    found = [*paragraphs(passages(" a", " b", " c", " d", speakers="AAB "))]
    assert [(one.speaker, one.text) for one in found] == [("A", "a b"), ("B", "c"), ("", "d")]


def test_a_long_paragraph_ends_with_a_sentence() -> None:
    assert len(SENTENCE) == 100
    assert [len(one) for one in texts(passages(*[SENTENCE] * 20))] == [699, 699, 599]
    # Within one it goes on, but not for ever.
    unending = SENTENCE.replace(".", ",")
    assert [len(one) for one in texts(passages(*[unending] * 20))] == [1899, 99]
    for end in ('."', "!»", "?", "…)", "。", "؟"):
        whole = passages(*[unending] * 6, unending[:-1] + end, SENTENCE)
        assert len(texts(whole)) == 2


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((" One.", " Two."), "One. Two."),
        (("One.", "Two."), "One. Two."),
        (("One. ", "Two."), "One. Two."),
        (("你好。", "再见。"), "你好。再见。"),
        (("你好。", "OK."), "你好。OK."),
        (("OK.", "再见。"), "OK.再见。"),
        (("สวัสดี", "ครับ"), "สวัสดีครับ"),
    ],
)
def test_passages_are_joined_as_they_are_written(parts: tuple[str, ...], expected: str) -> None:
    assert texts(passages(*parts)) == [expected]


def test_nothing_said_has_no_paragraph() -> None:
    assert texts([]) == []
