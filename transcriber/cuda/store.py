"""The add-on in the cache: its place, its check, bringing a file in, and removing it."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from transcriber.cuda.addon import Addon
from transcriber.cuda.unpacking import unpack, write_library
from transcriber.download.digest import file_sha256, forget_sha256
from transcriber.download.partial import partial_paths
from transcriber.errors import DependencyError, ModelError
from transcriber.files import make_directory, storage_error
from transcriber.paths import program_cache

_BLOCK = 1 << 20

_ABANDONED = 3600
"""Seconds after which nobody writes to a temporary file any more: unpacking takes some."""


def addon_directory() -> Path:
    """Return the folder of the add-on."""
    return program_cache() / "cuda"


def stored_path(addon: Addon) -> Path:
    """Return where `addon` belongs, there or not.

    Programs of several versions share the folder, so its digest is in the name.
    """
    return addon_directory() / f"libtorch_cuda-{addon.library_sha256[:16]}.so"


def damage(path: Path, addon: Addon, *, remembered: bool = True) -> str:
    """Return in which way the file `path` is not the shared object of `addon`; nothing if it is.

    Parameters
    ----------
    remembered : bool
        Whether a digest that was computed before may be used while the file looks unchanged.
    """
    try:
        size = path.stat().st_size
        if size != addon.library_size:
            return f"it has {size} bytes, not {addon.library_size}"
        if file_sha256(path, remembered=remembered) != addon.library_sha256:
            return "it does not have its sha256"
    except OSError as error:
        return error.strerror or str(error)
    except ModelError as error:
        return error.message
    return ""


def import_addon(source: Path, addon: Addon) -> Path:
    """Bring a file of the add-on into the cache: the one that is published, or the unpacked one.

    Returns
    -------
    Path
        The shared object in the cache.

    Raises
    ------
    DependencyError
        When `source` is neither.
    StorageError
        When it cannot be read or written.
    """
    target = stored_path(addon)
    try:
        size = source.stat().st_size
        if size == addon.size and _sha256(source) == addon.sha256:
            make_directory(target.parent)
            unpack(source, addon, target)
        elif size == addon.library_size:
            make_directory(target.parent)
            with source.open("rb") as stream:
                blocks: Iterator[bytes] = iter(lambda: stream.read(_BLOCK), b"")
                write_library(blocks, addon, target, origin=source)
        else:
            raise DependencyError(
                f"{source} is not the CUDA add-on of this program",
                f"give {addon.file_name}, of {addon.size} bytes, with the sha256 {addon.sha256}",
            )
    except OSError as error:
        raise storage_error("read", source, error) from error
    remove_others(addon)
    return target


def remove_others(addon: Addon) -> None:
    """Delete what nothing else would: add-ons of other versions of the program, and half ones.

    A process that was killed while it unpacked has left a file that nobody asks for again.
    """
    for path in addon_directory().glob("libtorch_cuda-*.so"):
        if path != stored_path(addon):
            with contextlib.suppress(OSError):
                path.unlink()
            forget_sha256(path)
    for path in _temporary_files():
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED:
                path.unlink()


def remove_all() -> list[Path]:
    """Delete every add-on in the cache, unfinished downloads included.

    Returns
    -------
    list of Path
        The files that were deleted.

    Raises
    ------
    StorageError
        When one cannot be deleted.
    """
    paths = [*addon_directory().glob("libtorch_cuda*"), *_temporary_files()]
    paths = sorted(path for path in paths if path.is_file())
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error("delete", path, error) from error
        forget_sha256(path)
    return paths


def packed_path(addon: Addon) -> Path:
    """Return where the xz file of `addon` is while it is fetched and unpacked."""
    return partial_paths(addon, addon_directory())[0]


def _temporary_files() -> list[Path]:
    """Return what `atomic_writer` has not renamed yet."""
    found = addon_directory().glob(".libtorch_cuda*")
    return [path for path in found if path.suffix != ".lock"]


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
