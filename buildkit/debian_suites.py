"""Reach packages of any of Debian's releases in the archive that the machine uses.

An archive serves other releases than the machine's own too. Its address is read from apt's
configuration at run time; Debian's keys check it; the digest says which version is wanted.

A release that is not mended any more leaves it some day, for an archive of old releases with the
same folders: servers that have both have them side by side, as ``debian`` and
``debian-archive/debian``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from buildkit.commands import run_quietly
from buildkit.debian_addresses import ADDRESS_VARIABLE, archive_addresses, older_addresses
from buildkit.debian_source import MINUTES, SOURCES, complaint, private_options
from buildkit.debian_versions import SourceVersion, listed_versions
from buildkit.errors import SourceError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Debian's own keys, for every release that is still served."""

REMOVED_KEYS = KEYRING.with_name("debian-archive-removed-keys.gpg")
"""Those that Debian signs with no more, for releases that it serves no more."""

UPSTREAM, PACKAGING = "--tar-only", "--diff-only"
"""apt's words for the archives of a source package: the makers', and that of Debian's changes."""


def open_suites(
    folder: Path,
    suites: Sequence[str],
    *,
    sources: Path = SOURCES,
    kind: str = "deb-src",
    components: str = "main",
) -> list[str]:
    """Get the lists of packages of `suites` from the archives that the machine uses.

    Parameters
    ----------
    folder : Path
        An empty folder for everything that apt writes; it must outlive the use of the options.
    suites : sequence of str
        Code names of Debian's releases.
    sources : Path
        The folder with ``sources.list`` and ``sources.list.d``.
    kind : str
        ``deb-src`` for source packages, ``deb`` for binary ones of the machine's architecture.
    components : str
        Parts of the archive, separated by spaces.

    Returns
    -------
    list of str
        Options for apt's programs, with which they see these lists and nothing else.

    Raises
    ------
    ToolError
        When the machine has no apt or no archive in its configuration.
    SourceError
        When no archive has any of the suites.
    """
    addresses = archive_addresses(sources)
    text = _lines(kind, addresses, suites, components, [KEYRING])
    options = private_options(folder, [(".list", text)] if text else [], sources)
    update = ["apt-get", *options, "update"]
    _, output = run_quietly(update, limit=MINUTES)
    lost = [suite for suite in suites if not _is_listed(folder, suite, kind)]
    if lost:
        # Their lists are as old as they are.
        keys, settings = [KEYRING, REMOVED_KEYS], ["check-valid-until=no"]
        older = _lines(kind, older_addresses(addresses), lost, components, keys, settings)
        (folder / "sources.list.d" / "older.list").write_text(older)
        run_quietly(update, limit=MINUTES)
    if not any(_is_listed(folder, suite, kind) for suite in suites):
        raise SourceError(
            f"neither the package archives of {sources} nor those of old releases beside them "
            f"have any of Debian's suites {', '.join(suites)} ({complaint(output)})",
            f"set {ADDRESS_VARIABLE} to the address of an archive that has them",
        )
    return options


def _lines(
    kind: str,
    addresses: Iterable[str],
    suites: Sequence[str],
    components: str,
    keyrings: Iterable[Path],
    settings: Sequence[str] = (),
) -> str:
    """Return apt's list of `suites` at `addresses`."""
    keys = ",".join(str(path) for path in keyrings if path.exists())
    words = " ".join([*([f"signed-by={keys}"] if keys else []), *settings])
    options = f"[{words}] " if words else ""
    return "".join(
        f"{kind} {options}{_place(address, suite)} {suite} {components}\n"
        for address in addresses
        for suite in suites
    )


def _place(address: str, suite: str) -> str:
    """Return where an archive has `suite`: security updates are in a folder beside it."""
    return f"{address}-security" if suite.endswith("-security") else address


def _is_listed(folder: Path, suite: str, kind: str) -> bool:
    """Tell whether apt got lists of `suite` to the lists in `folder`."""
    ending = "Sources" if kind == "deb-src" else "Packages"
    return any((folder / "lists").glob(f"*_dists_{suite.replace('/', '_')}_*_{ending}*"))


def download_pinned(
    name: str,
    file: str,
    sha256: str,
    *,
    folder: Path,
    options: Sequence[str],
    part: str = UPSTREAM,
) -> Path:
    """Download one file of the version of the source package `name` that has it.

    Parameters
    ----------
    name : str
        Name of the source package.
    file, sha256 : str
        The archive wanted, and its digest.
    folder : Path
        Where it goes.
    options : sequence of str
        From `open_suites`.
    part : str
        Which of a package's archives that is: `UPSTREAM` or `PACKAGING`.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    SourceError
        When no version in the lists has the file, or it cannot be downloaded.
    """
    listed = show_source(name, options)
    # A suite moves on to newer versions: the digest says which version is the one wanted.
    for one in listed:
        if one.files.get(file) == sha256:
            return _download(name, one, file, folder, options, part)
    has = ", ".join(one.version for one in listed) or "no version"
    raise SourceError(f"the package archive has no {file} of {name}, it has {has}")


def download_packaging(
    name: str, version: SourceVersion, *, folder: Path, options: Sequence[str]
) -> Path:
    """Download the archive with the folder ``debian`` of a version, whatever its digest.

    apt has checked it against the signed lists.

    Raises
    ------
    SourceError
        When it cannot be downloaded.
    """
    return _download(name, version, version.packaging, folder, options, PACKAGING)


def show_source(name: str, options: Sequence[str]) -> tuple[SourceVersion, ...]:
    """Return the versions of the source package `name` that are listed, the newest first."""
    show = ["apt-cache", *options, "showsrc", "--only-source", name]
    return listed_versions(run_quietly(show, limit=MINUTES)[1])


def _download(
    name: str, version: SourceVersion, file: str, folder: Path, options: Sequence[str], part: str
) -> Path:
    wanted = f"{name}={version.version}"
    command = ["apt-get", *options, "source", "--download-only", part, wanted]
    code, output = run_quietly(command, limit=MINUTES, directory=folder)
    if code or not (folder / file).is_file():
        raise SourceError(f"apt cannot download the source package {name}: {complaint(output)}")
    return folder / file
