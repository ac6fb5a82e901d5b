"""Bringing a model of another program into the store.

Nothing heavy is imported until a checkpoint is read.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from transcriber.download.digest import remember_sha256
from transcriber.errors import DependencyError, LimitError, ModelError
from transcriber.files import atomic_writer
from transcriber.machine.memory import libraries_fit
from transcriber.models.checkpoints.digesting import DigestingSink, Sink
from transcriber.models.registry import OfficialModel, find_official
from transcriber.models.store import (
    canonical_name,
    expected_file,
    imported_path,
    verify,
    write_sidecar,
)
from transcriber.models.stored import StoredModel

_ANONYMOUS = re.compile(r"model\.(bin|safetensors|safetensors\.index\.json)")
"""Files that are named alike in every folder: the folder's name says more."""


def import_checkpoint(source: Path, *, name: str | None, directory: Path) -> StoredModel:
    """Convert the checkpoint `source` to OpenAI's format and put it into the store.

    Weights that are bit by bit OpenAI's own become OpenAI's file, with its sha256 and under its
    name, as if it had been fetched. All others lie apart from the official files, under a name
    of their own. The same checkpoint gives the same file each time.

    Parameters
    ----------
    source : Path
        A file or folder: OpenAI's ``.pt``, a Hugging Face folder with safetensors, or a
        CTranslate2 folder, whose ``model.bin`` may be split into parts.
    name : str or None
        What to call it; without a name, OpenAI's own weights get their official name, and all
        others the name of the file or folder.
    directory : Path
        The store's folder.

    Raises
    ------
    ModelError
        When the checkpoint is damaged, no Whisper model or not the model that `name` says.
    UsageError
        When `name` cannot be the name of a file.
    StorageError
        When the file cannot be written.
    DependencyError
        When numpy or torch does not load.
    LimitError
        When the memory does not suffice.
    """
    if name is not None:
        imported_path(name, directory)
    if not libraries_fit():
        raise _memory_error(source)
    try:
        from transcriber.models.checkpoints.openai import write_openai  # noqa: PLC0415
        from transcriber.models.checkpoints.published import find_published  # noqa: PLC0415
        from transcriber.models.checkpoints.reading import read_checkpoint  # noqa: PLC0415
    except ImportError as error:
        raise DependencyError(
            f"numpy does not load: {error}", "install the program again"
        ) from error
    try:
        checkpoint = read_checkpoint(source)
        published = find_published(checkpoint)
        if published is not None:
            model, write = published
            if name is None or canonical_name(name) == model.name:
                return _store_published(model, write, directory)
        chosen = _choose_name(checkpoint.dimensions, source, name, directory)
        path = imported_path(chosen, directory)
        sink = _write(path, lambda sink: write_openai(sink, checkpoint))
    except MemoryError as error:
        raise _memory_error(source) from error
    stored = StoredModel(
        name=chosen, path=path, sha256=sink.sha256, size=sink.size, origin=checkpoint.origin
    )
    write_sidecar(stored)
    return stored


def _memory_error(source: Path) -> LimitError:
    return LimitError(f"not enough memory to import {source}", "close other programs")


def _store_published(
    model: OfficialModel, write: Callable[[Sink], None], directory: Path
) -> StoredModel:
    stored = expected_file(model, directory)
    # Written only where it is missing or damaged.
    with contextlib.suppress(ModelError):
        verify(stored)
        return stored
    _write(stored.path, write, sha256=stored.sha256)
    return stored


def _write(
    path: Path, write: Callable[[Sink], None], *, sha256: str | None = None
) -> DigestingSink:
    with atomic_writer(path) as stream:
        sink = DigestingSink(stream)
        write(sink)
        if sha256 not in (None, sink.sha256):
            raise ModelError(f"the source of {path} changed while it was read", "import it again")
    remember_sha256(path, sink.sha256)
    return sink


def _choose_name(
    dimensions: Mapping[str, int], source: Path, requested: str | None, directory: Path
) -> str:
    name = canonical_name(requested or _derive_name(source))
    official = find_official(name)
    if official is None:
        return name
    if official.dimensions.as_checkpoint() != dimensions:
        raise ModelError(
            f"{source} is not the model {name}: its dimensions are others",
            "give it another name with --name",
        )
    if expected_file(official, directory).path.is_file():
        raise ModelError(
            f"the store has OpenAI's {name} already, and {source} is not that file",
            "give it another name with --name",
        )
    return name


def _derive_name(source: Path) -> str:
    path = source.resolve()
    if _ANONYMOUS.fullmatch(path.name):
        path = path.parent
    stem = path.name.removesuffix(".pt")
    name = re.sub(r"[^\w.+-]+", "-", stem).strip(".+-")[:100]
    if not name:
        raise ModelError(f"{source} has no name to call the model by", "give one with --name")
    return name
