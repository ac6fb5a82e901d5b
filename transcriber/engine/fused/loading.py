"""Getting a model's packed weights: from their file where there is a sound one, else made anew."""

from __future__ import annotations

import base64
import contextlib
import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from transcriber.download.digest import file_sha256
from transcriber.engine.fused.forms import Forms
from transcriber.engine.fused.layout import is_supported
from transcriber.engine.fused.packed_file import (
    Description,
    PackedModel,
    file_bytes,
    read_packed,
    write_packed,
)
from transcriber.errors import ModelError, StorageError
from transcriber.models.packed import (
    note_source,
    orphaned_files,
    outdated_files,
    packed_places,
)
from transcriber.models.stored import StoredModel

if TYPE_CHECKING:
    from torch import Tensor

    from transcriber.engine.fused.checkpoint import OpenCheckpoint

Heads = tuple[tuple[int, int], ...]

_SPARE = 64 << 20
"""Bytes of a disk that are left to others."""


def load_packed(stored: StoredModel, forms: Forms) -> PackedModel | None:
    """Return the packed weights of a model; they are made, and written, where they are missing.

    Parameters
    ----------
    stored : StoredModel
        The model.
    forms : Forms
        The forms of its weights.

    Returns
    -------
    PackedModel or None
        None where the operators cannot compute a model of such dimensions, or with such weights.

    Raises
    ------
    ModelError
        When the file is no checkpoint of a Whisper model, or another than `stored` describes.
    OutOfMemoryError
        When memory runs out.
    """
    places = packed_places(stored, forms.label)
    for place in places:
        packed = read_packed(place, stored.sha256, forms.label)
        if packed is not None:
            return packed
    from transcriber.engine.fused.checkpoint import open_checkpoint  # noqa: PLC0415

    checkpoint = open_checkpoint(stored.path, stored.name)
    if not is_supported(checkpoint.dimensions):
        return None
    from transcriber.engine.fused.packing import is_packable  # noqa: PLC0415

    if not is_packable(forms, checkpoint):
        return None
    return _make(stored, forms, checkpoint, places)


def alignment_heads(description: Description, official: str | None) -> Heads:
    """Return layer and head of each decoder head whose attention follows the time.

    Parameters
    ----------
    description : Description
        The model.
    official : str or None
        openai-whisper's name of it.

    Returns
    -------
    tuple of (int, int)
        Those that openai-whisper has for the name, or else those that the checkpoint names, or
        else all of the upper half of the layers.

    Examples
    --------
    >>> forms = Forms(encoder="float32", decoder="float32")
    >>> sizes = {"n_text_layer": 2, "n_text_head": 3}
    >>> of = Description(sha256="", dimensions=sizes, alignment_heads=None, forms=forms)
    >>> alignment_heads(of, None)
    ((1, 0), (1, 1), (1, 2))
    """
    layers, heads = (description.dimensions[f"n_text_{part}"] for part in ("layer", "head"))
    if official is not None:
        import whisper  # noqa: PLC0415

        content = gzip.decompress(base64.b85decode(whisper._ALIGNMENT_HEADS[official]))
        mask = np.frombuffer(content, bool).reshape(layers, heads)
        return tuple((int(layer), int(head)) for layer, head in np.argwhere(mask))
    if description.alignment_heads:
        return description.alignment_heads
    # As openai-whisper does: those of the upper half.
    return tuple((layer, head) for layer in range(layers // 2, layers) for head in range(heads))


def _make(
    stored: StoredModel, forms: Forms, checkpoint: OpenCheckpoint, places: list[Path]
) -> PackedModel:
    from transcriber.engine.fused.packing import settle_forms  # noqa: PLC0415

    forms = settle_forms(forms, checkpoint)
    description = Description(
        sha256=stored.sha256,
        dimensions=checkpoint.dimensions,
        alignment_heads=checkpoint.alignment_heads,
        forms=forms,
    )
    for place in places:
        if not _has_room(place, file_bytes(description)):
            continue
        with contextlib.suppress(StorageError):
            write_packed(place, description, _tensors(stored, checkpoint, forms))
            _remove_outdated(place, stored)
            if stored.origin == "file":
                note_source(place, stored)
            packed = read_packed(place, stored.sha256, forms.label)
            if packed is not None:
                return packed
    tensors = list(_tensors(stored, checkpoint, forms))
    count = len(description.tensors()[0])
    return PackedModel(description=description, encoder=tensors[:count], decoder=tensors[count:])


def _tensors(stored: StoredModel, checkpoint: OpenCheckpoint, forms: Forms) -> Iterator[Tensor]:
    from transcriber.engine.fused.packing import pack_checkpoint  # noqa: PLC0415

    yield from pack_checkpoint(checkpoint, forms)
    # Else the weights of one checkpoint would be kept under the digest of another.
    if file_sha256(stored.path) != stored.sha256:
        raise ModelError(
            f"{stored.path} was replaced while it was read: run the same command again"
        )


def _has_room(place: Path, size: int) -> bool:
    """Whether writing is worth a try: packing for nothing takes seconds."""
    folder = next((folder for folder in place.parents if os.path.isdir(folder)), None)
    if folder is None or not os.access(folder, os.W_OK | os.X_OK):
        return False
    try:
        return shutil.disk_usage(folder).free > size + _SPARE
    except OSError:
        return False


def _remove_outdated(place: Path, stored: StoredModel) -> None:
    for path in (*outdated_files(place, stored), *orphaned_files()):
        with contextlib.suppress(OSError):
            path.unlink()
