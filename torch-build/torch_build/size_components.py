"""Which part of the wheel a file or an object file belongs to, by its path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Which component an object file or a file of the wheel belongs to.

    Attributes
    ----------
    component : str
        Name of the component.
    pattern : str
        Regular expression, found anywhere in the shortened path, whatever its case.
    """

    component: str
    pattern: str


OBJECT_RULES: tuple[Rule, ...] = (
    Rule(
        component="C++ runtime",
        pattern=r"^lib(stdc|supc)\+\+|^libgcc|^crt\w*\.o|^lib(c|m)(_\w+)?\.",
    ),
    Rule(component="OpenMP runtime", pattern=r"^libi?omp|openmp/runtime"),
    Rule(component="OpenBLAS", pattern=r"openblas"),
    Rule(component="SLEEF", pattern=r"sleef"),
    Rule(component="fmt", pattern=r"\bfmt(lib)?/|libfmt"),
    Rule(component="miniz", pattern=r"miniz"),
    # The same file is compiled once for each capability; upstream marks the copies so.
    Rule(component="kernels, AVX-512", pattern=r"avx512|avx_512"),
    Rule(component="kernels, AVX2", pattern=r"avx2"),
    Rule(component="kernels, baseline", pattern=r"\.default\.|native/cpu/|kernels_default"),
    Rule(component="registrations", pattern=r"\bRegister\w*\.cpp"),
    Rule(component="operators", pattern=r"\b(Operators|Functions|ATenOps)\w*\.cpp"),
    Rule(component="Python bindings", pattern=r"torch/csrc|\bpython_\w+\.cpp|\bbindings\b"),
    Rule(component="native functions", pattern=r"aten/native|ATen/native"),
    Rule(component="generated kernels", pattern=r"\b(Composite|Ufunc)\w*\.cpp"),
    Rule(component="c10", pattern=r"\bc10/"),
    Rule(component="ATen core", pattern=r"\bATen/|caffe2/"),
    Rule(component="own code", pattern=r"\btorch-build/|^native/"),
)
"""The first that fits counts. What fits none is reported as "other"."""

FILE_RULES: tuple[Rule, ...] = (
    Rule(component="OpenMP runtime", pattern=r"(^|/)libi?omp[^/]*\.so"),
    Rule(component="Python files", pattern=r"\.pyi?$"),
    Rule(component="description and licences", pattern=r"^[^/]+\.dist-info/"),
)
"""The same for the files beside the extension module."""

OTHER = "other"
"""What no rule fits."""


def shorten(path: str, roots: Sequence[Path] = ()) -> str:
    """Return an object file's path without the machine's folders and CMake's additions.

    CMake repeats a source file's whole path, without its first slash, below the folder of the
    target; the name of the target is kept. Of a path outside `roots` only the last part is.
    """
    # The longest first: a source tree lies within the checkout.
    for root in sorted((f"{root}/" for root in roots), key=len, reverse=True):
        if path.startswith(root):
            path = path.removeprefix(root)
        else:
            path = path.replace(f".dir{root}", ".dir/")
    # CMake puts a digest in place of a folder whose path is too long.
    path = re.sub(r"\.dir/[0-9a-f]{32}/", ".dir/", path)
    path = path.replace("/__/", "/").replace("CMakeFiles/", "").replace(".dir/", "/")
    # An absolute path may have a member of an archive behind it: /usr/lib/libx.a(folder/y.o).
    archive, bracket, member = path.partition("(")
    if archive.startswith("/"):
        archive = archive.rpartition("/")[2]
    return archive + bracket + member.rpartition("/")[2]


def component_of(name: str, rules: Sequence[Rule]) -> str:
    """Return the component that the first fitting rule gives to a path, else `OTHER`."""
    for rule in rules:
        if re.search(rule.pattern, name, flags=re.IGNORECASE):
            return rule.component
    return OTHER
