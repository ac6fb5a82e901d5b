"""The languages that Whisper knows, by code and by English name."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from transcriber.errors import UsageError


@functools.cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    # Slow to import, and the start of the program looks nothing up.
    import tomllib  # noqa: PLC0415
    from importlib import resources  # noqa: PLC0415

    text = resources.files("transcriber").joinpath("languages.toml").read_text("utf-8")
    return tomllib.loads(text)


def language_name(code: str) -> str:
    """Return the English name of a language, capitalised."""
    return _tables()["names"][code].title()


def language_names() -> Mapping[str, str]:
    """Return every code with its English name."""
    return _tables()["names"]


def language_of_tag(tag: str) -> str:
    """Return the code of the language that a track is marked with, or an empty text.

    Parameters
    ----------
    tag : str
        ISO 639-2 in either form, ISO 639-1 or BCP 47: ``deu``, ``ger``, ``de``, ``de-CH``.
    """
    text = tag.lower().replace("_", "-").partition("-")[0]
    tables = _tables()
    if text in tables["names"]:
        return text
    return next((code for code, tags in tables["tags"].items() if text in tags.split()), "")


def language_code(given: str) -> str:
    """Return the code of a language that is given by code or by English name, in any case.

    Raises
    ------
    UsageError
        When Whisper does not know it.
    """
    text = given.strip().lower()
    names = _tables()["names"]
    if text in names:
        return text
    by_name = {name: code for code, name in names.items()} | dict(_tables()["aliases"])
    if text in by_name:
        return by_name[text]
    import difflib  # noqa: PLC0415  only for the message

    tag = language_of_tag(text)
    near = [tag] if tag else difflib.get_close_matches(text, [*names, *by_name], n=2)
    hint = "give a code such as de, or an English name such as German"
    if text == "auto":
        # As whisper.cpp calls it.
        hint = "leave the option out, and the language is detected"
    elif near:
        hint = f"did you mean {' or '.join(near)}? Codes and English names will do"
    raise UsageError(f"Whisper does not know the language {given!r}", hint)
