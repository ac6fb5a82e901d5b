"""Write the operators' entry points that the objects call, and no others.

``at::_ops::NAME::call`` and ``redispatch`` look an operator up at the dispatcher. The generators
write them for all 2,500 operators: a third of all compile time. An operator that some code calls
and that is not selected keeps its entry point, which raises an error with its name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from buildkit.capture import capture
from buildkit.files import write_if_different

SHARDS = 2
"""Files to write: the compiler works on as many at once as the smallest machines have cores."""

_SYMBOL = re.compile(r"\b_ZN2at4_ops(\d+)(\w+)")


def entry_point_files(generated: Path) -> list[Path]:
    """Return the paths that `write_entry_points` writes below the folder of generated code."""
    return [generated / f"entry_points/Operators_{shard}.cpp" for shard in range(SHARDS)]


def called_operators(symbols: str) -> set[str]:
    """Return the C++ names of the operators whose entry points `symbols` has.

    Parameters
    ----------
    symbols : str
        Mangled names, as nm prints them.
    """
    found = _SYMBOL.findall(symbols)
    return {rest[: int(length)] for length, rest in found}


def undefined_symbols(nm: Path | str, objects: Iterable[Path]) -> str:
    """Return what nm prints of the symbols that `objects` do not define."""
    return capture([nm, "--undefined-only", "--no-sort", "--format=just-symbols", *objects])


def write_entry_points(generated: Path, called: set[str]) -> None:
    """Write the definitions of the operators `called` to `entry_point_files`.

    Parameters
    ----------
    generated : Path
        The folder of generated code, which has the definitions of all operators in one file.
    called : set of str
        C++ names, those of `called_operators`.
    """
    everything = generated / "aten/src/ATen/OperatorsEverything.cpp"
    _, *blocks = re.split(r"^(?=// aten::)", everything.read_text(), flags=re.MULTILINE)
    kept: dict[str, list[str]] = {}
    for block in blocks:
        found = re.search(r"create_(\w+?)_typed_handle", block)
        if found and found.group(1) in called:
            kept.setdefault(found.group(1), []).append(block.partition("\n}} // namespace")[0])
    names = sorted(kept)
    headers = _declaring_headers(generated / "aten/src/ATen/ops", kept.keys())
    for shard, path in enumerate(entry_point_files(generated)):
        own = names[shard::SHARDS]
        lines = ["#include <ATen/Tensor.h>", "#include <ATen/core/dispatch/Dispatcher.h>"]
        own_headers = sorted({headers[name] for name in own})
        lines += [f"#include <ATen/ops/{header}>" for header in own_headers]
        lines += ["namespace at { namespace _ops {", *(b for name in own for b in kept[name])]
        lines += ["}} // namespace at::_ops", ""]
        write_if_different(path, "\n".join(lines).encode())


def _declaring_headers(folder: Path, names: Collection[str]) -> dict[str, str]:
    """Return the name of the header that declares each of the operators `names`."""
    found = {}
    for path in folder.glob("*_ops.h"):
        for name in re.findall(r"^struct TORCH_API (\w+) \{", path.read_text(), re.MULTILINE):
            if name in names:
                found[name] = path.name
    return found
