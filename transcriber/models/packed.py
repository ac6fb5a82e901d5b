"""Where the packed weights of a model lie: what the fused engine maps in the checkpoint's place.

They lie beside the model, as ``base.ed3a0b6b1c0e.int8-int16.packed``: the model's name, the
beginning of its sha256, and the form. Where that folder cannot be written to, and for a checkpoint
that is not of the store, they lie in the program's cache; of the latter a note says what they were
made of, since nobody tells the program when such a file is removed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

from transcriber.download.digest import is_remembered
from transcriber.errors import StorageError
from transcriber.files import atomic_writer
from transcriber.models.stored import StoredModel
from transcriber.paths import program_cache

SUFFIX = ".packed"
_NOTE = ".source"
_DIGITS = 12
_REST = re.compile(r"\.([0-9a-f]{12})\.[a-z0-9-]+\.packed")
"""What follows the model's name."""


def packed_places(model: StoredModel, label: str) -> list[Path]:
    """Return where the packed weights of `model` may lie, the best place first.

    Parameters
    ----------
    model : StoredModel
        The model.
    label : str
        The name of the form.
    """
    name = f"{model.path.stem}.{model.sha256[:_DIGITS]}.{label}{SUFFIX}"
    places = [packed_cache() / name]
    # What is put into a folder of the user's nobody would ever remove.
    if model.origin != "file":
        places.insert(0, model.path.with_name(name))
    return places


def packed_files(model: StoredModel) -> list[Path]:
    """Return all packed weights of `model` that are there, in whatever form."""
    wanted = model.sha256[:_DIGITS]
    return [
        path
        for folder in (model.path.parent, packed_cache())
        for path, digest in _files(model.path.stem, folder)
        if digest == wanted
    ]


def packed_files_beside(path: Path) -> list[Path]:
    """Return the packed weights beside the model at `path`, of whatever it has ever been."""
    return [found for found, _ in _files(path.stem, path.parent)]


def outdated_files(packed: Path, model: StoredModel) -> list[Path]:
    """Return what lies beside `packed` and was made of an earlier content of `model`."""
    wanted = model.sha256[:_DIGITS]
    # In the cache lie those of models of the same name in other folders, too.
    if packed.parent != model.path.parent:
        return []
    return [path for path, digest in _files(model.path.stem, packed.parent) if digest != wanted]


def note_source(packed: Path, model: StoredModel) -> None:
    """Write down what file of the user's `packed`, in the cache, was made of."""
    with contextlib.suppress(StorageError), atomic_writer(_note(packed)) as stream:
        # In the form of sha256sum.
        stream.write(
            f"{model.sha256}  {model.path.absolute()}\n".encode("utf-8", "surrogateescape")
        )


def orphaned_files() -> list[Path]:
    """Return what lies in the cache and was made of files that are gone or have changed."""
    found = []
    for note in packed_cache().glob(f"*{SUFFIX}{_NOTE}"):
        try:
            said = note.read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            continue
        sha256, _, path = said.rstrip("\n").partition("  ")
        if not is_remembered(Path(path), sha256):
            found += [note.with_name(note.name.removesuffix(_NOTE)), note]
    return found


def packed_cache() -> Path:
    """Return the folder of what cannot lie beside its model."""
    return program_cache() / "packed"


def _note(packed: Path) -> Path:
    return packed.with_name(packed.name + _NOTE)


def _files(stem: str, folder: Path) -> Iterator[tuple[Path, str]]:
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:
        return
    for name in names:
        match = _REST.fullmatch(name[len(stem) :]) if name.startswith(stem) else None
        if match:
            yield folder / name, match[1]
