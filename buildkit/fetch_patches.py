"""Get Debian's patches of the pinned sources, of any revision that has them unchanged."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import say
from buildkit.debian_patches import has_content
from buildkit.debian_suites import (
    PACKAGING,
    UPSTREAM,
    download_packaging,
    download_pinned,
    show_source,
)
from buildkit.errors import BuildError, SourceError
from buildkit.files import copy_whole
from buildkit.pinned_files import is_whole, keep, provide
from buildkit.sources import Archive, Patches


@dataclass(frozen=True, kw_only=True)
class Debian:
    """The machine's package archive, opened, or why it could not be opened.

    Attributes
    ----------
    options : sequence of str
        From `open_suites`; empty when nothing had to be opened.
    failure : BuildError or None
        Why it could not be opened.
    """

    options: Sequence[str] = ()
    failure: BuildError | None = None

    def download(
        self, package: str, file: str, sha256: str, folder: Path, part: str = UPSTREAM
    ) -> None:
        """Download a pinned file of a source package, as `download_pinned` does.

        Raises
        ------
        BuildError
            When it cannot be had.
        """
        if self.failure:
            raise self.failure
        download_pinned(package, file, sha256, folder=folder, options=self.options, part=part)


def patches_path(archive: Archive, folder: Path) -> Path | None:
    """Return where `fetch` put the patches of `archive`; None where none is applied.

    Raises
    ------
    SourceError
        When they are not there.
    """
    pin = archive.patches
    if pin is None or not pin.applied:
        return None
    for name in (pin.file, archive.other_patches_file):
        if (folder / name).is_file():
            return folder / name
    raise SourceError(f"{folder} has no {pin.file}", "run the stage fetch")


def has_patches(archive: Archive, folder: Path, cache: Path) -> bool:
    """Tell whether the patches of `archive` can be had without a download."""
    pin = archive.patches
    return (
        pin is None
        or not pin.applied
        or is_whole(folder / pin.file, pin.sha256)
        or is_whole(cache / pin.sha256, pin.sha256)
        or has_content(folder / archive.other_patches_file, pin)
        or has_content(cache / pin.content_sha256, pin)
    )


def provide_patches(archive: Archive, folder: Path, cache: Path, debian: Debian) -> None:
    """See to it that `folder` has the patches of `archive`, where any is applied.

    Raises
    ------
    SourceError
        When no revision that can be had has them.
    StorageError
        When `folder` cannot be written.
    """
    pin = archive.patches
    if pin is None or not pin.applied or has_content(folder / archive.other_patches_file, pin):
        return

    def from_debian(_: Iterable[str], incoming: Path) -> None:
        debian.download(archive.package, pin.file, pin.sha256, incoming, PACKAGING)

    words = f"downloading the patches of {archive.name} from the machine's package archive"
    try:
        provide(folder, {pin.file: pin.sha256}, cache=cache, routes={words: from_debian})
    except SourceError as error:
        # What is there under this name is damaged, and must not be preferred to what now comes.
        (folder / pin.file).unlink(missing_ok=True)
        if not _from_other_revision(archive, pin, folder, cache, debian):
            raise SourceError(
                f"{error.message}; no other revision of {archive.package} has these patches"
            ) from error


def _from_other_revision(
    archive: Archive, pin: Patches, folder: Path, cache: Path, debian: Debian
) -> bool:
    """Get the patches from a revision that has them unchanged; tell whether there is one."""
    place, kept = folder / archive.other_patches_file, cache / pin.content_sha256
    if has_content(kept, pin):
        copy_whole(kept, place)
        return True
    if debian.failure or not debian.options:
        return False
    for other in show_source(archive.package, debian.options):
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder.parent) as incoming:
            try:
                path = download_packaging(
                    archive.package, other, folder=Path(incoming), options=debian.options
                )
            except SourceError:
                continue
            if has_content(path, pin):
                say(f"taking the patches of {archive.name} from its revision {other.version}")
                copy_whole(path, place)
                keep(path, kept)
                return True
    return False
