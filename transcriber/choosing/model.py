"""Which model to use at the first start: what is here already is offered, and what may come."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from transcriber.download.progress import megabytes
from transcriber.download.sources import offline_by_environment
from transcriber.errors import UsageError
from transcriber.models.registry import OfficialModel, find_official, official_models
from transcriber.models.store import expected_file, locate, stored_models
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
        and not settings.quiet
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


def stored_instead(settings: RunSettings) -> str | None:
    """Return the model that is here where the default is not: the best that is no larger, if any.

    It can do what is asked for, as far as its name tells.
    """
    decoding = settings.decoding
    foreign = decoding.language != "en" or decoding.task == "translate"
    here = []
    for stored in stored_models(settings.model_directory):
        official = find_official(stored.name)
        if official is None or (foreign and not official.dimensions.multilingual):
            continue
        # That one was trained on transcripts only.
        able = decoding.task != "translate" or "turbo" not in official.name
        if able and os.path.getsize(stored.path) == stored.size:  # noqa: PTH202
            here.append(official)
    default = find_official(DEFAULT_MODEL)
    if default is None or default in here:
        return None
    smaller = [model for model in here if model.size < default.size]
    best = max(smaller, key=_size, default=min(here, key=_size, default=None))
    return best.name if best else None


def offer_stored(settings: RunSettings) -> str:
    """Return what to tell where a model is about to be fetched and another one is here."""
    if not settings.model_is_open or settings.offline or offline_by_environment():
        # Without the network it is an error, which names what is here.
        return ""
    if locate(settings.model, settings.model_directory) is not None:
        return ""
    other = stored_instead(settings)
    if other is None:
        return ""
    return (
        f"the model {settings.model} is not here and is fetched now; {other} is here: "
        f"--model {other} uses it"
    )


def ask_model(directory: Path, *, default: str = DEFAULT_MODEL) -> str:
    """Ask for a model until one is named.

    Parameters
    ----------
    directory : Path
        The store's folder: what lies there need not be fetched.
    default : str
        The official model that an empty line stands for.

    Returns
    -------
    str
        The name of an official model: the default where the line is empty.

    Raises
    ------
    UsageError
        When the input ends before one is named.
    """
    offered = _offered()
    chosen = find_official(default)
    if chosen is not None and chosen not in offered:
        offered = sorted([*offered, chosen], key=_size)
    names = [model.name for model in offered]
    usual = names.index(default) + 1
    print("Which model should be downloaded? This is done once.\n", file=sys.stderr)
    if default != DEFAULT_MODEL:
        print(f"{DEFAULT_MODEL} is not here; {default} is.\n", file=sys.stderr)
    for number, model in enumerate(offered, 1):
        print(f"  {number:2}  {_description(model, directory)}", file=sys.stderr)
    while True:
        print(f"\nNumber or name [{usual}]: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            print(file=sys.stderr)
            raise UsageError("no model was chosen", "name one with --model")
        answer = line.strip() or str(usual)
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
    return sorted(newest.values(), key=_size)


def _size(model: OfficialModel) -> int:
    return model.size


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
