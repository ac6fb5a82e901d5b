"""Stage fetch: get the pinned sources into a folder, from the first place that works.

A source archive comes from the build cache, else from Debian's archive as the machine's own apt
configuration reaches it or from the Python package index, else from its makers. A wheel comes
from the cache or the index. Debian's patches come with the revision that is pinned, else with any
other that has them unchanged. Every file is checked against its pin, wherever it comes from.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

from buildkit.commands import say
from buildkit.debian_source import SOURCES as APT_SOURCES
from buildkit.debian_suites import open_suites
from buildkit.errors import BuildError, SourceError
from buildkit.fetch_patches import Debian, has_patches, provide_patches
from buildkit.files import copy_whole, make_directory
from buildkit.pinned_files import Route, is_whole, keep, provide
from buildkit.python_index import download
from buildkit.sources import Archive, PythonWheel, Sources
from buildkit.unpack import content_digest
from buildkit.web import download_address


def fetch(sources: Sources, folder: Path, cache: Path, *, apt_sources: Path = APT_SOURCES) -> None:
    """See to it that `folder` has the archive of each of `sources`, whole.

    Parameters
    ----------
    sources : Sources
        What is wanted.
    folder : Path
        Where the archives belong.
    cache : Path
        A folder of files under their digests that outlives the checkout; it need not exist.
    apt_sources : Path
        The folder with apt's own list of archives.

    Raises
    ------
    SourceError
        When a source can be got from none of its places; the rest is there.
    StorageError
        When `folder` cannot be written.
    """
    make_directory(folder)
    failures = []
    with contextlib.ExitStack() as stack:
        debian = _debian(sources.archives, folder, cache, apt_sources, stack)
        for archive in sources.archives:
            try:
                _provide_archive(archive, folder, cache, debian)
                provide_patches(archive, folder, cache, debian)
            except SourceError as error:
                failures.append(error)
    for wheel in sources.wheels:
        try:
            _provide_wheel(wheel, folder, cache)
        except SourceError as error:
            failures.append(error)
    if failures:
        raise SourceError(
            "; ".join(error.message for error in failures),
            f"connect to the network, or put the named files into {folder}, "
            "then give the same command again",
        )


def archive_path(archive: Archive, folder: Path) -> Path:
    """Return where `fetch` put `archive`: the file that Debian has, or that of its makers.

    Raises
    ------
    SourceError
        When neither is there.
    """
    for name in (archive.file, archive.upstream_file):
        if (folder / name).is_file():
            return folder / name
    raise SourceError(f"{folder} has no {archive.file}", "run the stage fetch")


def _debian(
    archives: Iterable[Archive],
    folder: Path,
    cache: Path,
    apt_sources: Path,
    stack: contextlib.ExitStack,
) -> Debian:
    """Open the suites of the archives that neither `folder` nor `cache` has, all in one go."""
    suites = dict.fromkeys(
        suite
        for archive in archives
        if not (_has_archive(archive, folder, cache) and has_patches(archive, folder, cache))
        for suite in archive.suites
    )
    if not suites:
        return Debian()
    say(f"reading the lists of Debian's source packages ({', '.join(suites)})")
    temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix=".apt-", dir=folder.parent))
    try:
        return Debian(options=open_suites(Path(temporary), tuple(suites), sources=apt_sources))
    except BuildError as error:
        return Debian(failure=error)


def _has_archive(archive: Archive, folder: Path, cache: Path) -> bool:
    return (
        is_whole(folder / archive.file, archive.sha256)
        or is_whole(cache / archive.sha256, archive.sha256)
        or _has_content(folder / archive.upstream_file, archive)
    )


def _provide_archive(archive: Archive, folder: Path, cache: Path, debian: Debian) -> None:
    if _has_content(folder / archive.upstream_file, archive):
        return

    def from_debian(_: Iterable[str], incoming: Path) -> None:
        debian.download(archive.package, archive.file, archive.sha256, incoming)

    def from_index(_: Iterable[str], incoming: Path) -> None:
        name, _, version = archive.requirement.partition("==")
        download(name, version, archive.sha256, incoming, backend=archive.backend)

    routes: dict[str, Route] = {}
    if archive.package:
        routes[f"downloading {archive.name} from the machine's package archive"] = from_debian
    if archive.requirement:
        routes[f"downloading {archive.name} from the Python package index"] = from_index
    try:
        pins = {archive.file: archive.sha256}
        provide(folder, pins, cache=cache, routes=routes)
    except SourceError as error:
        # What is there under this name is damaged, and must not be preferred to what now comes.
        (folder / archive.file).unlink(missing_ok=True)
        try:
            _from_makers(archive, folder, cache)
        except SourceError as second:
            raise SourceError(f"{error.message}; {second.message}") from second


def _from_makers(archive: Archive, folder: Path, cache: Path) -> None:
    kept, place = cache / archive.content_sha256, folder / archive.upstream_file
    if _has_content(kept, archive):
        copy_whole(kept, place)
        return
    say(f"downloading {archive.name} from its makers")
    download_address(archive.upstream, place)
    if not _has_content(place, archive):
        place.unlink()
        raise SourceError(f"{archive.upstream} does not have the pinned content")
    keep(place, kept)


def _has_content(path: Path, archive: Archive) -> bool:
    """Tell whether the archive at `path` holds the files that are pinned."""
    if not path.is_file():
        return False
    try:
        return content_digest(path, archive) == archive.content_sha256
    except BuildError:
        return False


def _provide_wheel(wheel: PythonWheel, folder: Path, cache: Path) -> None:
    def from_index(_: Iterable[str], incoming: Path) -> None:
        download(wheel.package, wheel.version, wheel.sha256, incoming)

    provide(
        folder,
        {wheel.file: wheel.sha256},
        cache=cache,
        routes={f"downloading {wheel.name} from the Python package index": from_index},
    )
