"""Spoken commands."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

import pytest

import transcriber.dictation
from transcriber.dictation.spoken import apply, join, languages
from transcriber.languages import language_names

NO_BREAK = "\u00a0"


def test_there_are_tables_for_four_languages() -> None:
    assert set(languages()) == {"en", "de", "fr", "es"}
    assert set(languages()) <= set(language_names())


ENGLISH = {
    # As Whisper writes them: as words of the sentence, with punctuation, as sentences.
    "apples comma pears comma and plums": "apples, pears, and plums",
    "Apples, comma, pears, comma, and plums.": "Apples, pears, and plums.",
    "Apples. Comma. Pears. Comma. And plums.": "Apples, Pears, and plums.",
    "Are you there, question mark?": "Are you there?",
    "Are you there? Question mark. No, full stop.": "Are you there? No.",
    "are you there question mark yes exclamation mark good": "are you there? Yes! Good",
    "Hello, exclamation point!": "Hello!",
    "one semicolon two, semi-colon, three. Colon. four": "one; two; three: four",
    # Lines.
    "Dear Anna, comma. New line. thank you. New paragraph. yours": (
        "Dear Anna,\nThank you.\n\nYours"
    ),
    "Apples, new line, pears newline plums": "Apples\nPears\nPlums",
    "As follows: New line. Eggs": "As follows:\nEggs",
    "Really? New line. No… New paragraph. iPhone": "Really?\nNo…\n\niPhone",
    "The end full stop, new line.": "The end.\n",
    "New line": "\n",
    "one new line new line two": "one\n\nTwo",
    # Quotes, brackets and dashes.
    "He said, open quote, hello, close quote. Then he left.": "He said “hello”. Then he left.",
    "He left. Open quote, fine. Close quote. He did": "He left. “Fine.” He did",
    "Open quote, stop, close quote, comma, he said": "“Stop”, he said",
    "as told, open bracket, open quote, here, close quote, close bracket, full stop": (
        "as told (“here”)."
    ),
    "Open quotes. Wait. End quote. Question mark": "“Wait.”?",
    "three, open parenthesis 3, close parenthesis. And more": "three (3). And more",
    "It was late, dash, too late": "It was late – too late",
    "a note: Close quote, here": "a note” here",
    # Whisper's capitals.
    "Hi. Comma. You, comma, The Hague": "Hi, you, The Hague",
    "Hi, comma. And you": "Hi, and you",
    "Hi. Comma And you": "Hi, and you",
    "Hi, comma. Anna, comma, You": "Hi, Anna, You",
    "New line, comma, you": "\n, you",
    # What stands alone at an edge.
    "Full stop": ".",
    ", comma, and": ", and",
    " Hello, comma, you": " Hello, you",
    "What? Full stop.": "What.",
    "so question mark full stop. no": "so? No",
}


@pytest.mark.parametrize("text", ENGLISH)
def test_english_commands(text: str) -> None:
    assert apply(text, "en") == ENGLISH[text]


OTHERS = [
    (
        "de",
        "Liebe Anna, Komma. Neue Zeile. vielen Dank, Ausrufezeichen! Neuer Absatz. Deine Eva.",
        "Liebe Anna,\nVielen Dank!\n\nDeine Eva.",
    ),
    (
        "de",
        "Er sagte, Doppelpunkt. Anführungszeichen auf, ja, Anführungszeichen zu. Punkt. Und ging",
        "Er sagte: „ja“. Und ging",
    ),
    ("de", "Gut. Komma. Und Klammer auf so Klammer zu Semikolon", "Gut, und (so);"),
    ("de", "Das ist der Punkt. Ein wichtiger Punkt.", "Das ist der Punkt. Ein wichtiger Punkt."),
    (
        "fr",
        "Bonjour, virgule, ça va ? Point d’interrogation. À la ligne. oui. Nouveau paragraphe. fin",
        f"Bonjour, ça va{NO_BREAK}?\nOui.\n\nFin",
    ),
    (
        "fr",
        "Il dit, deux points, ouvrez les guillemets. Oui. Fermez les guillemets. Et voilà",
        f"Il dit{NO_BREAK}: «{NO_BREAK}Oui.{NO_BREAK}» Et voilà",
    ),
    ("fr", "vrai point-virgule faux point final", f"vrai{NO_BREAK}; faux."),
    ("fr", "Il y a deux points importants.", "Il y a deux points importants."),
    (
        "es",
        "Hola, coma, abrir interrogación, cómo estás, cerrar interrogación. Punto y aparte. bien",
        "Hola, ¿cómo estás?\n\nBien",
    ),
    (
        "es",
        "Sí, punto y coma, no. Punto y seguido. abre comillas Así cierra comillas",
        "Sí; no. «Así»",
    ),
    ("es", "El punto es que coma.", "El punto es que coma."),
]


@pytest.mark.parametrize(("language", "text", "expected"), OTHERS)
def test_other_languages(language: str, text: str, expected: str) -> None:
    assert apply(text, language) == expected


@pytest.mark.parametrize(
    "text",
    [
        "It is a new line of shoes, and the comma is a sign.",
        "A brand-new line, comma-separated. New lines, command.",
        "For a period of time the colon dash to the door.",
        "The period. My full stop! Every question mark…",
        "new.line commas",
    ],
)
def test_things_that_are_spoken_of_stay(text: str) -> None:
    assert apply(text, "en") == text


def test_a_common_word_counts_with_a_pause_on_both_sides() -> None:
    assert apply("Done, period. Next, period", "en") == "Done. Next."
    assert apply("In that time period. Next", "en") == "In that time period. Next"
    assert apply("Done, period pieces", "en") == "Done, period pieces"
    assert apply("He said, close quote period new line", "en") == "He said”.\n"


def test_text_without_a_command_stays_as_it_is() -> None:
    chance = random.Random(3)
    words = [
        "the",
        "New",
        "line,",
        "full",
        " stop",
        "quote",
        "\n",
        "…",
        "–",
        "¿",
        "comma",
        "a",
        "'",
    ]
    changed = 0
    for _ in range(3000):
        text = "".join(word + chance.choice(("", " ", ". ")) for word in chance.choices(words, k=5))
        letters = "".join(sign for sign in text.lower() if sign.isalpha())
        if not any(command in letters for command in ("comma", "newline", "fullstop")):
            assert apply(text, "en") == text
        changed += apply(text, "en") != text
        # Those of another language, and a language without a table.
        assert apply(text, "de") == text
        assert apply(text, "ja") == text
    assert changed > 300


def test_the_text_around_a_command_stays_as_it_is() -> None:
    chance = random.Random(5)
    letters = "ab zé日\t\n'\"(-5%/"
    for _ in range(500):
        left, right = ("x" + "".join(chance.choices(letters, k=8)) + "x" for _ in "12")
        assert apply(f"{left}, comma, {right}", "en") == f"{left}, {right}"
        assert apply(f"{left} new line {right}", "en") == f"{left}\nX{right[1:]}"


def test_a_command_works_at_the_edge_of_a_piece() -> None:
    pieces = [
        "Dear Anna",
        "Comma, new line.",
        "thank you.",
        "New",
        "paragraph. Yours, full",
        "stop",
    ]
    assert apply(" ".join(pieces), "en") == "Dear Anna,\nThank you.\n\nYours."


@pytest.mark.parametrize(
    ("language", "pieces", "expected"),
    [
        ("en", ["Dear Anna.", ", thank you,", "\nyours"], "Dear Anna, thank you\nyours"),
        ("en", ["Thank you.", "\n\n", "best wishes"], "Thank you.\n\nBest wishes"),
        ("en", ["He said (", "so", ") ", "and left"], "He said (so) and left"),
        ("en", ["said", "“yes", "”.", "...and"], "said “yes”. ...and"),
        ("de", ["Er sagte: „", "ja", "“ ", "und"], "Er sagte: „ja“ und"),
        (
            "fr",
            ["Ça va", f"{NO_BREAK}?", f"«{NO_BREAK}", "oui"],
            f"Ça va{NO_BREAK}? «{NO_BREAK}oui",
        ),
        ("ja", ["", "はい", " い", ""], "はい い"),
        ("en", ["it costs", ".5", "and"], "it costs .5 and"),
        ("en", [], ""),
    ],
)
def test_pieces_with_commands_carried_out_are_joined(
    language: str, pieces: list[str], expected: str
) -> None:
    assert join(pieces, language) == expected


def test_no_phrase_means_two_things() -> None:
    text = Path(transcriber.dictation.__path__[0], "spoken.toml").read_text("utf-8")
    for table in tomllib.loads(text).values():
        phrases = [
            phrase.lstrip("~").lower()
            for key, phrases in table.items()
            if key not in ("noun", "small")
            for phrase in phrases.split(", ")
        ]
        assert len(phrases) == len(set(phrases))
        signs = {key.strip() for key in table} & set(".,?!:;(–")
        assert len(signs | {key.strip(NO_BREAK + " ") for key in table} & set("?!:;")) == 8
