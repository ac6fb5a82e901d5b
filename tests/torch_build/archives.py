"""Small source archives for the tests."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch_build.sources import Archive
from torch_build.unpack import content_digest

FILES = {"LICENSE": "terms\n", "src/a.h": "one two\n", "src/b.h": "three\n", "doc/x": "prose\n"}


def write_tar(path: Path, files: Mapping[str, str], *, top: str = "top-1") -> Path:
    """Write a tar archive of `files`; a name that ends in ``@`` is a symbolic link."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w:xz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{top}/{name.removesuffix('@')}")
            if name.endswith("@"):
                member.type, member.linkname = tarfile.SYMTYPE, text
                tar.addfile(member)
            else:
                member.size = len(text.encode())
                member.mode = 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(member, io.BytesIO(text.encode()))
    return path


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
