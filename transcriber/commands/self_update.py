"""The sub-command ``self-update``: a newer AppImage in the place of this one."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
from pathlib import Path

from transcriber import __version__
from transcriber.audio.failures import path_failure, printable
from transcriber.beside import appimage_file, native_executable
from transcriber.download.progress import LineReport, megabytes
from transcriber.download.sources import OFFLINE_VARIABLE, check_mirrors, offline_by_environment
from transcriber.errors import OfflineError, SignatureError, UsageError
from transcriber.exit_codes import NEWER
from transcriber.paths import PROGRAM
from transcriber.signatures.release_key import given_keys, release_keys
from transcriber.updating.replacing import alone, go_back, previous, replace, update_address

_OWN = f"{PROGRAM} {__version__}"
_PLACES = (
    ("/snap/", "install the newer snap"),
    ("/app/", "install the newer Flatpak"),
    ("/nix/", "build the newer expression"),
    ("/usr/", "install the newer package or image"),
)
_CONTAINERS = ("/.dockerenv", "/run/.containerenv")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``self-update`` to `parser`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--check", action="store_true", help=f"only tell: exit code {NEWER} if there is a newer one"
    )
    which.add_argument("--back", action="store_true", help="exchange it for the one before")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="URL|FOLDER",
        help="where the release is (where this build names)",
    )
    parser.add_argument(
        "--public_key",
        metavar="FILE|KEY",
        help="minisign's public key of who published it (the one in this program)",
    )
    parser.add_argument("--edition", metavar="NAME", help="lean, for example (that of this file)")
    parser.add_argument("--allow_older", action="store_true", help="take an older version, too")
    parser.add_argument(
        "--offline",
        action="store_true",
        help=f"fail instead of using the network, as ${OFFLINE_VARIABLE}=1 does",
    )


def run(arguments: argparse.Namespace) -> int:
    """Update the AppImage, or tell whether there is a newer one.

    Returns
    -------
    int
        0, or `NEWER` where it was only to be told.

    Raises
    ------
    TranscriberError
        When that cannot be: all is as it was then.
    """
    path = appimage_file()
    if path is None:
        raise UsageError("only an AppImage updates itself", _other_way())
    path = path.resolve()
    # Who only asks may have no right to write there.
    with contextlib.nullcontext() if arguments.check else alone(path):
        if not arguments.back:
            return _update(path, arguments)
        go_back(path)
        print(f"{printable(str(path))} is the one before; {previous(path).name} is what it was")
        return 0


def _update(path: Path, arguments: argparse.Namespace) -> int:
    try:
        old = path.read_bytes()
    except OSError as error:
        raise path_failure(printable(str(path)), error) from error
    address, _, name = update_address(old).removesuffix(".zsync").rpartition("/")
    if source := arguments.source:
        address = source.rstrip("/") if "://" in source else Path(source).absolute().as_uri()
    if not address:
        raise UsageError(
            "this build names no address of updates", "say where the release is: --from URL|FOLDER"
        )
    check_mirrors((address,))
    local = address.startswith("file:")
    if not local and (arguments.offline or offline_by_environment()):
        raise OfflineError("the network is forbidden", "give a folder: --from FOLDER")
    keys = release_keys() if arguments.public_key is None else given_keys(arguments.public_key)
    # The rest needs urllib and numpy.
    from transcriber.updating.fetching import ZSYNC, fetch_changed, read_release  # noqa: PLC0415

    release = read_release(address, keys)
    if arguments.edition:
        name = f"transcriber-{arguments.edition}-x86_64.AppImage"
    name = name or path.name
    if not {name, name + ZSYNC} <= {*release.digests}:
        names = [known[12:-16] for known in release.digests if known.endswith("-x86_64.AppImage")]
        raise UsageError(
            f"{address} has no {printable(name)} with its {ZSYNC}",
            f"give --edition, one of {', '.join(map(printable, names))}",
        )
    label = printable(str(path))
    if hashlib.sha256(old).hexdigest() == release.digests[name]:
        print(f"{label} is the newest: {release.comment}")
        return 0
    if not arguments.allow_older and release.is_older(_OWN):
        raise SignatureError(
            f"{address} has {release.comment}, and this is {_OWN}",
            "an older one needs --allow_older",
        )
    if arguments.check:
        print(f"{release.comment} is published; this is {_OWN}")
        return NEWER
    LineReport().note(f"fetching what changed of {printable(name)}")
    content, fetched = fetch_changed(release, name, old)
    replace(path, content)
    print(
        f"{label} is {release.comment} now: {fetched / 1e3:.0f} kB of {megabytes(len(content))} "
        f"were {'read' if local else 'fetched'}; {printable(previous(path).name)} is the one before"
    )
    return 0


def _other_way() -> str:
    """Return how this program is updated, which is no AppImage."""
    program = str(native_executable() or "")
    if not program:
        # By its name, pip would take another project's.
        return "install the newer wheel, by the name of its file"
    for place, way in _PLACES:
        if program.startswith(place):
            return way
    if any(map(os.path.exists, _CONTAINERS)):
        return "pull the newer image of the container"
    return "unpack the newer one in its place"
