"""Download a Debian or Ubuntu source package through the machine's own apt configuration.

The addresses, keys and proxies are those that the machine's administrator chose; apt checks
the archive's signature. Everything that apt writes goes to a private folder, so this works as
an ordinary user and changes nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from buildkit.commands import last_line, run_quietly
from buildkit.errors import SourceError, ToolError

SOURCES = Path("/etc/apt")
"""Where apt's own list of archives lies."""

MINUTES = 600.0
"""Seconds for apt: the lists are some ten megabytes an archive, the package some thirty."""


def download_source(name: str, folder: Path, *, sources: Path = SOURCES) -> Path:
    """Download the upstream archive of the source package `name`.

    Parameters
    ----------
    name : str
        Name of the source package.
    folder : Path
        An empty folder for everything that apt writes.
    sources : Path
        The folder with ``sources.list`` and ``sources.list.d``.

    Returns
    -------
    Path
        The archive.

    Raises
    ------
    ToolError
        When the machine has no apt or no archive in its configuration.
    SourceError
        When no archive has the package, or it cannot be downloaded.
    """
    options = private_options(folder, source_archives(sources), sources)
    # One archive of several that does not answer must not keep the others from serving.
    _, updating = run_quietly(["apt-get", *options, "update"], limit=MINUTES)
    command = ["apt-get", *options, "source", "--download-only", "--tar-only", name]
    code, output = run_quietly(command, limit=MINUTES, directory=folder)
    archives = sorted(folder.glob("*.orig.tar.*"))
    if code or not archives:
        # Without lists, apt complains about the configuration instead of the network.
        has_lists = any((folder / "lists").glob("*_Sources*"))
        reason = complaint(output if has_lists else updating)
        raise SourceError(f"apt cannot download the source package {name}: {reason}")
    return archives[0]


def complaint(output: str) -> str:
    """Return the first error or warning in what apt printed, else its last line."""
    found = re.search(r"^[EW]: .*$", output, flags=re.MULTILINE)
    return found.group() if found else last_line(output)


def private_options(folder: Path, texts: Sequence[tuple[str, str]], sources: Path) -> list[str]:
    """Write apt's lists `texts` into the empty `folder` and return the options that use them.

    Parameters
    ----------
    folder : Path
        An empty folder for everything that apt writes.
    texts : sequence of (str, str)
        The ending of each list's name, ``.list`` or ``.sources``, and its text.
    sources : Path
        Where the texts come from, for the message when there are none.

    Raises
    ------
    ToolError
        When the machine has no apt, or `texts` is empty.
    """
    if shutil.which("apt-get") is None:
        raise ToolError("this machine has no apt-get")
    private = folder / "sources.list.d"
    for path in (private, folder / "lists", folder / "cache"):
        path.mkdir()
    if not texts:
        raise ToolError(f"{sources} names no package archive")
    for number, (suffix, text) in enumerate(texts):
        (private / f"{number}{suffix}").write_text(text)
    lists = {"Dir::Etc::SourceList": "/dev/null", "Dir::Etc::SourceParts": private}
    return apt_options(folder, lists)


def apt_options(folder: Path, settings: Mapping[str, object]) -> list[str]:
    """Return `settings` as apt's options, with those by which it writes to `folder` alone."""
    own = {
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        # Root's apt would download as the user _apt, who may not enter the private folder.
        "APT::Sandbox::User": "root",
    }
    both = {**own, **settings}
    return [word for key, value in both.items() for word in ("-o", f"{key}={value}")]


def source_archives(sources: Path) -> list[tuple[str, str]]:
    """Return apt's lists in the folder `sources`, with source packages in place of binary ones.

    Both forms that apt knows are changed as text, so that options and keys stay as they are:
    a line ``deb ADDRESS SUITE COMPONENTS``, and a paragraph with ``Types: deb``.

    Returns
    -------
    list of (str, str)
        The ending of each list's name, ``.list`` or ``.sources``, and its text.
    """
    listed: Iterable[Path] = sorted((sources / "sources.list.d").glob("*"))
    texts = []
    for path in (sources / "sources.list", *listed):
        if path.suffix not in {".list", ".sources"} or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        if path.suffix == ".list":
            lines = re.findall(r"^\s*deb(?:-src)?([\s\[].*)$", text, flags=re.MULTILINE)
            text = "".join(f"deb-src{line}\n" for line in dict.fromkeys(lines))
        else:
            text = re.sub(r"(?mi)^Types:.*$", "Types: deb-src", text)
        if text.strip():
            texts.append((path.suffix, text))
    return texts
