"""Generate PyTorch's C++ code for the selected operators, and the lists of files to compile."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from buildkit.capture import run_with_input
from buildkit.commands import last_line
from buildkit.errors import RecipeError, ToolError
from buildkit.files import write_if_different
from torch_build import kernel_dtypes
from torch_build.entry_points import entry_point_files
from torch_build.kernel_files import find_kernel_files
from torch_build.operators import Selection, read_operators
from torch_build.selection import Exceptions, expand, read_exceptions

VERSION = "2.6.0"

_CONFIGURATION = {
    "AT_MKLDNN_ENABLED": 0,
    "AT_MKLDNN_ACL_ENABLED": 0,
    "AT_MKL_ENABLED": 0,
    "AT_MKL_SEQUENTIAL": 0,
    "AT_POCKETFFT_ENABLED": 1,
    "AT_NNPACK_ENABLED": 0,
    "CAFFE2_STATIC_LINK_CUDA_INT": 0,
    # Single precision is OpenBLAS's all the same (edits.toml); others are ATen's own.
    "AT_BUILD_WITH_BLAS": 0,
    "AT_BUILD_WITH_LAPACK": 0,
    "AT_PARALLEL_OPENMP": 1,
    "AT_PARALLEL_NATIVE": 0,
    "AT_BLAS_F2C": 0,
    "AT_BLAS_USE_CBLAS_DOT": 0,
}
"""What ``ATen/Config.h`` says is there."""

_GENERATED_SOURCES = {
    "core": ("aten/src/ATen/core/TensorMethods.cpp", "aten/src/ATen/core/ATenOpList.cpp"),
    "registrations": (
        "aten/src/ATen/Functions.cpp",
        "aten/src/ATen/RegisterBackendSelect.cpp",
        "aten/src/ATen/RegisterCPU.cpp",
        "aten/src/ATen/RegisterSparseCPU.cpp",
        "aten/src/ATen/RegisterCompositeExplicitAutograd.cpp",
        "aten/src/ATen/RegisterCompositeExplicitAutogradNonFunctional.cpp",
        "aten/src/ATen/RegisterCompositeImplicitAutograd.cpp",
        "aten/src/ATen/RegisterSchema.cpp",
        "aten/src/ATen/UfuncCPU_add.cpp",
        "aten/src/ATen/CompositeViewCopyKernels.cpp",
    ),
    "bindings": (
        "torch/csrc/autograd/generated/Functions.cpp",
        "torch/csrc/autograd/generated/python_torch_functions_0.cpp",
        "torch/csrc/autograd/generated/python_torch_functions_1.cpp",
        "torch/csrc/autograd/generated/python_torch_functions_2.cpp",
        "torch/csrc/autograd/generated/python_variable_methods.cpp",
        "torch/csrc/autograd/generated/python_nn_functions.cpp",
        "torch/csrc/autograd/generated/python_return_types.cpp",
    ),
    "capability": ("aten/src/ATen/UfuncCPUKernel_add.cpp",),
}
"""Generated files to compile, by the list they join."""


def generate(source: Path, operators: Path, exceptions: Path, native: Path, output: Path) -> None:
    """Write all generated code below `output`, and ``files.cmake`` there.

    Parameters
    ----------
    source : Path
        The unpacked source of PyTorch.
    operators : Path
        ``operators.yaml``.
    exceptions : Path
        ``selection.toml``.
    native : Path
        The folder of our own C++ files.
    output : Path
        The folder to write to. A file whose content stays the same keeps its time, so that
        the compiler is not asked again.

    Raises
    ------
    ToolError
        When the operators or the lists do not fit the source.
    """
    selection, extra = read_operators(operators), read_exceptions(exceptions)
    output.mkdir(parents=True, exist_ok=True)
    _generate_selected(source, selection, extra, output)
    write_headers(source, output)
    _write_selected_types(source, selection, extra, output)
    lists = list_files(source, extra, output, native)
    for path in entry_point_files(output):
        # Written when the other objects tell what they call; CMake wants to see it before.
        if not path.exists():
            write_if_different(path, b"")
    text = "".join("\n  ".join((f"set({name}", *paths)) + ")\n" for name, paths in lists.items())
    write_if_different(output / "files.cmake", text.encode())


def _generate_selected(
    source: Path, selection: Selection, exceptions: Exceptions, output: Path
) -> None:
    names = [operator.name for operator in selection.operators]
    sparse = [o.name.removeprefix("aten::") for o in selection.operators if o.sparse]
    # Upstream's class of tensors gives Python's own methods, such as __neg__, other names.
    methods = re.findall(r"_C\.TensorBase\.(\w+)", (source / "torch/_tensor.py").read_text())
    bindings = {**selection.bindings, "Tensor": (*selection.bindings["Tensor"], *methods)}
    back_ends = {
        key: None if which == "all" else sparse for key, which in exceptions.back_ends.items()
    }
    run_generators(source, output, names, bindings=bindings, back_ends=back_ends)


def run_generators(
    source: Path,
    output: Path,
    names: Sequence[str],
    *,
    bindings: Mapping[str, Sequence[str]],
    back_ends: Mapping[str, Sequence[str] | None],
) -> None:
    """Run PyTorch's code generators for some operators.

    Parameters
    ----------
    source : Path
        The source of PyTorch.
    output : Path
        The folder to write to.
    names : sequence of str
        The operators, as in ``operators.yaml``.
    bindings : mapping of str to sequence of str
        Names of Python functions by kind: ``torch``, ``Tensor`` and ``nn``.
    back_ends : mapping of str to sequence of str or None
        Dispatch keys to register kernels for; a list limits the key to these operators.

    Raises
    ------
    ToolError
        When they fail.
    """
    selected = {
        name: {
            "is_root_operator": True,
            "is_used_for_training": True,
            "include_all_overloads": False,
        }
        for name in names
    }
    # JSON is YAML too.
    (output / "selected.yaml").write_text(json.dumps({"operators": selected}))
    request = {
        "source": str(source),
        "generated": str(output),
        "yaml": str(output / "selected.yaml"),
        "operators": [name.removeprefix("aten::") for name in names],
        "bindings": {kind: list(bound) for kind, bound in bindings.items()},
        "back_ends": back_ends,
    }
    driver = Path(__file__).with_name("torchgen_driver.py")
    code, printed = run_with_input([sys.executable, driver], json.dumps(request))
    if code:
        raise ToolError(f"PyTorch's code generators failed: {last_line(printed)}")


def _write_selected_types(
    source: Path, selection: Selection, exceptions: Exceptions, output: Path
) -> None:
    native = source / "aten/src/ATen/native"
    texts = [path.read_text(errors="replace") for path in sorted(native.rglob("*.cpp"))]
    chosen = kernel_dtypes.choose_dtypes(
        kernel_dtypes.find_tags(texts), selection.operators, exceptions.dtypes
    )
    header = kernel_dtypes.make_header(chosen)
    write_if_different(output / "aten/src/ATen/selected_mobile_ops.h", header.encode())


def write_headers(
    source: Path, output: Path, more: Mapping[str, Mapping[str, object]] | None = None
) -> None:
    """Write the headers that upstream's own build makes from templates.

    Parameters
    ----------
    source : Path
        The source of PyTorch.
    output : Path
        The folder of generated code.
    more : mapping, optional
        Values by the header's path, of headers beside those that every build has.
    """
    major, minor, patch = VERSION.split(".")
    headers: dict[str, Mapping[str, object]] = {
        "aten/src/ATen/Config.h": _CONFIGURATION,
        "c10/macros/cmake_macros.h": {},
        "caffe2/core/macros.h": {},
        "torch/csrc/api/include/torch/version.h": {
            "TORCH_VERSION_MAJOR": major,
            "TORCH_VERSION_MINOR": minor,
            "TORCH_VERSION_PATCH": patch,
        },
        **(more or {}),
    }
    for name, values in headers.items():
        template = (source / f"{name}.in").read_text()
        write_if_different(output / name, fill(template, values).encode())


def fill(template: str, values: Mapping[str, object]) -> str:
    """Fill a template of CMake: ``@NAME@`` with the value, ``${NAME}`` and undefined with nothing.

    Raises
    ------
    RecipeError
        When the template has a name that `values` lacks.
    """
    absent = set(re.findall(r"@(\w+)@", template)) - values.keys()
    if absent:
        raise RecipeError(f"no value for {min(absent)} of PyTorch's configuration")
    template = re.sub(r"@(\w+)@", lambda found: str(values[found.group(1)]), template)
    template = re.sub(r"^#cmakedefine .*$", "", template, flags=re.MULTILINE)
    return re.sub(r"\$\{\w+\}", "", template)


def list_files(
    source: Path, exceptions: Exceptions, generated: Path, native: Path
) -> dict[str, Sequence[str]]:
    """Return the absolute paths of the files to compile, by the name of CMake's list."""
    files = exceptions.files
    kernels = json.loads((generated / "kernels.json").read_text())
    found = find_kernel_files(
        source, kernels, extra=files["native"], without=files["native_without"]
    )
    made = {
        name: [str(generated / path) for path in paths]
        for name, paths in _GENERATED_SOURCES.items()
    }

    def upstream(paths: Sequence[str]) -> list[str]:
        return [str(source / path) for path in paths]

    core = expand(source, files["core"], (*files["core_without"], *files["fall_through"]))
    without = set(files["capability_without"])
    capability = upstream([path for path in found.capability if path not in without])
    capability += made["capability"]
    ours = sorted(str(path) for path in native.glob("*.cpp"))
    return {
        "CORE": upstream(core) + made["core"],
        "FALLTHROUGH": upstream(expand(source, files["fall_through"])),
        "ATEN_NATIVE": upstream(found.native),
        "REGISTRATIONS": made["registrations"],
        "BINDINGS": upstream(expand(source, files["bindings"])) + made["bindings"] + ours,
        "PLAIN": upstream(expand(source, files["plain"])),
        "WHISPER": sorted(str(path) for path in native.glob("whisper/*.cpp")),
        "WHISPER_KERNELS": sorted(str(path) for path in native.glob("whisper/kernels/*.cpp")),
        "OPERATORS": [str(path) for path in entry_point_files(generated)],
        "KERNELS_DEFAULT": capability,
        "KERNELS_AVX2": capability,
        "KERNELS_AVX512": [path for path in capability if _has_wide_kernels(Path(path))],
    }


def _has_wide_kernels(path: Path) -> bool:
    """Tell whether a file registers kernels for AVX-512: most run the ones for AVX2 there."""
    return re.search(r"\b(?:ALSO_)?REGISTER_AVX512_DISPATCH", path.read_text()) is not None
