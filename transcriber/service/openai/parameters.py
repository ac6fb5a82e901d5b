"""What a client of OpenAI's interface asks for, as options of a job."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transcriber.errors import UsageError
from transcriber.languages import language_code
from transcriber.options.values import boolean
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError
from transcriber.service.job_options import is_model, job_words, option_actions, settings_of
from transcriber.settings import OutputSettings

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")

Fields = Mapping[str, Sequence[str]]
"""The fields of the form, each with all its values."""

_CUTTING = {
    "threshold": "vad_threshold",
    "silence_duration_ms": "vad_min_silence_ms",
    "prefix_padding_ms": "vad_speech_pad_ms",
}
"""Fields of ``chunking_strategy`` that are options here."""

_CLIENTS_NAMES = {
    "initial_prompt": "prompt",
    **dict.fromkeys(_CUTTING.values(), "chunking_strategy"),
}
"""What clients call options that have another name here."""

_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})

_NOTHING = frozenset({"null", "none", "undefined"})
"""What clients write that have nothing to say."""


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """A request.

    Attributes
    ----------
    words : tuple of str
        How the recording is decoded, as options of the command line.
    output : OutputSettings
        How subtitles are cut.
    task : str
        ``transcribe`` or ``translate``.
    response_format : str
        One of `FORMATS`.
    stream : bool
        Whether text is sent as it comes.
    with_words : bool
        Whether the times of words are wanted.
    with_probabilities : bool
        Whether the probabilities of words are.
    model : str
        What decodes.
    """

    words: tuple[str, ...]
    output: OutputSettings
    task: str
    response_format: str
    stream: bool
    with_words: bool
    with_probabilities: bool
    model: str


def read_parameters(context: Context, fields: Fields, *, task: str) -> Parameters:
    """Read the fields of a form.

    Names that OpenAI's interface does not have and the command line does are options of that name.

    Parameters
    ----------
    context : Context
        The service.
    fields : mapping
        What the client sent.
    task : str
        What its address stands for.

    Raises
    ------
    HttpError
        When a value makes no sense, with the parameter's name.
    """
    wanted = _first(fields, "response_format") or "json"
    if wanted not in FORMATS:
        hint = ": this server does not tell speakers apart" if wanted == "diarized_json" else ""
        raise _refusal("response_format", f"{wanted!r} is not one of {', '.join(FORMATS)}{hint}")
    granularities = _several(fields, "timestamp_granularities")
    if not {"word", "segment"}.issuperset(granularities):
        raise _refusal("timestamp_granularities", "it may hold word and segment")
    probabilities = "logprobs" in _several(fields, "include")
    options: dict[str, Any] = {
        name: _value(name, values[0]) for name, values in fields.items() if name in option_actions()
    }
    options |= {
        "model": _model(context, _first(fields, "model")),
        "language": spoken_language(
            _first(fields, "language") or next(iter(_several(fields, "languages")), "")
        ),
        "task": task,
        "initial_prompt": _first(fields, "prompt") or options.get("initial_prompt"),
        "hotwords": ", ".join(_several(fields, "keywords")) or options.get("hotwords"),
        **_temperature(_first(fields, "temperature")),
        **_cutting(_first(fields, "chunking_strategy")),
    }
    if "word" in granularities or probabilities:
        options["word_timestamps"] = True
    try:
        words = job_words(context, options)
    except UsageError as error:
        raise HttpError(400, str(error), param=_named(error, fields)) from error
    settings = settings_of(words)
    return Parameters(
        words=words,
        output=settings.output,
        task=task,
        response_format=wanted,
        stream=_first(fields, "stream").lower() in _TRUE,
        with_words="word" in granularities,
        with_probabilities=probabilities,
        model=settings.model,
    )


def _named(error: UsageError, fields: Fields) -> str | None:
    """Return the field that an error is about."""
    for option in re.findall(r"--(\w+)", error.message):
        for name in (option, _CLIENTS_NAMES.get(option, "")):
            if name in fields:
                return name
    return None


def _refusal(name: str, message: str) -> HttpError:
    return HttpError(400, f"{name}: {message}", param=name)


def _first(fields: Fields, name: str) -> str:
    text = next(iter(fields.get(name, ())), "").strip()
    return "" if text.lower() in _NOTHING else text


def _value(option: str, text: str) -> str:
    """Return the value of an option as the command line has it."""
    if option_actions()[option].type is boolean:
        word = text.strip().lower()
        return "True" if word in _TRUE else "False" if word in _FALSE else text
    return text


def _several(fields: Fields, name: str) -> list[str]:
    """Return all values of a list, whose name clients write with brackets, numbered or without."""
    spelled = re.compile(rf"{name}(\[\d*\])?")
    texts = [text for key, values in fields.items() if spelled.fullmatch(key) for text in values]
    return [value for text in texts for value in _items(text)]


def _items(text: str) -> list[str]:
    if text.startswith("["):
        try:
            return [str(item) for item in json.loads(text)]
        except (ValueError, RecursionError):
            return [text]
    return [text] if text else []


def _model(context: Context, name: str) -> str | None:
    """Return the model that is meant: clients name OpenAI's, which stand for the default."""
    return name if name and is_model(context, name) else None


def spoken_language(named: str) -> str | None:
    """Return the code of a language that a client names; None where it is to be detected.

    Raises
    ------
    HttpError
        When Whisper does not know it.

    Examples
    --------
    >>> spoken_language("pt-BR"), spoken_language("German"), spoken_language("auto")
    ('pt', 'de', None)
    """
    # Some clients say that it is to be detected.
    if named.lower() in ("", "auto", "none", "null"):
        return None
    # Some clients send the region, too: pt-BR.
    for name in (named, named.replace("_", "-").partition("-")[0]):
        try:
            return language_code(name)
        except UsageError:
            continue
    raise _refusal("language", f"{named!r} is no language that Whisper knows")


def _temperature(text: str) -> dict[str, Any]:
    if not text:
        return {"temperature": None}
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise _refusal("temperature", "it is a number from 0 to 1")
    # At 0, it rises until the text passes the checks; any other is meant as it is.
    return {"temperature": value, "temperature_increment_on_fallback": "None"} if value else {}


def _cutting(text: str) -> dict[str, Any]:
    """Return how speech is detected, where the client says it."""
    if text in ("", "auto", "null"):
        return {}
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise _refusal("chunking_strategy", "it is auto, or an object in JSON")
    found = {option: given.get(name) for name, option in _CUTTING.items()}
    return {option: value for option, value in found.items() if value is not None}
