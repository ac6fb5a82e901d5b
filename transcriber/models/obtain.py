"""Getting a model by its name: from the store if it is there, else from the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from transcriber.download.digest import file_sha256
from transcriber.download.progress import DownloadReport
from transcriber.download.sources import chosen_mirrors, offline_by_environment
from transcriber.errors import ModelError, OfflineError
from transcriber.models.registry import OfficialModel, find_official, require_official
from transcriber.models.store import expected_file, imported_path, locate, stored_models
from transcriber.models.stored import StoredModel


def obtain(
    name: str,
    *,
    directory: Path,
    offline: bool,
    sources: Sequence[str],
    report: DownloadReport,
) -> StoredModel:
    """Return the model `name`, and fetch it first where that is needed and allowed.

    A model that is there is used without the network: no address is resolved and no
    socket is made.

    Parameters
    ----------
    name : str
        An official name, an alias, the name of an import, or the path of a checkpoint in
        OpenAI's format.
    directory : Path
        The store's folder.
    offline : bool
        Whether the network is forbidden; ``TRANSCRIBER_OFFLINE=1`` forbids it too.
    sources : sequence of str
        Mirrors that are tried before the official address; without any, those of
        ``TRANSCRIBER_MODEL_MIRROR``.
    report : DownloadReport
        What is told of a download.

    Returns
    -------
    StoredModel
        A model whose file is verified. A checkpoint given by its path has the path as its
        name and ``file`` as its origin.

    Raises
    ------
    ModelError
        When there is no such model or its file is damaged.
    OfflineError
        When it would have to be fetched, and the network is forbidden.
    NetworkError, StorageError
        When it cannot be fetched.
    UsageError
        When a mirror is no usable address.
    """
    mirrors = chosen_mirrors(sources)
    stored = locate(name, directory)
    if stored is not None:
        return stored
    if find_official(name) is None:
        checkpoint = _checkpoint(name)
        if checkpoint is not None:
            return checkpoint
    official = require_official(name)
    if offline or offline_by_environment():
        raise offline_error(official, directory)
    # urllib and what it needs take 30 ms to import.
    from transcriber.models.fetch import fetch  # noqa: PLC0415

    return fetch(official, directory=directory, mirrors=mirrors, report=report)


def has_to_be_fetched(name: str, directory: Path) -> bool:
    """Whether the network is needed for the model `name`, as far as the names of files tell."""
    official = find_official(name)
    return official is not None and not (
        os.path.isfile(expected_file(official, directory).path)
        or os.path.isfile(imported_path(official.name, directory))
    )


def check_known(name: str, directory: Path) -> None:
    """Check that a name is one of a model, as far as names tell.

    Raises
    ------
    ModelError
        When neither OpenAI nor the store has one of that name, and there is no such file.
    """
    if not os.path.isfile(name) and all(name != one.name for one in stored_models(directory)):
        require_official(name)


def offline_error(model: OfficialModel, directory: Path) -> OfflineError:
    """Return the error that says how `model` gets into the store without this run."""
    here = [
        f"--model {stored.name}"
        for stored in stored_models(directory)
        if stored.path.stat().st_size == stored.size
    ]
    other = f", or take one that is there: {', '.join(here)}" if here else ""
    return OfflineError(
        f"the model {model.name} is not in {directory}, and the network is forbidden",
        f"fetch it with `transcriber models fetch {model.name}` while it is allowed, "
        f"or put {model.file_name} into that folder{other}",
    )


def _checkpoint(name: str) -> StoredModel | None:
    path = Path(name)
    if os.path.isfile(path):
        return StoredModel(
            name=name,
            path=path,
            sha256=file_sha256(path),
            size=path.stat().st_size,
            origin="file",
        )
    if os.path.isdir(path):
        raise ModelError(
            f"{path} is a folder", f"import it first with `transcriber models import {path}`"
        )
    if os.sep in name or path.suffix == ".pt":
        what = f"{path} is no file" if os.path.exists(path) else f"there is no file {path}"
        raise ModelError(what, "check the path")
    return None
