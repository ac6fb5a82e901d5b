"""Whether there is a model to decode with, or a way to get one."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.download.policy import DownloadPolicy
from transcriber.download.progress import megabytes
from transcriber.download.sources import (
    chosen_mirrors,
    offline_by_environment,
    source_addresses,
    source_label,
)
from transcriber.errors import ModelError, UsageError
from transcriber.models.registry import OfficialModel, find_official
from transcriber.models.store import stored_models, verify
from transcriber.models.stored import StoredModel

_POLICY = DownloadPolicy(open_timeout=5.0, connect_timeout=2.0, stall_timeout=5.0)
"""Whoever looks for a fault waits for an answer, not for a slow network."""


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """What a transcription with the chosen model would meet.

    Attributes
    ----------
    ready : bool
        Whether there is a model that can be used, or one that can be fetched.
    text : str
        How it stands, in one line.
    as_chosen : bool
        Whether it is the chosen model that is there.
    """

    ready: bool
    text: str
    as_chosen: bool = False


def is_whole(model: StoredModel) -> bool:
    """Whether the file of a stored model has its content.

    What was fetched or imported is remembered; a file that was put there otherwise is read once.
    """
    try:
        verify(model)
    except ModelError:
        return False
    return True


def readiness(
    chosen: str, directory: Path, *, offline: bool = False, mirrors: Sequence[str] = ()
) -> Readiness:
    """Look whether the model `chosen` is there, or another, or whether it could be fetched.

    Parameters
    ----------
    chosen : str
        Its name, or the path of a checkpoint.
    directory : Path
        The store's folder.
    offline : bool
        Whether the user's own defaults forbid the network; the environment may, too.
    mirrors : sequence of str
        The sources that they name.
    """
    models = stored_models(directory)
    if find_official(chosen) is None and os.path.isfile(chosen):
        # A checkpoint that the user's own defaults name by its path.
        return Readiness(ready=True, text=f"{chosen} is here", as_chosen=True)
    mine = next((model for model in models if model.name == chosen), None)
    if mine is not None and is_whole(mine):
        return Readiness(ready=True, text=f"{chosen} is here", as_chosen=True)
    how = f"{chosen} is {'not here' if mine is None else 'damaged'}"
    official = find_official(chosen)
    others = [model for model in models if model is not mine and is_whole(model)]
    if others:
        other = max(others, key=_worth)
        return Readiness(ready=True, text=f"{how}; {other.name} is here: --model {other.name}")
    if official is None:
        return Readiness(ready=False, text=how)
    if mine is not None:
        # A transcription does not replace it unasked.
        return Readiness(ready=False, text=f"{how}: `transcriber models fetch {chosen}` mends it")
    reason = _why_not(official, directory, offline=offline, mirrors=mirrors)
    if reason:
        how += f", and cannot be fetched: {reason}"
    else:
        how += f" and is fetched when it is needed, {megabytes(official.size)}"
    return Readiness(ready=not reason, text=how)


def _worth(model: StoredModel) -> tuple[bool, int]:
    """Return what is larger for a better model: whether it knows all languages, and its size."""
    official = find_official(model.name)
    return official is None or official.dimensions.multilingual, model.size


def _why_not(
    model: OfficialModel, directory: Path, *, offline: bool, mirrors: Sequence[str]
) -> str:
    """Return why a model cannot be fetched; empty where it can."""
    places = (directory.absolute(), *directory.absolute().parents)
    folder = next(place for place in places if os.path.lexists(place))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} is no folder that may be written to"
    with contextlib.suppress(OSError):
        if shutil.disk_usage(folder).free < model.size:
            return f"{folder} has no room for {megabytes(model.size)}"
    try:
        if offline or offline_by_environment():
            return "the network is forbidden"
        addresses = source_addresses(model, chosen_mirrors(mirrors))
    except UsageError as error:
        return error.message
    from transcriber.download.faults import AttemptError  # noqa: PLC0415  brings urllib
    from transcriber.download.transport import open_address  # noqa: PLC0415

    reasons = []
    for address in addresses:
        try:
            open_address(address, {"Range": "bytes=0-0"}, _POLICY).close()
        except AttemptError as error:
            reasons.append(f"{source_label(address)}: {error}")
        else:
            return ""
    return "; ".join(reasons)
