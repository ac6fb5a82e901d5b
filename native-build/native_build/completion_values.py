"""What the words of a command line may be, for the completion of every shell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from transcriber.languages import language_names
from transcriber.models.registry import official_models
from transcriber.options.values import ALL_FORMATS, boolean
from transcriber.settings import EVERY_FORMAT

_FOLDERS = frozenset({"model_dir", "output_dir", "data_dir"})
_FILES = frozenset(
    {
        *("ffmpeg", "python", "files", "public_key", "sums", "source", "model"),
        *("recordings", "socket", "api_key_file"),
    }
)


@dataclass(frozen=True)
class Values:
    """What an option may be, or a word without one.

    Attributes
    ----------
    kind : str
        ``files``, ``folders``, ``list`` of names with commas between them, ``truth``, that may be
        left out, ``names``, or ``text``, which nobody could complete.
    names : sequence of str
        What is offered by name, in the case of files beside them.
    """

    kind: str
    names: Sequence[str] = ()


def values_of(action: argparse.Action) -> Values:
    """Return what an action of a parser may be that takes a value."""
    if action.choices is not None:
        return Values("names", [*map(str, action.choices)])
    names = _names().get(action.dest, ())
    if action.dest in _FOLDERS:
        return Values("folders")
    if action.dest in _FILES:
        return Values("files", names)
    if action.dest == "output_format":
        return Values("list", names)
    if action.type is boolean:
        return Values("truth", ("True", "False"))
    return Values("names" if names else "text", names)


def _names() -> Mapping[str, Sequence[str]]:
    models = [name for model in official_models().values() for name in (model.name, *model.aliases)]
    languages = language_names()
    # Shells take a blank for the end of a name; that language has a code.
    by_name = [name for name in languages.values() if " " not in name]
    return {
        "model": models,
        # Of ``models``: what fetches, verifies, removes and locates.
        "names": models,
        "name": models,
        "language": [*languages, *by_name],
        "device": ("auto", "cpu", "cuda"),
        "output_format": (ALL_FORMATS, *EVERY_FORMAT),
        "batch_size": ("auto", "1", "2", "4", "8"),
    }
