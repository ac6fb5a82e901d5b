"""The addresses that a published file is fetched from, in order."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from transcriber.download.published import PublishedFile
from transcriber.errors import UsageError

MIRROR_VARIABLE = "TRANSCRIBER_MODEL_MIRROR"
OFFLINE_VARIABLE = "TRANSCRIBER_OFFLINE"

_SCHEMES = ("http", "https", "file")
_FIELD = re.compile(r"\{(name|file|sha256)\}")


def source_addresses(file: PublishedFile, mirrors: Sequence[str]) -> tuple[str, ...]:
    """Return where `file` is fetched from: the mirrors as given, then its publisher's address.

    Parameters
    ----------
    file : PublishedFile
        A model, or the CUDA add-on.
    mirrors : sequence of str
        Each a base address, to which ``/`` and the file's name are appended, or a template
        with ``{name}``, ``{file}`` or ``{sha256}``.

    Raises
    ------
    UsageError
        When a mirror is neither.
    """
    check_mirrors(mirrors)
    values = {"name": file.name, "file": file.file_name, "sha256": file.sha256}
    addresses = []
    for mirror in mirrors:
        filled, fields = _FIELD.subn(lambda field: values[field[1]], mirror)
        addresses.append(filled if fields else f"{mirror.rstrip('/')}/{file.file_name}")
    # The same address twice would only be asked twice.
    return tuple(dict.fromkeys(filter(None, [*addresses, file.address])))


def source_label(address: str) -> str:
    """Return what names the source `address` in a line: its host, or the path of a local file."""
    return urlsplit(address).netloc or address


def check_mirrors(mirrors: Sequence[str]) -> None:
    """Check that each mirror is an address that can be used.

    Raises
    ------
    UsageError
        When one is not.
    """
    for mirror in mirrors:
        _check(mirror)


def chosen_mirrors(options: Sequence[str], variable: str = MIRROR_VARIABLE) -> tuple[str, ...]:
    """Return the mirrors of the command line, else those of the environment.

    The `variable` holds addresses separated by white space or commas.

    Raises
    ------
    UsageError
        When one of them is not an address that can be used.
    """
    listed = re.split(r"[\s,]+", os.environ.get(variable, ""))
    mirrors = tuple(options) or tuple(filter(None, listed))
    check_mirrors(mirrors)
    return mirrors


def offline_by_environment() -> bool:
    """Return whether `TRANSCRIBER_OFFLINE` forbids the network.

    Raises
    ------
    UsageError
        When its value means neither yes nor no.
    """
    value = os.environ.get(OFFLINE_VARIABLE, "").strip().lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("", "0", "false", "no", "off"):
        return False
    raise UsageError(f"{OFFLINE_VARIABLE}={value!r} means neither yes nor no", "set it to 1 or 0")


def _check(mirror: str) -> None:
    # First, because the other messages show the address.
    if "@" in mirror.partition("://")[2].partition("/")[0]:
        raise UsageError("a mirror's address cannot hold a user name or a password")
    try:
        parts = urlsplit(mirror)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"the mirror {mirror!r} is not an address: {error}") from error
    if parts.scheme not in _SCHEMES:
        raise UsageError(
            f"the mirror {mirror!r} is not an http, https or file address",
            "write it as https://host/folder or file:///folder",
        )
    if parts.scheme != "file" and not host:
        raise UsageError(f"the mirror {mirror!r} names no host")
    if parts.scheme == "file" and (host or not parts.path.startswith("/")):
        raise UsageError(f"the mirror {mirror!r} is no local folder", "write it as file:///folder")
    if re.search(r"[^!-~]", mirror):
        raise UsageError(
            f"the mirror {mirror!r} holds a character that an address cannot hold",
            "write it in percent encoding",
        )
    if re.search(r"[{}]", _FIELD.sub("", mirror)):
        raise UsageError(
            f"the mirror {mirror!r} has an unknown field", "use {name}, {file} or {sha256}"
        )
    if (parts.query or parts.fragment) and not _FIELD.search(mirror):
        raise UsageError(
            f"nothing can be appended to the mirror {mirror!r}", "say where {file} goes in it"
        )
