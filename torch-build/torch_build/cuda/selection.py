"""Read ``cuda/selection.toml``: what the trace of the GPU's work cannot tell."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import RecipeError
from torch_build.operators import Operator, Selection, merge


@dataclass(frozen=True, kw_only=True)
class CudaSelection:
    """The content of ``selection.toml``.

    Attributes
    ----------
    on_processor : tuple of str
        Traced operators that no GPU gets.
    on_gpu_only : mapping of str to tuple of str
        Types by operators that only a GPU reaches; ``sparse`` among them means a sparse tensor.
    files : mapping of str to tuple of str
        Paths in PyTorch's source: ``core``, ``kernels``, ``without`` and ``headers``.
    dtypes : mapping of str to tuple of str
        Types by kernel tag.
    casts : tuple of str
        Types that kernels convert between.
    """

    on_processor: tuple[str, ...]
    on_gpu_only: Mapping[str, tuple[str, ...]]
    files: Mapping[str, tuple[str, ...]]
    dtypes: Mapping[str, tuple[str, ...]]
    casts: tuple[str, ...]

    def operators(self, traced: Selection) -> tuple[Operator, ...]:
        """Return the traced operators without those that the processor does, and the further ones.

        Raises
        ------
        RecipeError
            When one of these was not traced: the list is stale.
        """
        stale = set(self.on_processor) - {operator.name for operator in traced.operators}
        if stale:
            raise RecipeError(
                f"{min(stale)} is not traced any more", "delete it in cuda/selection.toml"
            )
        more = [
            Operator(
                name=name,
                dtypes=tuple(sorted(set(types) - {"sparse"})),
                sparse="sparse" in types,
            )
            for name, types in self.on_gpu_only.items()
        ]
        kept = [one for one in traced.operators if one.name not in self.on_processor]
        return merge([Selection(operators=tuple(kept)), Selection(operators=tuple(more))]).operators


def read_selection(path: Path) -> CudaSelection:
    """Read the file `path`.

    Raises
    ------
    RecipeError
        When a table is missing or the file is not TOML.
    """
    try:
        tables = tomllib.loads(path.read_text())
        return CudaSelection(
            on_processor=tuple(tables["operators"]["on_processor"]),
            on_gpu_only={
                name: tuple(types) for name, types in tables["operators"]["on_gpu_only"].items()
            },
            files={name: tuple(paths) for name, paths in tables["files"].items()},
            dtypes={tag: tuple(names) for tag, names in tables["dtypes"].items()},
            casts=tuple(tables["casts"]["types"]),
        )
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError) as error:
        raise RecipeError(f"{path} cannot be read: {error!r}", "mend it") from error
