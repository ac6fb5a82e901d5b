"""Tell at which addresses the machine reaches Debian's archive, and that of old releases.

A server that has both has them side by side, as ``debian`` and ``debian-archive/debian``. The
environment variable `ADDRESS_VARIABLE` can name another archive of old releases.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from buildkit.debian_source import source_archives

ADDRESS_VARIABLE = "DEBIAN_ARCHIVE"
"""Environment variable with the address of an archive of old releases, up to its ``dists``."""


def older_addresses(addresses: Iterable[str]) -> list[str]:
    """Return where the releases may be that the archives at `addresses` do not have any more.

    Examples
    --------
    >>> older_addresses(["http://server.invalid/debian"])
    ['http://server.invalid/debian-archive/debian']
    """
    chosen = os.environ.get(ADDRESS_VARIABLE, "").rstrip("/")
    beside = [f"{address}-archive/debian" for address in addresses if address.endswith("/debian")]
    return [*([chosen] if chosen else []), *beside]


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
