"""What of ``torch/_C`` the CUDA add-on may use: the symbols, and a name for their meaning.

The module exports nothing but its initialiser and the symbols of ``cuda/exports.txt``, which
``make cuda`` writes: those that the add-on's objects need. They carry a version in the sense of
ELF, and an add-on that was linked with another build's asks for another version. Then the dynamic
loader refuses it with an error, before any code of it runs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from buildkit.sources import read_sources
from torch_build.recipe import RECIPE, SOURCES

EXPORTS = RECIPE / "cuda/exports.txt"

INITIALIZER = "PyInit__C"


def read_exports(path: Path = EXPORTS) -> tuple[str, ...]:
    """Return the mangled names of the symbols that the add-on needs, sorted."""
    lines = path.read_text().splitlines() if path.exists() else []
    return tuple(line for line in lines if line and not line.startswith("#"))


def abi_name(exports: Path = EXPORTS) -> str:
    """Return the version that the symbols carry.

    What decides over the meaning of a symbol is PyTorch's source, our changes in it, and the
    definitions that it is compiled with.
    """
    digest = hashlib.sha256(read_sources(SOURCES).named("pytorch").sha256.encode())
    for path in (RECIPE / "edits.toml", RECIPE / "cmake/CMakeLists.txt", exports):
        if path.exists():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"WHISPER_{digest.hexdigest()[:12]}"


def version_script(exports: Path = EXPORTS) -> str:
    """Return the linker's version script of ``torch/_C``."""
    names = (INITIALIZER, *read_exports(exports))
    listed = "".join(f"    {name};\n" for name in names)
    return f"{abi_name(exports)} {{\n  global:\n{listed}  local: *;\n}};\n"
