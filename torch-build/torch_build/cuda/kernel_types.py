"""Choose the tensor types that each CUDA kernel is compiled for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from torch_build.operators import Operator

# A GPU works in half precision where the trace, on a processor, worked in single.
_HALVES = ("BFloat16", "Half")
# Kernels of these would serve nothing: a model has none.
_NEVER = frozenset({"ComplexDouble", "ComplexFloat", "Double"})


def operator_names(source: Path) -> frozenset[str]:
    """Return the names of all of PyTorch's operators, without overloads and underscores.

    Parameters
    ----------
    source : Path
        The source of PyTorch.
    """
    text = (source / "aten/src/ATen/native/native_functions.yaml").read_text()
    return frozenset(re.findall(r"^- func: _*(\w+?)_*[.(]", text, re.MULTILINE))


def type_chooser(
    operators: Iterable[Operator],
    names: Iterable[str],
    exceptions: Mapping[str, tuple[str, ...]],
) -> Callable[[str], tuple[str, ...]]:
    """Return a function from a kernel's tag to its types.

    The longest name of an operator in the tag tells whose kernel it is: ``index_fill_cuda`` is not
    one of ``index``. A kernel of an operator that is not selected gets no type.

    Parameters
    ----------
    operators : iterable of Operator
        The selected ones.
    names : iterable of str
        All operators' names, `operator_names`.
    exceptions : mapping
        Types by tag.
    """
    traced: dict[str, set[str]] = {}
    for operator in operators:
        name = operator.name.removeprefix("aten::").partition(".")[0].strip("_")
        types = set(operator.dtypes) - _NEVER
        if "Float" in types:
            types.update(_HALVES)
        traced.setdefault(name, set()).update(types)
    every = frozenset(names)

    def choose(tag: str) -> tuple[str, ...]:
        if tag in exceptions:
            return exceptions[tag]
        words = "_" + re.sub(r"\W+", "_", tag.lower()) + "_"
        found = [name for name in every if f"_{name}_" in words]
        longest = max(map(len, found), default=0)
        # Two names may be as long: a kernel for triu and tril is one of either.
        types = {one for name in found if len(name) == longest for one in traced.get(name, ())}
        return tuple(sorted(types))

    return choose
