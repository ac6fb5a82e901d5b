"""Layers of an image: files, links and folders as a tar archive, compressed with Zstandard."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass

import zstandard

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"

FOLDER_MODE = 0o755
FREE_MODE = 0o1777
"""Of a folder in which every user may write."""

_LEVEL = 22
_MOST_WINDOW = 26
"""Logarithm of the most bytes that a reader keeps: 64 MiB, half of what libzstd refuses by default.

8 MiB, the least that a reader must keep, left 74 kB more of a program of 39 MB.
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file, a link or a folder of a layer.

    Attributes
    ----------
    path : str
        Where it is, without a slash in front.
    mode : int
        Its permissions; those of a link count for nothing.
    content : bytes, optional
        What a file holds.
    target : str
        Where a link leads. What has neither is a folder.
    """

    path: str
    mode: int
    content: bytes | None = None
    target: str = ""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer as it is stored.

    Attributes
    ----------
    media_type : str
        How it is compressed, in OCI's words.
    blob : bytes
        The compressed archive.
    diff_id : str
        The digest of the archive itself.
    """

    media_type: str
    blob: bytes
    diff_id: str


def folder(path: str, mode: int = FOLDER_MODE) -> Entry:
    """Return the entry of a folder."""
    return Entry(path=path, mode=mode)


def file(path: str, content: bytes, *, executable: bool = False) -> Entry:
    """Return the entry of a file."""
    return Entry(path=path, mode=0o755 if executable else 0o644, content=content)


def link(path: str, target: str) -> Entry:
    """Return the entry of a symbolic link."""
    return Entry(path=path, mode=0o777, target=target)


def make_layer(entries: Iterable[Entry]) -> Layer:
    """Return the layer with `entries`, in their order and with the folders that they lie in.

    Everything belongs to root and has no date, so that the bytes are those of the files alone.
    """
    archive = _pack(entries)
    return Layer(media_type=ZSTD, blob=_compress(archive), diff_id=digest(archive))


def digest(content: bytes) -> str:
    """Return how images name `content`.

    Examples
    --------
    >>> digest(b"")[:19]
    'sha256:e3b0c44298fc'
    """
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _pack(entries: Iterable[Entry]) -> bytes:
    buffer = io.BytesIO()
    written: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for entry in entries:
            for parent in _parents(entry.path):
                if parent not in written:
                    archive.addfile(_header(folder(parent)))
                    written.add(parent)
            archive.addfile(_header(entry), io.BytesIO(entry.content or b""))
            written.add(entry.path)
    return buffer.getvalue()


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.mode = entry.mode
    if entry.content is not None:
        header.size = len(entry.content)
    elif entry.target:
        header.type, header.linkname = tarfile.SYMTYPE, entry.target
    else:
        header.type = tarfile.DIRTYPE
    return header


def _compress(archive: bytes) -> bytes:
    window = max(zstandard.WINDOWLOG_MIN, min(len(archive).bit_length(), _MOST_WINDOW))
    settings = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL,
        source_size=len(archive),
        window_log=window,
        target_length=zstandard.TARGETLENGTH_MAX,
    )
    return zstandard.ZstdCompressor(compression_params=settings).compress(archive)
