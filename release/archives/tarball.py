"""The program as a plain archive, which Homebrew, Arch, Nix, snapcraft and Flatpak fetch."""

from __future__ import annotations

import lzma
import tarfile
import tempfile
from pathlib import Path

from buildkit.files import atomic_writer
from buildkit.places import CHECKOUT
from release.common.description import Description
from release.common.program_tree import lay_out

_FILTERS = [
    # Nine tenths of it are code. Every xz since 5.0 undoes this filter.
    {"id": lzma.FILTER_X86},
    {"id": lzma.FILTER_LZMA2, "preset": 9},
]


def tarball_folder(description: Description) -> str:
    """Return the name of the one folder in the archive."""
    return f"{description.command}-{description.version}"


def make_tarball(program: Path, output: Path, *, description: Description) -> Path:
    """Make the archive of the program: ``bin``, ``lib`` and ``share`` in one folder.

    Parameters
    ----------
    program : Path
        The folder of the native program.
    output : Path
        The folder for the archive.
    description : Description
        What it is called.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    top = tarball_folder(description)
    archive = output / f"{top}-linux-x86_64.tar.xz"
    with tempfile.TemporaryDirectory(prefix="tarball-") as temporary:
        tree = lay_out(program, Path(temporary, top))
        with (
            atomic_writer(archive) as copy,
            lzma.open(copy, "wb", check=lzma.CHECK_CRC64, filters=_FILTERS) as stream,
            tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            tar.add(CHECKOUT / "LICENSE", f"{top}/LICENSE", filter=_plain)
            for path in (tree, *sorted(tree.rglob("*"))):
                tar.add(path, path.relative_to(temporary), recursive=False, filter=_clean)
    archive.chmod(0o644)
    return archive


def _clean(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave the clock and the user out."""
    member.mtime = member.uid = member.gid = 0
    member.uname = member.gname = "root"
    if member.issym():
        member.mode = 0o777
    return member


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = 0o644
    return _clean(member)
