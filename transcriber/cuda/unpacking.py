"""From the add-on's xz file to the shared object, checked on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from transcriber.cuda.addon import Addon
from transcriber.download.digest import remember_sha256
from transcriber.errors import DependencyError
from transcriber.files import atomic_writer, storage_error

_BLOCK = 1 << 20
"""Bytes that are in memory at once, packed and unpacked."""


class Decompressor(Protocol):
    """What is used of `lzma.LZMADecompressor`."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes."""


def new_decompressor() -> Decompressor:
    """Return Python's decompressor of xz, or that of the system where Python has none.

    Raises
    ------
    DependencyError
        When the system has none, either.
    """
    try:
        # The native program's Python has no such module.
        import lzma  # noqa: PLC0415
    except ImportError:
        from transcriber.cuda.liblzma import LIBRARY, SystemDecompressor  # noqa: PLC0415

        try:
            return SystemDecompressor()
        except OSError as error:
            raise DependencyError(
                f"this system has no {LIBRARY}, which unpacks the CUDA add-on",
                "install it (the package liblzma5, xz-libs or xz), or unpack the file elsewhere "
                "with `xz --decompress` and give `transcriber cuda import` the result",
            ) from error
    return lzma.LZMADecompressor(lzma.FORMAT_XZ)


def unpack(packed: Path, addon: Addon, target: Path) -> None:
    """Unpack the file `packed`, whose own digest was checked, to `target`.

    The shared object gets its name when it is on the disk and has its sha256.

    Raises
    ------
    DependencyError
        When it is not the shared object of `addon`, or nothing here can unpack it.
    StorageError
        When a file cannot be read or written.
    """
    try:
        with packed.open("rb") as source:
            write_library(_unpacked(source), addon, target, origin=packed)
    except OSError as error:
        raise storage_error("read", packed, error) from error


def write_library(blocks: Iterator[bytes], addon: Addon, target: Path, *, origin: Path) -> None:
    """Write the shared object `blocks` to `target` if it is that of `addon`.

    Raises
    ------
    DependencyError
        When it is another one, which `origin` held.
    StorageError
        When it cannot be written.
    """
    digest = hashlib.sha256()
    length = 0
    with atomic_writer(target) as stream:
        for block in blocks:
            length += len(block)
            # Whatever it is, it must not fill the disk.
            if length > addon.library_size:
                break
            digest.update(block)
            stream.write(block)
        if (length, digest.hexdigest()) != (addon.library_size, addon.library_sha256):
            raise DependencyError(
                f"{origin} does not hold the CUDA add-on of this program", "get it anew"
            )
    remember_sha256(target, addon.library_sha256)


def _unpacked(source: IO[bytes]) -> Iterator[bytes]:
    decompressor = new_decompressor()
    while not decompressor.eof:
        data = source.read(_BLOCK) if decompressor.needs_input else b""
        if not data and decompressor.needs_input:
            # Cut off; the digest of what came tells.
            return
        try:
            yield decompressor.decompress(data, _BLOCK)
        # lzma.LZMAError, which only those know who have the module, is none of the system's.
        except Exception as error:
            raise DependencyError("the CUDA add-on cannot be unpacked", f"{error}") from error
