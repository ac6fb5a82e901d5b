"""What a model cannot do, told before it is fetched or, where it is not known before, loaded."""

from __future__ import annotations

from transcriber.engine.tokens import check_tokens
from transcriber.errors import UsageError
from transcriber.languages import language_name
from transcriber.models.registry import OfficialModel, find_official, official_models
from transcriber.settings import DecodingSettings

_TRANSCRIBES_ONLY = "large-v3-turbo"
"""It was trained on transcripts alone: asked for a translation, it writes what is said."""

LATER_LANGUAGES = frozenset({"yue"})
"""Languages that only models with the larger vocabulary know."""


def check_official(name: str, settings: DecodingSettings) -> None:
    """Check what is asked of an official model; of another nothing is known before it is loaded.

    Parameters
    ----------
    name : str
        What the user calls it; a name that is no official model's passes.
    settings : DecodingSettings
        What is asked of it.

    Raises
    ------
    UsageError
        When the model cannot do it.

    Examples
    --------
    >>> check_official("tiny.en", DecodingSettings(task="translate"))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    transcriber.errors.UsageError: the model tiny.en knows English only and cannot translate: ...
    """
    model = find_official(name)
    if model is None:
        return
    check_tokens(settings.suppress_tokens, model.dimensions.vocabulary)
    check_task(model.name, settings, multilingual=model.dimensions.multilingual)
    language = settings.language
    if language in LATER_LANGUAGES and model.dimensions.multilingual and not _is_newest(model):
        raise language_error(model.name, language)


def check_task(name: str, settings: DecodingSettings, *, multilingual: bool) -> None:
    """Check that a model can do the task.

    Parameters
    ----------
    name : str
        What the user calls it.
    settings : DecodingSettings
        What is asked of it.
    multilingual : bool
        Whether it knows other languages than English.

    Raises
    ------
    UsageError
        When it cannot.

    Examples
    --------
    >>> check_task(
    ...     "mine", DecodingSettings(task="translate"), multilingual=False
    ... )  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    transcriber.errors.UsageError: the model mine knows English only and cannot translate: ...
    """
    official = find_official(name)
    turbo = official is not None and official.name == _TRANSCRIBES_ONLY
    if settings.task != "translate" or (multilingual and not turbo):
        return
    why = "was not trained to translate" if turbo else "knows English only and cannot translate"
    raise UsageError(f"the model {name} {why}", "choose small, medium or large with --model")


def language_error(name: str, language: str) -> UsageError:
    """Return the error that a model does not know a language.

    Parameters
    ----------
    name : str
        What the user calls the model.
    language : str
        Code of the language.

    Examples
    --------
    >>> language_error("base", "yue").message
    'the model base does not know the language Cantonese'
    """
    able = [model.name for model in official_models().values() if _is_newest(model)]
    return UsageError(
        f"the model {name} does not know the language {language_name(language)}",
        f"choose {' or '.join(able)} with --model",
    )


def idle_options(name: str, settings: DecodingSettings, *, is_missing: bool) -> list[str]:
    """Return lines about what has no effect with an official model that knows English only.

    Parameters
    ----------
    name : str
        What the user calls the model.
    settings : DecodingSettings
        What is asked of it.
    is_missing : bool
        Whether it has to be fetched. Of one that is here, the language is told with the recording.

    Examples
    --------
    >>> idle_options("tiny.en", DecodingSettings(multilingual=True), is_missing=False)
    ['--multilingual has no effect: the model tiny.en knows English only']
    """
    model = find_official(name)
    if model is None or model.dimensions.multilingual:
        return []
    idle = ["--multilingual"] if settings.multilingual else []
    if is_missing and settings.language not in (None, "en"):
        idle.append("--language")
    return [f"{one} has no effect: the model {model.name} knows English only" for one in idle]


def _is_newest(model: OfficialModel) -> bool:
    return model.dimensions.vocabulary == max(
        other.dimensions.vocabulary for other in official_models().values()
    )
