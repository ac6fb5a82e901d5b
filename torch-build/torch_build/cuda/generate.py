"""Generate the code of the add-on: registrations, narrowed kernels and the units to compile."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit import edits
from buildkit.files import write_if_different
from torch_build.cuda.dispatch import narrow
from torch_build.cuda.kernel_sources import find_sources
from torch_build.cuda.kernel_types import operator_names, type_chooser
from torch_build.cuda.selection import CudaSelection, read_selection
from torch_build.generate import run_generators, write_headers
from torch_build.operators import read_operators

# Most of a file's time goes into reading ATen's headers, once for each architecture, which the
# files of a unit share. More in a unit would leave cores idle at the end.
_FILES_PER_UNIT = 8

_CPP_TYPES = {
    "Bool": "bool",
    "Int": "int",
    "Long": "int64_t",
    "Float": "float",
    "Double": "double",
    "Half": "at::Half",
    "BFloat16": "at::BFloat16",
}

_CONFIGURATION = {
    "AT_CUDNN_ENABLED": 0,
    "AT_CUSPARSELT_ENABLED": 0,
    "AT_ROCM_ENABLED": 0,
    "AT_MAGMA_ENABLED": 0,
    "NVCC_FLAGS_EXTRA": "",
}
"""What ``ATen/cuda/CUDAConfig.h`` says is there."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The files that decide what is generated.

    Attributes
    ----------
    operators, selection, edits : Path
        ``operators.yaml``, ``selection.toml`` and ``edits.toml`` of the folder ``cuda``.
    native : Path
        The folder of our own sources.
    absent : Path
        The source of what is called in place of a function that is not there.
    """

    operators: Path
    selection: Path
    edits: Path
    native: Path
    absent: Path


@dataclass(frozen=True, kw_only=True)
class Units:
    """What is compiled.

    Attributes
    ----------
    device : tuple of Path
        Sources with kernels, for nvcc.
    host : tuple of Path
        Sources without.
    """

    device: tuple[Path, ...]
    host: tuple[Path, ...]


def generate(source: Path, recipe: Recipe, output: Path) -> Units:
    """Write all generated code below `output`.

    Parameters
    ----------
    source : Path
        The unpacked source of PyTorch, with the edits of the processor's build.
    recipe : Recipe
        What to take of it.
    output : Path
        The folder to write to. A file whose content stays the same keeps its time.

    Returns
    -------
    Units
        The sources to compile: ours, upstream's and generated ones.

    Raises
    ------
    ToolError
        When the operators or the lists do not fit the source.
    """
    selection = read_selection(recipe.selection)
    operators = selection.operators(read_operators(recipe.operators))
    output.mkdir(parents=True, exist_ok=True)
    run_generators(
        source,
        output,
        [operator.name for operator in operators],
        bindings={"torch": (), "Tensor": (), "nn": ()},
        back_ends={
            "CUDA": None,
            "SparseCUDA": [one.name.removeprefix("aten::") for one in operators if one.sparse],
            # Headers of the processor's kernels, which some of CUDA's sources include.
            "CPU": [],
        },
    )
    write_headers(source, output, {"aten/src/ATen/cuda/CUDAConfig.h": _CONFIGURATION})
    write_if_different(output / "c10/cuda/impl/cuda_cmake_macros.h", b"#pragma once\n")
    write_if_different(output / "aten/src/ATen/selected_mobile_ops.h", _ALL_TYPES.encode())
    write_if_different(output / "selected_casts.h", casts_header(selection.casts).encode())
    choose = type_chooser(operators, operator_names(source), selection.dtypes)
    changes = edits.by_path(edits.read_edits(recipe.edits), "pytorch")
    _write_overlays(source, selection, changes, choose, output)
    kernels = json.loads((output / "kernels.json").read_text())
    files = find_sources(source, kernels, without=selection.files["without"])
    files += selection.files["kernels"]

    def narrowed_copy(path: str) -> Path:
        text = edits.apply((source / path).read_text(), changes.get(path, ()))
        return _write_narrowed(text, output / "narrowed" / path, choose)

    narrowed = {path: narrowed_copy(path) for path in files}
    ufunc = output / "aten/src/ATen/UfuncCUDA_add.cu"
    # It declares again what a header does, so it stays alone.
    alone = [_write_narrowed(ufunc.read_text(), output / "narrowed" / ufunc.name, choose)]
    alone += [narrowed.pop(path) for path in selection.files["alone"]]
    device = [path for path in narrowed.values() if path.suffix == ".cu"]
    host = [path for path in narrowed.values() if path.suffix == ".cpp"]
    host += [source / path for path in selection.files["core"]]
    host += [output / f"aten/src/ATen/Register{key}.cpp" for key in ("CUDA", "SparseCUDA")]
    host.append(output / "aten/src/ATen/core/TensorMethods.cpp")
    return Units(
        device=(
            *_write_units(device, output / "units"),
            *alone,
            *sorted(recipe.native.glob("*.cu")),
        ),
        host=(*sorted(host), *sorted(recipe.native.glob("*.cpp")), recipe.absent),
    )


_ALL_TYPES = """\
// The lists of types are cut in the sources themselves.
#pragma once
#include <c10/core/ScalarType.h>
namespace at {
constexpr bool should_include_kernel_dtype(const char*, c10::ScalarType) {
  return true;
}
} // namespace at
"""


def casts_header(types: Iterable[str]) -> str:
    """Return the text of ``selected_casts.h``: the types that kernels convert between."""
    chosen = list(types)
    cases = " ".join(f"_({_CPP_TYPES[name]}, {name})" for name in chosen)
    selected = " || ".join(f"type == ScalarType::{name}" for name in chosen)
    return (
        "#pragma once\n"
        "#include <c10/core/ScalarType.h>\n"
        f"#define SELECTED_CASTS(_) {cases}\n"
        "namespace c10 {\n"
        f"inline bool is_selected_cast(ScalarType type) {{ return {selected}; }}\n"
        "} // namespace c10\n"
    )


def _write_overlays(
    source: Path,
    selection: CudaSelection,
    changes: Mapping[str, Sequence[edits.Edit]],
    choose: Callable[[str], Iterable[str]],
    output: Path,
) -> None:
    """Write changed copies of headers, which the compiler finds before upstream's."""
    headers = {path for path in changes if not path.endswith(".cu")}
    headers |= set(selection.files["headers"])
    # One whose edit is gone would still stand before upstream's.
    written = output / "overlays.txt"
    before = written.read_text().split() if written.exists() else ()
    for path in set(before) - headers:
        (output / path).unlink(missing_ok=True)
    written.write_text("".join(f"{path}\n" for path in sorted(headers)))
    for path in headers:
        text = edits.apply((source / path).read_text(), changes.get(path, ()))
        if path in selection.files["headers"]:
            text = narrow(text, choose)
        write_if_different(output / path, text.encode())


def _write_narrowed(text: str, copy: Path, choose: Callable[[str], Iterable[str]]) -> Path:
    # Upstream's own build forbids its files headers that change often; in a unit, the files that
    # need these stand behind those that are forbidden them.
    text = re.sub(r"^#define TORCH_ASSERT_\w+\n", "", text, flags=re.MULTILINE)
    # No file of this build has the stubs of quantized tensors.
    text = re.sub(r"^REGISTER_\w*DISPATCH\(\w+_quantized_stub,.*\n", "", text, flags=re.MULTILINE)
    write_if_different(copy, narrow(text, choose).encode())
    return copy


def _write_units(files: Sequence[Path], folder: Path) -> list[Path]:
    """Write sources that each include some of `files`, dealt out in turn."""
    count = -(-len(files) // _FILES_PER_UNIT)
    units = []
    for number in range(count):
        # By relative paths, since device code names its source where an assertion fails.
        own = (os.path.relpath(path, folder) for path in files[number::count])
        text = "".join(f'#include "{path}"\n' for path in own)
        unit = folder / f"unit_{number}.cu"
        write_if_different(unit, text.encode())
        units.append(unit)
    return units
