"""The form of a Debian package: an ar archive of two tar archives, the same bytes each time.

These few lines instead of ``dpkg-deb``: a machine need not have dpkg, whose version decides the
bytes, and dpkg has no filter for x86 code, by which the package is half a megabyte smaller. Every
dpkg reads what the filter wrote, because liblzma does it for both.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import zlib
from pathlib import Path

from buildkit.errors import InputError

_MAGIC = b"!<arch>\n"
_HEADER = 60
_FORMAT = b"2.0\n"

_SMALLEST = (
    {"id": lzma.FILTER_X86},
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME},
)
"""Filters of xz. Of 10.5 MB, the one for x86 code leaves 9.9."""


def make_deb_archive(control: Path, root: Path, time: int) -> bytes:
    """Return a Debian package.

    Parameters
    ----------
    control : Path
        The folder with ``control`` and the maintainer's scripts.
    root : Path
        The folder with what is installed.
    time : int
        Seconds since 1970, for all that has a time.
    """
    members = {
        "debian-binary": _FORMAT,
        "control.tar.xz": _compress(_make_tar(control, time)),
        "data.tar.xz": _compress(_make_tar(root, time)),
    }
    return _MAGIC + b"".join(_member(name, part, time) for name, part in members.items())


def read_members(archive: bytes) -> dict[str, bytes]:
    """Return the members of an ar archive by their names.

    Raises
    ------
    InputError
        When it is none, or damaged.

    Examples
    --------
    >>> read_members(_MAGIC + _member("word", b"odd", 0))
    {'word': b'odd'}
    """
    damaged = InputError("this is no Debian package, or a damaged one", "make it again")
    if not archive.startswith(_MAGIC):
        raise damaged
    members = {}
    position = len(_MAGIC)
    while position < len(archive):
        header = archive[position : position + _HEADER]
        if len(header) < _HEADER or not header[48:58].strip().isdigit():
            raise damaged
        begin, size = position + _HEADER, int(header[48:58])
        name = header[:16].decode("latin-1").rstrip().removesuffix("/")
        members[name] = archive[begin : begin + size]
        if len(members[name]) < size:
            raise damaged
        # Each begins at an even place.
        position = begin + size + size % 2
    return members


def read_deb(archive: bytes) -> tuple[str, int]:
    """Return the control file of a Debian package, and the newest time in it, since 1970.

    Raises
    ------
    InputError
        When it is none, or has no ``control.tar`` by xz or gzip.
    """
    for name, content in read_members(archive).items():
        if name.startswith("control.tar"):
            try:
                with tarfile.open(fileobj=io.BytesIO(content)) as tar:
                    found = tar.extractfile("./control")
                    text = found.read().decode() if found else ""
                    return text, max(int(one.mtime) for one in tar)
            except (tarfile.TarError, lzma.LZMAError, zlib.error, KeyError, OSError) as error:
                raise InputError(f"cannot read {name}: {error}", "make it again") from error
    raise InputError("this Debian package has no control.tar", "make it again")


def _make_tar(folder: Path, time: int) -> bytes:
    def without_the_machine(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mtime = time
        return member

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in (folder, *sorted(folder.rglob("*"))):
            place = path.relative_to(folder).as_posix()
            name = "." if path == folder else f"./{place}"
            archive.add(path, name, recursive=False, filter=without_the_machine)
    return buffer.getvalue()


def _compress(content: bytes) -> bytes:
    return lzma.compress(content, check=lzma.CHECK_CRC32, filters=_SMALLEST)


def _member(name: str, content: bytes, time: int) -> bytes:
    header = f"{name:<16}{time:<12}{0:<6}{0:<6}{0o100644:<8o}{len(content):<10}`\n"
    return header.encode() + content + b"\n" * (len(content) % 2)
