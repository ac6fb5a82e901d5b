"""Gather what is known of a built program, for the answers to advisories."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from buildkit.components import Component
from buildkit.edits import Edit, read_edits
from native_build.appimage_runtime import RECIPE as RUNTIME
from native_build.cpython import SETUP, VERSION
from native_build.evidence import (
    BuildFacts,
    called_symbols,
    defined_symbols,
    lines_of,
    mended_by_edits,
    operator_names,
    versions_of,
    words_of,
)
from native_build.ffmpeg import CONFIGURED, OBJECTS
from torch_build.python_side import read_modules
from torch_build.recipe import EDITS as TORCH_EDITS

_OPERATORS = TORCH_EDITS.with_name("operators.yaml")

_LIBRARIES = {
    "zlib": ("libz.a",),
    "libffi": ("libffi.a",),
    "openssl": ("libcrypto.a", "libssl.a"),
    "sqlite": ("libsqlite3.a",),
}
"""Of each library that Python is linked with, the archives."""


def gather_facts(
    components: Iterable[Component],
    *,
    modules: Iterable[str],
    edits: Iterable[Edit],
    python: Path,
    decoder: Path,
    nm: Path,
) -> BuildFacts:
    """Return what is known of a program.

    Parameters
    ----------
    components : iterable of Component
        What its bill of materials has.
    modules : iterable of str
        The Python modules that may be in it.
    edits : iterable of Edit
        Our changes in the sources of this recipe.
    python, decoder : Path
        The parts with Python and its libraries, and with ffmpeg.
    nm : Path
        GNU's program of that name.

    Raises
    ------
    ToolError
        When a part lacks what is looked at.
    """
    known = tuple(components)
    built = {
        name: [python / "libraries/lib" / file for file in files]
        for name, files in _LIBRARIES.items()
    }
    built["cpython"] = [python / "python/lib" / f"libpython{VERSION}.a"]
    torch_edits = [edit for group in read_modules().edits.values() for edit in group]
    by_python = called_symbols(nm, built["cpython"])
    runtime = [path for path in sorted(RUNTIME.iterdir()) if path.suffix in {".c", ".h"}]
    return BuildFacts(
        versions=versions_of(known),
        patches={one.name: frozenset(one.patches) for one in known if one.patches},
        edits=frozenset(mended_by_edits([*edits, *torch_edits, *read_edits(TORCH_EDITS)])),
        modules=frozenset(modules) - disabled_modules(),
        symbols={name: defined_symbols(nm, archives) for name, archives in built.items()},
        objects=lines_of(decoder / OBJECTS),
        configured=lines_of(decoder / CONFIGURED),
        operators=operator_names(_OPERATORS),
        calls={**dict.fromkeys(_LIBRARIES, by_python), "musl": words_of(runtime)},
    )


def disabled_modules(setup: Path = SETUP) -> frozenset[str]:
    """Return Python's modules in C that are left out, though something tries to import them."""
    return frozenset(setup.read_text().partition("*disabled*")[2].split())
