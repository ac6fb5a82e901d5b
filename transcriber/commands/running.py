"""Running a sub-command, with the user's own defaults for the options that it shares."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from transcriber.options.defaults import words_for
from transcriber.options.parser import Parser, with_underscores
from transcriber.subcommands import SUBCOMMANDS, module_of

_SHARED = frozenset({"model_dir", "ffmpeg", "device", "backend", "python", "compute_type"})
"""Options whose defaults are those of a transcription: where models are kept, what decodes."""

_OF_TRANSCRIPTIONS = frozenset({"serve", "ui", "jobs", "watch", "live", "dictate"})
"""Sub-commands that take all options of a transcription, too."""


def run_subcommand(name: str, arguments: Sequence[str]) -> int:
    """Run a sub-command.

    Parameters
    ----------
    name : str
        One of `SUBCOMMANDS`.
    arguments : sequence of str
        What follows it on the command line.

    Returns
    -------
    int
        The exit code.
    """
    module = importlib.import_module(module_of(name))
    parser = Parser(prog=f"transcriber {name}", description=SUBCOMMANDS[name])
    module.add_arguments(parser)
    words = with_underscores(arguments)
    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    if name == "doctor":
        words = [*words_for(_SHARED), *words]
    elif name == "models" and words:
        # Each of its sub-commands has options of its own.
        words = [words[0], *words_for(_models_names(words)), *words[1:]]
    elif name == "self-update":
        words = [*words_for(frozenset({"offline"})), *words]
    elif name == "cuda" and words[:1] == ["fetch"]:
        words = [words[0], *words_for(frozenset({"offline"})), *words[1:]]
    if name in _OF_TRANSCRIPTIONS:
        given, rest = parser.parse_known_args(words)
        # Which of them there are, those know that read them.
        given.options = rest
    else:
        given = parser.parse_args(words)
    code: int = module.run(given)
    return code


def _models_names(words: Sequence[str]) -> frozenset[str]:
    """Return the options of ``models`` that have the user's own defaults."""
    names = {"model_dir"}
    if words[0] == "fetch":
        names.add("offline")
        # Who names a mirror wants that one.
        if not any(word.startswith("--model_m") for word in words):
            names.add("model_mirror")
    return frozenset(names)
