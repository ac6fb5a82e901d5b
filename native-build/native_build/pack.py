"""Stage pack: join the parts of an AppImage, the same bytes each time.

An AppImage is the runtime with the image of a file system behind it. mksquashfs makes the image;
what would be of the time, the machine or the user is left out of it.
"""

from __future__ import annotations

import hashlib
import itertools
import operator
from array import array
from collections.abc import Sequence
from pathlib import Path

from buildkit.elf_sections import elf_sections
from buildkit.errors import ResultError
from buildkit.files import atomic_writer, storage_error
from native_build.signature import sign

UPDATE_SECTION = ".upd_info"
DIGEST_SECTION = ".image_sha256"
SUM_SECTION = ".image_sum"
SIGNATURE_SECTION, KEY_SECTION = ".sha256_sig", ".sig_key"


Compression = Sequence[str]
"""How the files in an AppImage are compressed: options of mksquashfs."""

SMALLEST: Compression = ("-comp", "zstd", "-Xcompression-level", "22", "-b", "1M")
"""For the file that is downloaded. Larger blocks squashfs does not have.

Of 11.5 MB, xz with its filter for x86 code left 10.0, but unpacks at a seventh of the speed: a
mounted start told its version after 244 ms instead of 52, and a short transcription took 1.4 s
instead of 0.9.
"""

QUICKEST: Compression = ("-comp", "zstd", "-Xcompression-level", "22", "-b", "256K")
"""For the start: a block is unpacked for a page of it, so smaller ones cost less.

A short transcription took 877 ms from it, 899 from blocks of 1 MiB and 832 from a plain folder, for
4 % more bytes. Blocks of 128 KiB are no quicker and leave 3 % more; level 19 leaves the same size.
"""

_REPRODUCIBLE = (
    # Of the files, nothing but names, content and modes; no time of the image itself.
    *("-all-time", "0", "-mkfs-time", "0", "-all-root", "-no-xattrs", "-noappend"),
    # Nobody exports it over NFS, and a table for that would be kept.
    *("-no-exports", "-quiet", "-no-progress"),
)

_SHARED_BLOCKS = ("-tailends", "-sort")
"""The ends of large files share blocks, too; and the file with the order follows."""


def image_command(
    mksquashfs: Path,
    app_dir: str | Path,
    image: str | Path,
    compression: Compression,
    *,
    order: Path | None = None,
) -> list[str]:
    """Return the command that makes `image` of the folder `app_dir`.

    Parameters
    ----------
    mksquashfs : Path
        From `mksquashfs.build_mksquashfs`.
    app_dir, image : str or Path
        What is packed, and where to.
    compression : Compression
        Options for it.
    order : Path, optional
        From `file_order.write_order`.
    """
    # mksquashfs refuses to be told the time twice.
    clean = ["env", "-u", "SOURCE_DATE_EPOCH"]
    return [
        *clean,
        *map(str, (mksquashfs, app_dir, image)),
        *compression,
        *_REPRODUCIBLE,
        *([*_SHARED_BLOCKS, str(order)] if order else []),
    ]


def join(
    runtime: Path,
    image: Path,
    output: Path,
    *,
    update_information: str = "",
    sign_key: str = "",
) -> None:
    """Write `runtime` with its sections filled, and `image` behind it, to `output`.

    Parameters
    ----------
    runtime : Path
        From `appimage_runtime.build_runtime`.
    image : Path
        What `image_command` made, or a file with that behind `runtime`, as appimage-builder
        makes it.
    output : Path
        The AppImage.
    update_information : str
        How an updater finds the next version, in the notation of AppImage's specification.
    sign_key : str
        The key that GnuPG signs with; none, no signature.

    Raises
    ------
    ResultError
        When the runtime lacks a section, the update information does not fit, or GnuPG fails.
    StorageError
        When the file cannot be written.
    """
    head = runtime.read_bytes()
    body = image.read_bytes().removeprefix(head)
    head = with_section(head, UPDATE_SECTION, update_information.encode())
    head = with_section(head, DIGEST_SECTION, hashlib.sha256(body).digest())
    head = with_section(head, SUM_SECTION, image_sum(body))
    if sign_key:
        signature, key = sign(hashlib.sha256(head + body).hexdigest(), sign_key)
        head = with_section(head, SIGNATURE_SECTION, signature)
        head = with_section(head, KEY_SECTION, key)
    with atomic_writer(output) as copy:
        copy.write(head + body)
    try:
        # Also where the user's mask would keep it from others: it is made to be given away.
        output.chmod(0o755)
    except OSError as error:
        raise storage_error("make executable", output, error) from error


def image_sum(image: bytes) -> bytes:
    """Return the sum by which the runtime finds damage at every start.

    It is that of all words of 64 bits, each times an odd number that tells its place: one addition
    and one multiplication for eight bytes, which takes no longer than to read them.
    """
    words = array("Q", image.ljust(-(-len(image) // 8) * 8, b"\0"))
    total: int = sum(map(operator.mul, words, itertools.count(1, 2)))
    return (total % (1 << 64)).to_bytes(8, "little")


def with_section(program: bytes, name: str, content: bytes) -> bytes:
    """Return the ELF file `program` with `content` in its section `name`, zeros behind it.

    Raises
    ------
    ResultError
        When there is no such section, or it is too short.
    """
    for section in elf_sections(program):
        if section.name == name:
            if len(content) > section.size:
                raise ResultError(
                    f"{len(content)} bytes do not fit into the {section.size} of {name}",
                    "shorten them",
                )
            end = section.offset + section.size
            return program[: section.offset] + content.ljust(section.size, b"\0") + program[end:]
    raise ResultError(f"the AppImage runtime has no section {name}", "build it again")


def write_digests(files: Sequence[Path], output: Path) -> None:
    """Write the digests of `files` to `output`, as ``sha256sum --check`` reads them."""
    lines = []
    for path in sorted(files, key=lambda path: path.name):
        with path.open("rb") as stream:
            lines.append(f"{hashlib.file_digest(stream, 'sha256').hexdigest()}  {path.name}\n")
    with atomic_writer(output) as copy:
        copy.write("".join(lines).encode())
