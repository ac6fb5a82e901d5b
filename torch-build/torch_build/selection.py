"""Read ``selection.toml``: what of PyTorch is built besides the traced operators."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from buildkit.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Exceptions:
    """What the trace cannot tell."""

    files: Mapping[str, tuple[str, ...]]
    """Lists of paths and patterns, by the name of the list."""
    back_ends: Mapping[str, str]
    """Dispatch keys to register kernels for: of ``all`` operators, or of the ``sparse`` ones."""
    dtypes: Mapping[str, tuple[str, ...]]
    """Types by kernel tag; ``always`` for every tag."""


def read_exceptions(path: Path) -> Exceptions:
    """Read the file `path`.

    Raises
    ------
    RecipeError
        When a table is missing or the file is not TOML.
    """
    try:
        tables = tomllib.loads(path.read_text())
        return Exceptions(
            files={name: tuple(paths) for name, paths in tables["files"].items()},
            back_ends={key: _which(which) for key, which in tables["back_ends"].items()},
            dtypes={tag: tuple(names) for tag, names in tables["dtypes"].items()},
        )
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError) as error:
        raise RecipeError(f"{path.name} cannot be read: {error!r}", "mend it") from error


def _which(value: object) -> str:
    if value not in {"all", "sparse"}:
        raise TypeError(f"{value!r} is neither 'all' nor 'sparse'")
    return str(value)


def expand(source: Path, patterns: tuple[str, ...], without: tuple[str, ...] = ()) -> list[str]:
    """Return the files below `source` that `patterns` name, sorted.

    Raises
    ------
    RecipeError
        When a pattern of either list matches no file: it is stale.
    """
    found: set[str] = set()
    for pattern in patterns:
        matches = {str(path.relative_to(source)) for path in source.glob(pattern)}
        if not matches:
            raise RecipeError(f"PyTorch's source has no {pattern}", "mend selection.toml")
        found |= matches
    for pattern in without:
        matches = {path for path in found if fnmatchcase(path, pattern)}
        if not matches:
            raise RecipeError(f"{pattern} leaves nothing out", "mend selection.toml")
        found -= matches
    return sorted(found)
