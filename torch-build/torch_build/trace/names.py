"""Whether the PyTorch that is built has the operators that were traced.

The trace may run on another version. One that has an operator which the built one lacks takes
another way there, and somebody has to find out which.
"""

from __future__ import annotations

import re
from pathlib import Path

from buildkit.errors import InputError
from torch_build.operators import Selection

_FUNCTIONS = Path("aten/src/ATen/native/native_functions.yaml")


def unknown_operators(selection: Selection, source: Path) -> list[str]:
    """Return the operators that the PyTorch whose source is in `source` does not have.

    Raises
    ------
    InputError
        When it is not PyTorch's source.
    """
    path = source / _FUNCTIONS
    try:
        known = native_operators(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", "name the folder of PyTorch's source"
        ) from error
    return [operator.name for operator in selection.operators if operator.name not in known]


def native_operators(text: str) -> set[str]:
    """Return the names in a ``native_functions.yaml``, with the variants that it has generated."""
    names = set(re.findall(r"^- func: ([\w.]+)\(", text, re.MULTILINE))
    for generated in re.findall(r"^  autogen: (.+)$", text, re.MULTILINE):
        names.update(name.strip() for name in generated.split("#")[0].split(","))
    return {f"aten::{name}" for name in names}
