"""Heard, and meant."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest

from transcriber.dictation.corrections import correct, parse_corrections, read_corrections
from transcriber.errors import UsageError


def corrected(text: str, *lines: str) -> str:
    return correct(text, parse_corrections("\n".join(lines), "list"))


def test_a_file_of_corrections(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# mine\n\n cube control  ->  kubectl \r\nJason → JSON\nC sharp => C#\n")
    rules = read_corrections(path)
    assert [(one.heard, one.meant) for one in rules] == [
        ("cube control", "kubectl"),
        ("Jason", "JSON"),
        ("C sharp", "C#"),
    ]


@pytest.mark.parametrize("line", ["only heard", "-> meant", "heard ->", "→", "a - > b"])
def test_a_line_that_makes_no_sense_is_told(tmp_path: Path, line: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"# first\na -> b\n{line}\n")
    with pytest.raises(UsageError) as caught:
        read_corrections(path)
    assert f"{path}, line 3: {line!r} is no correction: write heard -> meant" in str(caught.value)


def test_two_meanings_are_told() -> None:
    with pytest.raises(UsageError) as caught:
        corrected("", "Ann's -> A", "x -> y", "ann’s -> B")
    assert str(caught.value).startswith("list, line 3: 'ann’s' has another meaning in line 1")
    assert corrected("ann's", "Ann's -> A", "ann’s -> A") == "A"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("use cube control here", "use kubectl here"),
        ("use cube\n control, here", "use kubectl, here"),
        ("Cube Control is fine", "Kubectl is fine"),
        ("CUBE CONTROL!", "KUBECTL!"),
        ("cube controls, icecube control", "cube controls, icecube control"),
        ("_cube control_", "_cube control_"),
        ("(cube control)-“cube control”", "(kubectl)-“kubectl”"),
    ],
)
def test_whole_words_are_corrected_in_any_case(text: str, expected: str) -> None:
    assert corrected(text, "cube control -> kubectl") == expected


@pytest.mark.parametrize(
    ("line", "text", "expected"),
    [
        ("pie torch -> PyTorch", "PIE TORCH. Pie torch", "PyTorch. PyTorch"),
        ("iPhoto -> iPhone", "Iphoto. iphoto", "iPhone. iPhone"),
        # The list has the capital, so it is no sign of a sentence's beginning; that one is.
        ("Teh -> the", "Teh end. Teh end, Teh", "The end. The end, the"),
        ("USA -> states", "in the USA", "in the states"),
        ("i -> eye", "I. To i", "Eye. To eye"),
        ("straße -> weg", "Straße. STRASSE", "Weg. STRASSE"),
    ],
)
def test_capitals(line: str, text: str, expected: str) -> None:
    assert corrected(text, line) == expected


def test_the_longest_goes_first_and_no_result_is_corrected_again() -> None:
    lines = ("new york -> NY", "new york city -> NYC", "a -> b", "b -> a", "nyc -> wrong")
    assert corrected("New York City, New York, a b", *lines) == "NYC, NY, b a"


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("list_form", ["NFC", "NFD"])
def test_a_letter_with_an_accent_is_one_however_it_is_written(form: str, list_form: str) -> None:
    line = unicodedata.normalize(list_form, "café → Café Zoë")  # type: ignore[arg-type]
    text = unicodedata.normalize(form, "im café, cafés, caf")  # type: ignore[arg-type]
    assert corrected(text, line) == "im Café Zoë, cafés, caf"


def test_marks_are_within_words_and_some_scripts_have_no_blanks() -> None:
    assert corrected("नमस्ते नमस्त", "नमस्त -> x") == "नमस्ते x"
    assert corrected("今東京都は京都", "京都 -> Kyoto", "東京都 -> Tokio") == "今TokioはKyoto"


def test_signs_of_patterns_mean_nothing() -> None:
    assert corrected("a.c abc c++ (x) \\1", "a.c -> \\1", "c++ -> C\\g<0>", "(x) -> $") == (
        "\\1 abc C\\g<0> $ \\1"
    )
    # Letters that only some rules of Unicode hold for the same.
    assert corrected("lımıt ſo", "limit -> Limit", "so -> So") == "Limit So"


def test_text_with_nothing_to_correct_stays_as_it_is() -> None:
    rules = ("zebra -> horse", "été -> x")
    chance = random.Random(7)
    letters = "abe \n\t.,’'-É e\u0301 日本 ſẞ İı\u200d🙂"
    for _ in range(500):
        text = "".join(chance.choices(letters, k=40))
        assert corrected(text, *rules) == text
        assert correct(text, ()) == text
