"""Compile the add-on's units: kernels with nvcc, the rest with the processor's compiler."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import HOUR, run
from buildkit.errors import ToolError
from buildkit.files import write_if_different
from buildkit.toolchain import Toolchain
from torch_build.compile import ccache_settings
from torch_build.cuda.generate import Units
from torch_build.cuda.toolkit import Toolkit
from torch_build.recipe import RECIPE

ARCHITECTURES = ("70", "75", "80", "86", "89", "90")
"""Compute capabilities with machine code of their own, without the dot."""

NEWER = "90"
"""The capability whose intermediate code the driver compiles for processors newer than all."""

_ONLY = {
    "products_sm70.cu": ("70",),
    "products_sm75.cu": ("75",),
    # Of one family: what is compiled for 8.0 runs on 8.6 and 8.9 too.
    "products_sm80.cu": ("80", "90"),
}
"""Units for some architectures alone: each has tensor cores of its own."""

_DEFINITIONS = (
    "AT_PER_OPERATOR_HEADERS",
    "TEMPLATE_SELECTIVE_BUILD",
    "USE_CUDA",
    "FMT_HEADER_ONLY=1",
    "_FILE_OFFSET_BITS=64",
    "NDEBUG",
    # What upstream defines, so that its own copy of CUB meets no other.
    "CUB_WRAPPED_NAMESPACE=at_cuda_detail",
    # As upstream: kernels convert half precision where they mean to.
    "__CUDA_NO_HALF_OPERATORS__",
    "__CUDA_NO_HALF_CONVERSIONS__",
    "__CUDA_NO_HALF2_OPERATORS__",
    "__CUDA_NO_BFLOAT16_CONVERSIONS__",
)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where the compiler finds what units include.

    Attributes
    ----------
    sources : Path
        The folder with a tree for each pinned source.
    generated : Path
        What `generate` wrote.
    cutlass : Path
        CUTLASS's headers.
    python : Path
        Python's headers.
    """

    sources: Path
    generated: Path
    cutlass: Path
    python: Path

    def own(self) -> tuple[Path, ...]:
        """Return the folders of what is compiled; those in front win."""
        pytorch = self.sources / "pytorch"
        return (
            RECIPE / "cuda/native",
            RECIPE / "native/include",
            self.generated,
            self.generated / "aten/src",
            pytorch,
            pytorch / "aten/src",
            pytorch / "torch/csrc/api/include",
        )

    def others(self) -> tuple[Path, ...]:
        """Return the folders of other libraries."""
        return (
            self.sources / "fmt/include",
            self.sources / "pybind11/pybind11/include",
            self.cutlass,
            self.python,
        )


def compile_units(
    units: Units,
    places: Places,
    build: Path,
    *,
    tools: Toolchain,
    toolkit: Toolkit,
    cache: Path,
    architectures: Sequence[str] = ARCHITECTURES,
) -> list[Path]:
    """Compile everything.

    Parameters
    ----------
    units : Units
        The sources.
    places : Places
        What they include.
    build : Path
        The folder for the objects.
    cache : Path
        A folder that outlives the checkout, for ccache.
    architectures : sequence of str
        Compute capabilities to compile kernels for.

    Returns
    -------
    list of Path
        The objects, in the order of the units.

    Raises
    ------
    ToolError
        When a compiler fails.
    """
    build.mkdir(parents=True, exist_ok=True)
    objects, lines = [], _rules(places, tools, toolkit)
    for kind, paths in (("device", units.device), ("host", units.host)):
        for path in paths:
            target = build / f"{_name(path, places)}.o"
            objects.append(target)
            lines.append(f"build {target}: {kind} {path}")
            if kind == "device":
                chosen = _ONLY.get(path.name, tuple(architectures))
                lines.append(f"  architectures = {' '.join(_code(chosen))}")
    write_if_different(build / "build.ninja", ("\n".join(lines) + "\n").encode())
    settings = ccache_settings(build, cache)
    words = ["env", *(f"{k}={v}" for k, v in {**tools.environment, **settings}.items())]
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    if run([*words, tools.ninja, "-C", build, jobs, "-k0"], limit=4 * HOUR):
        raise ToolError(
            "the compiler failed, its own message is above",
            "mend that, then give the same command again: what is compiled already stays",
        )
    return objects


def _rules(places: Places, tools: Toolchain, toolkit: Toolkit) -> list[str]:
    device, host = _device_flags(tools, toolkit), _host_flags(tools, toolkit)
    definitions = [f"-D{name}" for name in _DEFINITIONS]
    includes = [f"-I{path}" for path in places.own()]
    includes += [word for path in places.others() for word in ("-isystem", str(path))]
    common = " ".join([*definitions, *includes])
    prefixes = {path: f"/{path.name}" for path in (places.generated, places.sources, RECIPE)}
    renamed = [f"-ffile-prefix-map={path}={name}" for path, name in prefixes.items()]
    return [
        "rule device",
        f"  command = {tools.ccache} {toolkit.nvcc} {' '.join(device)} {common} $architectures "
        f"{_for_host(renamed)} -MD -MF $out.d -c $in -o $out",
        "  depfile = $out.d",
        "  deps = gcc",
        "rule host",
        f"  command = {tools.ccache} {tools.cxx} {' '.join(host)} {' '.join(renamed)} {common} "
        "-MD -MF $out.d -c $in -o $out",
        "  depfile = $out.d",
        "  deps = gcc",
    ]


def _device_flags(tools: Toolchain, toolkit: Toolkit) -> list[str]:
    sysroot = tools.sysroot.root
    library = sysroot / "usr/include/c++/10"
    machine = sysroot / "usr/include/x86_64-linux-gnu/c++/10"
    host = [
        "-fPIC",
        "-fvisibility=hidden",
        "-fvisibility-inlines-hidden",
        "-ffunction-sections",
        "-fdata-sections",
        "-w",
        # It only starts kernels.
        "-O1",
        # The C++ library of the system to compile for, in place of this compiler's own.
        f"--sysroot={sysroot}",
        "-nostdinc++",
        *(f"-isystem{path}" for path in (library, machine, library / "backward")),
    ]
    return [
        f"-ccbin={toolkit.host_compiler}",
        "-std=c++17",
        "-O3",
        "-w",
        "--expt-relaxed-constexpr",
        "--expt-extended-lambda",
        # nvcc's own compression leaves xz two and a half times as much of the whole.
        "--no-compress",
        _for_host(host),
    ]


def _for_host(flags: Iterable[str]) -> str:
    return " ".join(f"-Xcompiler={flag}" for flag in flags)


def _host_flags(tools: Toolchain, toolkit: Toolkit) -> list[str]:
    return [
        *tools.sysroot.flags,
        "-std=c++17",
        "-Os",
        # Names of some templates are written in another way since 18, and nvcc's compiler has the
        # old one. torch/_C, with the new, does not have these; TensorMethods.cpp is compiled again.
        "-fclang-abi-compat=17",
        "-w",
        "-fPIC",
        "-fvisibility=hidden",
        "-fvisibility-inlines-hidden",
        "-ffunction-sections",
        "-fdata-sections",
        "-isystem",
        str(toolkit.include),
    ]


def _code(architectures: Sequence[str]) -> list[str]:
    """Return nvcc's options for the architectures of a unit."""
    codes = {one: [f"sm_{one}"] for one in architectures}
    if NEWER in codes:
        codes[NEWER].append(f"compute_{NEWER}")
    return [f"-gencode=arch=compute_{one},code=[{','.join(codes[one])}]" for one in codes]


def _name(path: Path, places: Places) -> str:
    """Return a name for a unit's object that is the same wherever the checkout lies."""
    roots: Mapping[str, Path] = {
        "generated": places.generated,
        "native": RECIPE / "cuda/native",
        "core": RECIPE / "native",
    }
    for name, root in roots.items():
        if path.is_relative_to(root):
            return f"{name}/{path.relative_to(root)}"
    return str(path.relative_to(places.sources))
