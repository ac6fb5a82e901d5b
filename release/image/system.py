"""What an image has beside the program: Debian's C library, accounts, and folders to write in."""

from __future__ import annotations

from pathlib import Path

from buildkit.components import Component, RuntimeLibrary, runtime_components
from buildkit.errors import InputError
from release.image.layers import FREE_MODE, Entry, file, folder, link

LIBRARIES = (
    # What the program is linked with, the largest first: compressing begins with it.
    *("libc.so.6", "libm.so.6", "libpthread.so.0", "librt.so.1", "libdl.so.2", "libutil.so.1"),
    # Loaded by libc to look names up, and by libpthread where a thread ends itself.
    *("libresolv.so.2", "libnss_files.so.2", "libnss_dns.so.2", "libgcc_s.so.1"),
)
LOADER = "ld-linux-x86-64.so.2"

LIBRARY_FOLDER = "lib/x86_64-linux-gnu"
"""Where this loader looks by itself, in the sysroot as in the image."""

TEXTS = ("usr/share/doc/libc6/copyright", "usr/share/common-licenses/LGPL-2.1")
"""The licence of the C library; that of libgcc the program has."""

USER = "1000:1000"
"""Who runs unless the reader says another: not root, and the first user of most computers."""

MODELS, DATA = "/models", "/data"

_COMPONENT = RuntimeLibrary(
    name="glibc",
    licence="LGPL-2.1-or-later",
    purpose="the C library that the image runs with",
    supplier="Free Software Foundation",
    package="libc6",
    source="glibc",
)

_FILES = {
    "etc/passwd": "root:x:0:0:root:/data:/sbin/nologin\n"
    "transcriber:x:1000:1000:Transcriber:/data:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n",
    "etc/group": "root:x:0:\ntranscriber:x:1000:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
}
"""Runtimes put their own ``hosts`` over it, and ``resolv.conf``."""

_FOLDERS = {
    **dict.fromkeys(("dev", "proc", "run", "sys"), 0o755),
    **dict.fromkeys(("tmp", "models", "data"), FREE_MODE),
}

_LINKS = {
    # The program's folders by its own defaults, so that each sub-command finds them.
    "var/cache/whisper": MODELS,
    "var/cache/whisper-transcriber": DATA,
}

ENVIRONMENT = (
    "PATH=/usr/bin",
    f"HOME={DATA}",
    "XDG_CACHE_HOME=/var/cache",
    f"XDG_DATA_HOME={DATA}",
)


def system_entries(system: Path) -> list[Entry]:
    """Return what the program needs around it.

    Parameters
    ----------
    system : Path
        The sysroot that the program was compiled for.

    Raises
    ------
    InputError
        When the sysroot lacks a library or a text.
    """
    return [
        *(
            file(f"{LIBRARY_FOLDER}/{name}", _read(system / LIBRARY_FOLDER / name), executable=True)
            for name in (*LIBRARIES, LOADER)
        ),
        link(f"lib64/{LOADER}", f"../{LIBRARY_FOLDER}/{LOADER}"),
        *(file(path, text.encode()) for path, text in _FILES.items()),
        *(folder(path, mode) for path, mode in _FOLDERS.items()),
        *(link(path, target) for path, target in _LINKS.items()),
    ]


def system_texts(system: Path, place: str) -> list[Entry]:
    """Return the licence of the C library, for the folder `place`.

    Raises
    ------
    InputError
        When the sysroot lacks it.
    """
    return [file(f"{place}/{Path(text).name}", _read(system / text)) for text in TEXTS]


def system_components() -> tuple[Component, ...]:
    """Return the components that an image has and the program has not."""
    return runtime_components((_COMPONENT,))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", "name the sysroot that the build unpacked"
        ) from error
