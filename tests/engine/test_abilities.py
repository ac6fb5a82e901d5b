"""What models cannot do."""

from __future__ import annotations

import pytest

from transcriber.engine.abilities import (
    check_official,
    check_task,
    idle_options,
    language_error,
)
from transcriber.errors import UsageError
from transcriber.models.registry import official_models
from transcriber.settings import DecodingSettings

TRANSLATE = DecodingSettings(task="translate")


@pytest.mark.parametrize("name", official_models())
def test_who_can_translate(name: str) -> None:
    if name.endswith(".en") or "turbo" in name:
        with pytest.raises(UsageError, match=rf"the model {name} .*translate") as caught:
            check_official(name, TRANSLATE)
        assert "--model" in caught.value.remedy
    else:
        check_official(name, TRANSLATE)
    check_official(name, DecodingSettings())


def test_an_alias_is_its_model() -> None:
    with pytest.raises(UsageError, match="large-v3-turbo was not trained to translate"):
        check_official("turbo", TRANSLATE)
    check_official("large", TRANSLATE)


@pytest.mark.parametrize("name", official_models())
def test_who_knows_cantonese(name: str) -> None:
    settings = DecodingSettings(language="yue")
    if name in ("large-v3", "large-v3-turbo") or name.endswith(".en"):
        # That an English model knows no language but English is a note.
        check_official(name, settings)
    else:
        with pytest.raises(UsageError, match="does not know the language Cantonese"):
            check_official(name, settings)


@pytest.mark.parametrize("tokens", ["51865", "1,2,60000", "-51866"])
def test_tokens_that_are_none(tokens: str) -> None:
    with pytest.raises(UsageError, match="the model has no token"):
        check_official("small", DecodingSettings(suppress_tokens=tokens))
    check_official("small", DecodingSettings(suppress_tokens="-1,51864"))


def test_of_other_models_nothing_is_known_before_they_are_loaded() -> None:
    check_official("mine", TRANSLATE)
    check_official("/some/checkpoint.pt", DecodingSettings(suppress_tokens="99999"))
    with pytest.raises(UsageError, match="the model mine knows English only"):
        check_task("mine", TRANSLATE, multilingual=False)
    check_task("mine", TRANSLATE, multilingual=True)
    assert "mine does not know the language Cantonese" in str(language_error("mine", "yue"))


def test_what_has_no_effect() -> None:
    german = DecodingSettings(language="de", multilingual=True)
    told = "has no effect: the model base.en knows English only"
    assert idle_options("base.en", german, is_missing=False) == [f"--multilingual {told}"]
    assert idle_options("base.en", german, is_missing=True) == [
        f"--multilingual {told}",
        f"--language {told}",
    ]
    assert idle_options("base.en", DecodingSettings(language="en"), is_missing=True) == []
    assert idle_options("base", german, is_missing=True) == []
    assert idle_options("mine", german, is_missing=True) == []
