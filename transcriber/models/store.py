"""Where each model lies in the store, and whether its file is whole.

OpenAI's own files lie in the folder itself under the names that openai-whisper
gives them. Imported ones lie in ``imported/NAME.pt``, each with a description
in ``imported/NAME.json``: ``name``, ``sha256``, ``size`` and ``origin``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from dataclasses import asdict
from pathlib import Path

from transcriber.download.digest import file_sha256, forget_sha256
from transcriber.download.lock import FileLock, lock_path
from transcriber.download.partial import partial_paths
from transcriber.errors import ModelError, UsageError
from transcriber.files import atomic_writer, storage_error
from transcriber.models.packed import packed_files, packed_files_beside
from transcriber.models.registry import OfficialModel, find_official, official_models
from transcriber.models.stored import StoredModel

OFFICIAL = "official"
"""The origin of OpenAI's own files."""

_NAME = re.compile(r"\w[\w.+-]{0,99}")


def canonical_name(name: str) -> str:
    """Return the official name that `name` is an alias of, else `name` itself."""
    official = find_official(name)
    return official.name if official else name


def expected_file(model: OfficialModel, directory: Path) -> StoredModel:
    """Return what the store has of the official `model` when its file is there and whole."""
    return StoredModel(
        name=model.name,
        path=directory / model.file_name,
        sha256=model.sha256,
        size=model.size,
        origin=OFFICIAL,
    )


def imported_path(name: str, directory: Path) -> Path:
    """Return where the model imported under `name` belongs, there or not.

    Raises
    ------
    UsageError
        When `name` cannot be a file's name.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be a model's name",
            "use letters, digits and any of . _ + - in at most 100 characters",
        )
    return directory / "imported" / f"{canonical_name(name)}.pt"


def write_sidecar(model: StoredModel) -> None:
    """Describe the imported `model` beside its file, which makes it part of the store.

    Raises
    ------
    StorageError
        When the description cannot be written.
    """
    description = asdict(model)
    del description["path"]
    with atomic_writer(_sidecar(model.path)) as stream:
        stream.write(json.dumps(description, indent=1).encode() + b"\n")


def locate(name: str, directory: Path) -> StoredModel | None:
    """Return the stored model that `name` denotes, its file verified, or None.

    The official file comes first, then an imported one. No network is used.

    Parameters
    ----------
    name : str
        An official name, an alias or the name of an import.
    directory : Path
        The store's folder.

    Raises
    ------
    ModelError
        When the file is there and damaged.
    """
    official = find_official(name)
    model = None
    if official is not None and os.path.isfile(directory / official.file_name):
        model = expected_file(official, directory)
    elif _NAME.fullmatch(name):
        model = _read_import(imported_path(name, directory))
    if model is not None:
        verify(model)
    return model


def stored_models(directory: Path) -> list[StoredModel]:
    """Return the models whose files are there, official ones first, without reading the files.

    Sizes and digests are those that the files should have: `verify` tells whether
    they have them.
    """
    models = [
        expected_file(model, directory)
        for model in official_models().values()
        if os.path.isfile(directory / model.file_name)
    ]
    for path in sorted((directory / "imported").glob("*.pt")):
        with contextlib.suppress(ModelError):
            imported = _read_import(path)
            if imported is not None:
                models.append(imported)
    return models


def undescribed_imports(directory: Path) -> list[StoredModel]:
    """Return the imports that cannot be used, since their descriptions are missing or damaged.

    Their digests are unknown, and their sizes are those of the files.
    """
    found = []
    for path in sorted((directory / "imported").glob("*.pt")):
        with contextlib.suppress(ModelError):
            if _read_import(path) is not None or not os.path.isfile(path):
                continue
        size = os.path.getsize(path)  # noqa: PTH202
        found.append(StoredModel(name=path.stem, path=path, sha256="", size=size, origin="unknown"))
    return found


def verify(model: StoredModel, *, remembered: bool = True) -> None:
    """Check that the file of `model` has its size and its sha256.

    Parameters
    ----------
    model : StoredModel
        What should be there.
    remembered : bool
        Whether a digest that was computed before may be used while the file looks unchanged.

    Raises
    ------
    ModelError
        When it is not so; the message says how to mend it.
    """
    try:
        size = model.path.stat().st_size
    except OSError as error:
        raise ModelError(f"cannot read {model.path}: {error.strerror}", _remedy(model)) from error
    if size != model.size:
        raise ModelError(
            f"the model {model.name} is damaged: {model.path} has {size} bytes, not {model.size}",
            _remedy(model),
        )
    if file_sha256(model.path, remembered=remembered) != model.sha256:
        raise ModelError(
            f"the model {model.name} is damaged: {model.path} does not have its sha256",
            _remedy(model),
        )


def remove(name: str, directory: Path) -> list[Path]:
    """Delete what the store has of the model `name`, damaged and unfinished files included.

    Returns
    -------
    list of Path
        The files that were deleted.

    Raises
    ------
    ModelError
        When nothing of it is stored, or another process is fetching it.
    StorageError
        When a file cannot be deleted.
    """
    imported = imported_path(name, directory)
    packed = packed_files_beside(imported)
    with contextlib.suppress(ModelError):
        described = _read_import(imported)
        packed += packed_files(described) if described else []
    # A file without its description is not used, so that half a removal is a whole one.
    paths = [_sidecar(imported), imported]
    official = find_official(name)
    if official is not None:
        paths += [*partial_paths(official, directory), directory / official.file_name]
        packed += packed_files_beside(directory / official.file_name)
        packed += packed_files(expected_file(official, directory))
    paths += dict.fromkeys(packed)
    paths = [path for path in paths if os.path.isfile(path)]
    if not paths:
        raise ModelError(
            f"the model {name} is not stored in {directory}", "see `transcriber models list`"
        )
    lock = FileLock(lock_path(official, directory)) if official is not None else None
    if lock is not None and not lock.acquire():
        raise ModelError(f"another process is fetching the model {name}", "end it, then try again")
    try:
        for path in paths:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise storage_error("delete", path, error) from error
            forget_sha256(path)
    finally:
        if lock is not None:
            lock.release()
    return paths


def _sidecar(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_import(path: Path) -> StoredModel | None:
    """Return the import at `path`, or None where it is missing or was never finished."""
    sidecar = _sidecar(path)
    if not os.path.isfile(path) or not sidecar.is_file():
        return None
    try:
        description = json.loads(sidecar.read_bytes())
        return StoredModel(
            name=path.stem,
            path=path,
            sha256=str(description["sha256"]),
            size=int(description["size"]),
            origin=str(description["origin"]),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"the description {sidecar} of the imported model {path.stem} cannot be read",
            "import it again with `transcriber models import`",
        ) from error


def _remedy(model: StoredModel) -> str:
    if model.origin == OFFICIAL:
        return f"fetch it again with `transcriber models fetch {model.name}`"
    return "import it again with `transcriber models import`"
