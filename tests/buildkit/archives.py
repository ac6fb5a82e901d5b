"""Small source archives for the tests."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from debian_archive import patch_of, write_debian, write_tar

from buildkit.debian_patches import applied_of, read_series
from buildkit.debian_patches import content_digest as patches_digest
from buildkit.sources import Archive, Patches
from buildkit.unpack import content_digest

__all__ = ["FILES", "patch_of", "pin", "pin_patches", "write_debian", "write_tar"]

FILES = {"LICENSE": "terms\n", "src/a.h": "one two\n", "src/b.h": "three\n", "doc/x": "prose\n"}


def pin(path: Path, **changes: Any) -> Archive:
    """Return the pin of the archive at `path`, which is called ``some`` and has no ``doc``."""
    fields: dict[str, Any] = {
        "name": "some",
        "version": "1",
        "licence": "MIT",
        "purpose": "an example",
        "ships": True,
        "supplier": "nobody",
        "file": path.name,
        "size": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "package": "some",
        "suites": ("trixie",),
        "upstream": "https://upstream.invalid/some-1.tar.gz",
        "content_sha256": "",
        "without": ("doc",),
        **changes,
    }
    if not fields["content_sha256"]:
        fields["content_sha256"] = content_digest(path, Archive(**fields))
    return Archive(**fields)


def pin_patches(path: Path, **changes: Any) -> Patches:
    """Return the pin of the patches in the archive at `path`, all of which are applied."""
    series = read_series(path)
    fields: dict[str, Any] = {
        "version": "1-1",
        "file": path.name,
        "size": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "content_sha256": "",
        "applied": tuple(patch.name for patch in series),
        **changes,
    }
    chosen = applied_of(series, Patches(**fields))
    return Patches(**{**fields, "content_sha256": patches_digest(chosen)})
