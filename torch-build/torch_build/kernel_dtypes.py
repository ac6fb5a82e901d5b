"""Choose the tensor types that each kernel is compiled for, and write them as a C++ header.

ATen's dispatch macros ask ``at::should_include_kernel_dtype(tag, dtype)`` at compile time when
``TEMPLATE_SELECTIVE_BUILD`` is defined; a type that is left out raises an error that names the
type and the tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from torch_build.operators import Operator

_TAG = re.compile(r'\b_?(?:AT|THO)_DISPATCH_\w+\s*\((?:[^";]|\n){0,400}?"([^"\n]+)"')


def find_tags(texts: Iterable[str]) -> set[str]:
    """Return the kernel tags that the C++ sources `texts` dispatch under."""
    return {tag for text in texts for tag in _TAG.findall(text)}


def choose_dtypes(
    tags: Iterable[str], operators: Iterable[Operator], exceptions: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """Return the types for each of `tags`.

    A tag gets the types that were traced for the operators whose name is in it:
    ``masked_fill`` in ``masked_fill_bool`` and the like. More than needed costs bytes, less
    would be an error at run time, so a name counts wherever it stands in the tag.

    Parameters
    ----------
    exceptions : mapping
        Further types by tag; those of ``always`` are for every tag.
    """
    traced: dict[str, set[str]] = {}
    for operator in operators:
        name = operator.name.removeprefix("aten::").partition(".")[0].strip("_")
        traced.setdefault(name, set()).update(operator.dtypes)
    chosen = {}
    for tag in sorted({*tags, *exceptions} - {"always"}):
        types = {*exceptions["always"], *exceptions.get(tag, ())}
        words = "_" + re.sub(r"\W+", "_", tag.lower()) + "_"
        for name, more in traced.items():
            if f"_{name}_" in words:
                types |= more
        chosen[tag] = tuple(sorted(types))
    return chosen


def make_header(chosen: Mapping[str, Iterable[str]]) -> str:
    """Return the text of ``ATen/selected_mobile_ops.h`` for `chosen`.

    A tag that is not in `chosen` is one that the macros put together from their arguments; it
    gets every type that any other has.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for tag, types in chosen.items():
        groups.setdefault(tuple(types), []).append(tag)
    every = sorted({name for types in groups for name in types})
    lines = [
        "#pragma once",
        "#include <c10/core/ScalarType.h>",
        "#include <string_view>",
        "namespace at {",
        "constexpr bool should_include_kernel_dtype(std::string_view tag, c10::ScalarType type) {",
    ]
    for types, tags in sorted(groups.items()):
        condition = " ||\n      ".join(f'tag == "{tag}"' for tag in sorted(tags))
        lines += [f"  if ({condition})", f"    return {_is_one_of(types)};"]
    lines += [f"  return {_is_one_of(every)};", "}", "} // namespace at", ""]
    return "\n".join(lines)


def _is_one_of(types: Iterable[str]) -> str:
    return " ||\n        ".join(f"type == c10::ScalarType::{name}" for name in types)
