"""Download a file by its address, which is pinned with it."""

from __future__ import annotations

import http.client
import shutil
import urllib.request
from pathlib import Path

from buildkit.errors import SourceError
from buildkit.files import atomic_writer

_STALLED = 60.0
"""Seconds without a byte after which a download is given up."""


def download_address(address: str, path: Path) -> None:
    """Write what is at `address` to the file `path`.

    Raises
    ------
    SourceError
        When it cannot be got.
    StorageError
        When the file cannot be written.
    """
    try:
        request = urllib.request.urlopen(address, timeout=_STALLED)  # noqa: S310
        with request as answer, atomic_writer(path) as copy:
            shutil.copyfileobj(answer, copy, 1 << 20)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise SourceError(f"{address}: {error}") from error
