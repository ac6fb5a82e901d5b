"""Reach packages of any of Debian's releases in the archive that the machine uses.

An archive serves other releases than the machine's own too. Its address is read from apt's
configuration at run time; Debian's keys check it; the digest says which version is wanted.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from scripts.commands import run_quietly
from scripts.debian_source import MINUTES, SOURCES, complaint, private_options, source_archives
from transcriber.errors import DependencyError, NetworkError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Debian's own keys, for every release that is still served."""


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
    DependencyError
        When the machine has no apt or no archive in its configuration.
    NetworkError
        When no archive has any of the suites.
    """
    if shutil.which("apt-get") is None:
        raise DependencyError("this machine has no apt-get")
    addresses = archive_addresses(sources)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    lines = [
        f"{kind} {signed}{address} {suite} {components}\n"
        for address in addresses
        for suite in suites
    ]
    texts = [(".list", "".join(lines))] if lines else []
    options = private_options(folder, texts, sources)
    _, output = run_quietly(["apt-get", *options, "update"], limit=MINUTES)
    listed = "*_Sources*" if kind == "deb-src" else "*_Packages*"
    if not any((folder / "lists").glob(listed)):
        raise NetworkError(
            f"the package archives of {sources} have none of Debian's suites "
            f"{', '.join(suites)}: {complaint(output)}"
        )
    return options


def download_pinned(
    name: str, file: str, sha256: str, *, folder: Path, options: Sequence[str]
) -> Path:
    """Download one file of the version of the source package `name` that has it.

    Parameters
    ----------
    name : str
        Name of the source package.
    file, sha256 : str
        The upstream archive wanted, and its digest.
    folder : Path
        Where it goes.
    options : sequence of str
        From `open_suites`.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    NetworkError
        When no version in the lists has the file, or it cannot be downloaded.
    """
    show = ["apt-cache", *options, "showsrc", "--only-source", name]
    _, listed = run_quietly(show, limit=MINUTES)
    # A suite moves on to newer versions: the digest says which version is the one wanted.
    version = version_with(listed, file, sha256)
    if version is None:
        has = ", ".join(re.findall(r"(?m)^Version: (.*)$", listed)) or "no version"
        raise NetworkError(f"the package archive has no {file} of {name}, it has {has}")
    command = ["apt-get", *options, "source", "--download-only", "--tar-only", f"{name}={version}"]
    code, output = run_quietly(command, limit=MINUTES, directory=folder)
    if code or not (folder / file).is_file():
        raise NetworkError(f"apt cannot download the source package {name}: {complaint(output)}")
    return folder / file


def version_with(listed: str, file: str, sha256: str) -> str | None:
    """Return the version of a source package that has `file` with the digest `sha256`.

    Parameters
    ----------
    listed : str
        What ``apt-cache showsrc`` printed: a paragraph for each version.
    file, sha256 : str
        The file and its digest.
    """
    line = re.compile(rf"^ {re.escape(sha256)} \d+ {re.escape(file)}$", flags=re.MULTILINE)
    for paragraph in listed.split("\n\n"):
        found = re.search(r"^Version: (\S+)$", paragraph, flags=re.MULTILINE)
        if found and line.search(paragraph):
            return found[1]
    return None


def archive_addresses(sources: Path) -> list[str]:
    """Return the addresses of the archives that apt's lists in the folder `sources` name.

    Left out are those for security updates only, which serve other folders than an archive, and
    those that are not asked for the component ``main``.
    """
    addresses: dict[str, None] = {}
    for suffix, text in source_archives(sources):
        if suffix == ".list":
            lines = re.findall(r"(?m)^deb-src\s+(?:\[.*?\]\s+)?(\S+)\s+(\S+)([^#\n]*)", text)
            entries = [([address], [suite], parts.split()) for address, suite, parts in lines]
        else:
            entries = [
                (fields.get("uris", []), fields.get("suites", []), fields.get("components", []))
                for fields in _paragraphs(text)
                if fields.get("enabled", ["yes"]) != ["no"]
            ]
        for places, suites, components in entries:
            usual = [suite for suite in suites if not re.search(r"[-/](security|updates)", suite)]
            if usual and "main" in components:
                addresses.update({place.rstrip("/"): None for place in places})
    return [address for address in addresses if not address.startswith("cdrom:")]


def _paragraphs(text: str) -> list[dict[str, list[str]]]:
    """Return the words of each field of each paragraph of a list in the form ``.sources``."""
    text = re.sub(r"(?m)^#.*\n?", "", text)
    return [
        {
            name.lower(): words.split()
            for name, words in re.findall(
                r"^(\S+?):(.*(?:\n[ \t].*)*)", paragraph, flags=re.MULTILINE
            )
        }
        for paragraph in re.split(r"\n\s*\n", text)
    ]
