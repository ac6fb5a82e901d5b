"""Unpack the fetched archives and wheels, of the former what the build reads."""

from __future__ import annotations

import hashlib
import io
import json
import lzma
import posixpath
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from buildkit.errors import SourceError
from buildkit.files import atomic_writer, make_directory, storage_error
from buildkit.sources import Archive, PythonWheel


def content_digest(path: Path, archive: Archive) -> str:
    """Return the digest of the files in the tar archive at `path` that `archive` selects.

    It is the sha256 of a line ``SHA256  PATH`` a file, sorted by path; a symbolic link counts
    with its target as content. Compression, order, owners, times and modes do not count.

    Raises
    ------
    SourceError
        When the file is not a whole tar archive.
    """
    lines = []
    with _opened(path) as tar:
        for member, name in _selected(tar, archive):
            if member.issym():
                digest = hashlib.sha256(member.linkname.encode())
            else:
                content = tar.extractfile(member)
                digest = hashlib.sha256(content.read() if content else b"")
            lines.append(f"{digest.hexdigest()}  {name}\n")
    # By the path, which starts behind the digest and two spaces.
    lines.sort(key=lambda line: line[66:])
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def unpack_wheel(wheel: PythonWheel, path: Path, destination: Path) -> Path:
    """Unpack the wheel at `path` into the folder of its name in `destination`; return that.

    The folder can be imported from, as a part of PYTHONPATH.

    Raises
    ------
    SourceError
        When the wheel is damaged.
    StorageError
        When the tree cannot be written.
    """
    tree = destination / wheel.name
    stamp = stamp_of(tree)
    if tree.is_dir() and read_stamp(stamp)[0] == wheel.sha256:
        return tree
    try:
        stamp.unlink(missing_ok=True)
        with replaced(tree) as incoming, zipfile.ZipFile(path) as wheel_file:
            # zipfile itself takes absolute paths and parent folders out of the names.
            wheel_file.extractall(incoming)  # noqa: S202
    except zipfile.BadZipFile as error:
        raise SourceError(f"{path}: {error}", "delete it and fetch it again") from error
    except OSError as error:
        raise storage_error("unpack to", tree, error) from error
    write_stamp(stamp, wheel.sha256, {})
    return tree


def extract(path: Path, archive: Archive, tree: Path, only: set[str] | None = None) -> None:
    """Write the selected files of the archive at `path`, or those named in `only`, to `tree`.

    Their times are those of unpacking, so that ninja sees that a file differs from that of before.

    Raises
    ------
    SourceError
        When the archive is damaged.
    OSError
        When the tree cannot be written.
    """
    # Not by tarfile's own extraction: the filter that makes it safe came with Python 3.11.4.
    with _opened(path) as tar:
        for member, name in _selected(tar, archive):
            if only is not None and name not in only:
                continue
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if member.issym():
                target.symlink_to(member.linkname)
                continue
            content = tar.extractfile(member)
            with target.open("wb") as copy:
                shutil.copyfileobj(content or io.BytesIO(), copy, 1 << 20)
            if member.mode & 0o100:
                target.chmod(target.stat().st_mode | 0o111)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path) as tar:
            yield tar
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        # An error of the system's is about a file or folder of ours; the rest is the archive's.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise SourceError(f"{path}: {error}", "delete it and fetch it again") from error


def _selected(tar: tarfile.TarFile, archive: Archive) -> Iterator[tuple[tarfile.TarInfo, str]]:
    """Yield the files and links that are unpacked, with their paths below the top folder."""
    for member in tar:
        _, _, name = member.name.removeprefix("./").partition("/")
        if not name or member.isdir() or not archive.selects(name):
            continue
        place = posixpath.normpath(name)
        if member.issym():
            place = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
        elif not member.isreg():
            # A hard link names its target from the top, which is not there any more.
            raise SourceError(f"{archive.file} has {name}, which is no file")
        if place.startswith(("/", "..")):
            raise SourceError(f"{archive.file} has {name}, which leads out of it")
        yield member, name


@contextmanager
def replaced(tree: Path) -> Iterator[Path]:
    """Give a new folder that becomes `tree` when the block ends without an error."""
    make_directory(tree.parent)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=tree.parent) as temporary:
        # In a folder of its own: a temporary folder is closed to others, a tree is not.
        incoming = Path(temporary) / tree.name
        incoming.mkdir()
        yield incoming
        if tree.is_dir():
            shutil.rmtree(tree)
        incoming.rename(tree)


def stamp_of(tree: Path) -> Path:
    """Return the file that tells what a finished tree was made from; it lies beside the tree."""
    return tree.with_name(f".{tree.name}.json")


def read_stamp(stamp: Path) -> tuple[str, dict[str, str]]:
    """Return what a finished tree was made from: the archive, and the edits by path."""
    try:
        made = json.loads(stamp.read_bytes())
        return str(made["archive"]), dict(made["edits"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", {}


def write_stamp(stamp: Path, archive: str, edits: Mapping[str, str]) -> None:
    """Note what a finished tree was made from."""
    with atomic_writer(stamp) as stream:
        stream.write(json.dumps({"archive": archive, "edits": edits}, indent=1).encode() + b"\n")
