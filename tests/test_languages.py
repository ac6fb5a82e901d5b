from __future__ import annotations

import pytest

from transcriber.engine import openai_whisper
from transcriber.errors import UsageError
from transcriber.languages import language_code, language_name, language_names

openai_whisper.load()

from whisper.tokenizer import LANGUAGES, TO_LANGUAGE_CODE  # noqa: E402


def test_the_languages_are_those_of_openai_whisper() -> None:
    assert dict(language_names()) == LANGUAGES
    # The order is that of the language tokens.
    assert list(language_names()) == list(LANGUAGES)


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title, " {} ".format])
def test_every_code_and_name_of_openai_whisper_is_known(change: object) -> None:
    assert callable(change)
    assert {code: language_code(change(code)) for code in LANGUAGES} == {c: c for c in LANGUAGES}
    assert {name: language_code(change(name)) for name in TO_LANGUAGE_CODE} == TO_LANGUAGE_CODE


def test_names_are_written_as_openai_whisper_does() -> None:
    assert {code: language_name(code) for code in LANGUAGES} == {
        code: name.title() for code, name in LANGUAGES.items()
    }


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("germn", "did you mean german or "),
        ("Portugese", "did you mean portuguese?"),
        ("klingon", "give a code such as de"),
        ("", "give a code such as de"),
        ("None", ""),
        ("en,de", ""),
        ("en\nde", ""),
    ],
)
def test_an_unknown_language_is_told(given: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        language_code(given)
    assert repr(given) in caught.value.message
    assert caught.value.remedy.startswith(hint or ("did you mean", "give a code"))
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("auto", "leave the option out, and the language is detected"),
        ("en-US", "did you mean en? "),
        ("pt_BR", "did you mean pt? "),
        ("deu", "did you mean de? "),
        ("Deutsch", "Codes and English names will do"),
        ("qqq", "give a code such as de, or an English name such as German"),
    ],
)
def test_what_other_programs_call_it(given: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        language_code(given)
    assert hint in caught.value.remedy
