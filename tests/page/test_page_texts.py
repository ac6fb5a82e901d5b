"""The texts of the page: complete in each language, and nowhere else."""

from __future__ import annotations

import re
import string

import pytest

from page.page_source import LANGUAGES, modules, texts

PLURAL = re.compile(r"\.(one|other)$")

MADE = ("option", "choice", "format", "key")
"""Families that are looked up only if they are there."""

LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`')

MACHINE = re.compile(r"[\[\]#>=/({]|^\.|::|--|^[a-z]+(?:, [a-z]+)+$|^[a-z-]+(?: [a-z]+-[a-z-]+)+$")
"""What no person reads: selectors, expressions, addresses, names of elements and classes."""

CLASSES = re.compile(r"(?:class|className|keys)\b[^,}\n]*$")
"""What stands before a literal of several words that are none: classes and keys."""


def fields(text: str) -> set[str]:
    """Return the names between braces."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_languages_have_the_same_texts(language: str) -> None:
    english, other = texts("en"), texts(language)

    assert list(english) == list(other)
    for key, text in english.items():
        assert other[key].strip(), key
        assert fields(other[key]) == fields(text), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_are_in_pairs(language: str) -> None:
    keys = [key for key in texts(language) if PLURAL.search(key)]

    assert {PLURAL.sub("", key) + form for key in keys for form in (".one", ".other")} == set(keys)


def test_every_text_that_is_asked_for_is_there_and_the_other_way_round() -> None:
    source = "\n".join(modules().values())
    keys = {PLURAL.sub("", key) for key in texts("en")}
    plain = set(re.findall(r'(?<![\w.])(?:t|label)\("([\w.]+)"', source))
    # Keys that are handed on: those of shortcuts, and what stands in a conditional.
    quoted = set(re.findall(r'"([\w]+(?:\.[\w]+)*)"', source))
    patterns = [
        re.compile(re.sub(r"\\\$\\\{[^`]*?\\\}", r"[\\w.+↑-]+", re.escape(key)) + "$")
        for key in re.findall(r"`([a-z]+\.[^`]*\$\{[^`]+)`", source)
    ]

    missing = plain - keys
    unused = {
        key
        for key in keys
        if key not in quoted
        and not any(pattern.match(key) for pattern in patterns)
        and key.split(".")[0] not in MADE
    }

    assert not missing
    assert not unused


def test_modules_hold_no_text_of_their_own() -> None:
    found = []
    for name, source in modules().items():
        for match in LITERAL.finditer(source):
            literal = match[1] if match[1] is not None else match[2]
            line = source[source.rfind("\n", 0, match.start()) : match.start()]
            words = re.sub(r"\$\{[^}]*\}", "", literal)
            if (
                re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", words)
                and not MACHINE.search(words)
                and not CLASSES.search(line)
            ):
                found.append(f"{name}: {literal}")

    assert not found
