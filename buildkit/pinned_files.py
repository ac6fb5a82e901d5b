"""Put files in place whose sha256 is pinned: from a cache, else from the first route that works."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from buildkit.commands import say
from buildkit.errors import BuildError, SourceError
from buildkit.files import copy_whole, make_directory

Route = Callable[[Iterable[str], Path], None]
"""Gets the files of the given names into a folder, or raises a `BuildError`."""


def is_whole(path: Path, sha256: str) -> bool:
    """Tell whether the file `path` is there and has the digest `sha256`."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except OSError:
        return False


def provide(
    folder: Path, files: Mapping[str, str], *, cache: Path, routes: Mapping[str, Route]
) -> None:
    """See to it that `folder` has `files`.

    A file that is there and whole is left alone. Else it comes from `cache`, which
    has files under their digests, or from the first of `routes` that brings all that is still
    missing; then it goes into the cache too. A damaged file is replaced in either place.

    Parameters
    ----------
    folder : Path
        Where the files belong.
    files : mapping of str to str
        Names and sha256 digests.
    cache : Path
        A folder that outlives the checkout; it need not exist or be writable.
    routes : mapping of str to Route
        A few words for each route, and the route.

    Raises
    ------
    SourceError
        When no route brought the missing files.
    StorageError
        When a file cannot be written to `folder`.
    """
    missing = {
        name: digest for name, digest in files.items() if not is_whole(folder / name, digest)
    }
    for name, digest in list(missing.items()):
        if is_whole(cache / digest, digest):
            copy_whole(cache / digest, folder / name)
            del missing[name]
    failures = []
    for words, route in routes.items():
        if not missing:
            return
        say(f"{folder.name}: {words}")
        try:
            _take(route, missing, folder, cache)
        except BuildError as error:
            failures.append(f"{words}: {error}")
    if missing:
        raise SourceError(
            f"cannot get all files of {folder} ({'; '.join(failures)})",
            "connect to the network, then give the same command again",
        )


def keep(path: Path, kept: Path) -> None:
    """Copy a file to its place in the cache; one that cannot be written to costs time only."""
    with contextlib.suppress(BuildError):
        copy_whole(path, kept)


def _take(route: Route, missing: dict[str, str], folder: Path, cache: Path) -> None:
    """Move what `route` brings from `missing` to its place."""
    make_directory(folder.parent)
    # Beside the folder, so that an interrupted run leaves nothing outside the checkout.
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder.parent) as incoming:
        route(tuple(missing), Path(incoming))
        for name, digest in list(missing.items()):
            brought = Path(incoming, name)
            if not is_whole(brought, digest):
                raise SourceError(f"{name} is missing there or does not have the pinned sha256")
            copy_whole(brought, folder / name)
            keep(brought, cache / digest)
            del missing[name]
