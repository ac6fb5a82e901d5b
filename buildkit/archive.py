"""Archives whose bytes depend on names and contents only, never on the clock or the umask."""

from __future__ import annotations

import io
import lzma
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from buildkit.errors import InputError
from buildkit.files import atomic_writer

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every member: the earliest that a zip archive can hold."""

_DEFLATE_LEVEL = 9
_XZ_PRESET = 9
_PLAIN_MODE = 0o100644
_LIBRARY_MODE = 0o100755
_UNIX = 3

Members = Mapping[str, bytes]
"""Path inside an archive, with forward slashes, to the file's content."""


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read every file below `folder`, sorted by path; bytecode that Python left there is skipped.

    Raises
    ------
    InputError
        When the folder is missing or empty, or holds a link or anything else that is no file.
    """
    members = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in _files_below(folder)
    }
    if not members:
        raise InputError(f"{folder} holds no file", "run the stage that fills it")
    return dict(sorted(members.items()))


def read_zip(path: Path) -> dict[str, bytes]:
    """Read every member of the zip archive `path`, in the archive's order.

    Raises
    ------
    InputError
        When there is no such archive or it is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read {path}: {error}", "make it again") from error


def write_zip(path: Path, members: Members) -> None:
    """Write `members` in their order as a zip archive: deflate at its highest level, fixed date.

    Parameters
    ----------
    path : Path
        The archive to create or to replace; it is never seen half written.
    members : Members
        What it is to hold.

    Raises
    ------
    StorageError
        When the archive cannot be written.
    """
    with (
        atomic_writer(path) as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, content in members.items():
            information = zipfile.ZipInfo(name, EPOCH)
            information.create_system = _UNIX
            information.external_attr = _mode(name) << 16
            information.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(information, content, compresslevel=_DEFLATE_LEVEL)


def make_tar(members: Members) -> bytes:
    """Return `members`, sorted by path, as a tar archive without owners and dates."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in sorted(members.items()):
            information = tarfile.TarInfo(name)
            information.size = len(content)
            information.mode = _mode(name) & 0o777
            archive.addfile(information, io.BytesIO(content))
    return buffer.getvalue()


def xz_size(content: bytes) -> int:
    """Return the number of bytes that ``xz -9`` makes of `content`."""
    return len(lzma.compress(content, preset=_XZ_PRESET))


def _files_below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if "__pycache__" in path.relative_to(folder).parts:
            continue
        # A link would be followed or dropped by one reader or another of the archive.
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InputError(f"{path} is not an ordinary file", "copy its content there")
        if path.is_file():
            yield path


def _mode(name: str) -> int:
    # By name, because the mode on the disk depends on the umask of whoever built it.
    is_library = ".so" in name.rpartition("/")[2]
    return _LIBRARY_MODE if is_library else _PLAIN_MODE
