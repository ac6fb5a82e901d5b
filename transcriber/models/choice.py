"""Asking which model to fetch, at the first start on a terminal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from transcriber.models.progress import megabytes
from transcriber.models.registry import OfficialModel, find_official, official_models
from transcriber.models.sources import offline_by_environment
from transcriber.models.store import expected_file, locate
from transcriber.settings import DEFAULT_MODEL, RunSettings


def may_ask(settings: RunSettings) -> bool:
    """Return whether the user is there to be asked, and there is something to ask."""
    return may_offer(settings) and locate(settings.model, settings.model_directory) is None


def may_offer(settings: RunSettings) -> bool:
    """Return whether the user is there to be asked whether to fetch something.

    Whoever reads the progress as JSON is a program; without the network nothing can be fetched.
    """
    return (
        _is_in_front()
        and sys.stderr.isatty()
        and settings.progress in ("auto", "bar")
        and not (settings.offline or offline_by_environment())
    )


def _is_in_front() -> bool:
    """Return whether standard input is a terminal that this process may read from.

    A shell's job in the background would be stopped by the attempt.
    """
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except (OSError, ValueError):
        return False


def ask_model(directory: Path) -> str:
    """Ask for a model until one is named.

    Parameters
    ----------
    directory : Path
        The store's folder: what lies there need not be fetched.

    Returns
    -------
    str
        The name of an official model: the default where the line, or the input, is empty.
    """
    offered = _offered()
    names = [model.name for model in offered]
    default = names.index(DEFAULT_MODEL) + 1
    print("Which model shall write it down? It is fetched once.\n", file=sys.stderr)
    for number, model in enumerate(offered, 1):
        print(f"  {number:2}  {_description(model, directory)}", file=sys.stderr)
    while True:
        print(f"\nNumber or name [{default}]: ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip() or str(default)
        if answer.isdecimal() and 1 <= int(answer) <= len(offered):
            answer = names[int(answer) - 1]
        chosen = find_official(answer)
        if chosen is not None:
            return chosen.name
        print(f"There is no model {answer!r}.", end="", file=sys.stderr)


def _offered() -> list[OfficialModel]:
    """Return what most people choose from: the newest of each size that knows all languages.

    Those for English alone, and the forerunners of the newest large one, are taken by name.
    """
    newest: dict[tuple[int, int], OfficialModel] = {}
    for model in official_models().values():
        if model.dimensions.multilingual:
            newest[model.dimensions.state, model.dimensions.decoder_layers] = model
    return sorted(newest.values(), key=lambda model: model.size)


def _description(model: OfficialModel, directory: Path) -> str:
    notes = []
    if model.name == _offered()[0].name:
        notes.append("the quickest, with the most mistakes")
    if model.name == DEFAULT_MODEL:
        notes.append("recommended")
    if model.name == _offered()[-1].name:
        notes.append("the fewest mistakes, and the slowest")
    if expected_file(model, directory).path.is_file():
        notes.append("already here")
    return f"{model.name:14} {megabytes(model.size):>9}  {', '.join(notes)}".rstrip()
