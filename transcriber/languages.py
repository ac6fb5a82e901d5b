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

    near = difflib.get_close_matches(text, [*names, *by_name], n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else "give a code such as en, or a name"
    raise UsageError(f"Whisper does not know the language {given!r}", hint)
