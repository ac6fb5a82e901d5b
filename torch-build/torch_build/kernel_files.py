"""Find the source files that define the kernels of the selected operators.

ATen has a file for a family of kernels, not for each, and two layers: ``native/*.cpp`` has the
functions that the registrations name, and ``native/cpu/*.cpp``, compiled once for each CPU
capability, has the loops behind the stubs that those functions call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import RecipeError

_NATIVE = "aten/src/ATen/native"

_FUNCTION = re.compile(r"^(?![\s#/]|return|TORCH_|TEST)[^\n;=(]*?\b(\w+)\s*\(", re.MULTILINE)
_REGISTERED = re.compile(
    r"\b(?:ALSO_)?REGISTER(?:_NO)?(?:_AVX512)?(?:_CPU)?_DISPATCH\(\s*(?:\w+::)*(\w+)"
)


@dataclass(frozen=True, kw_only=True)
class KernelFiles:
    """Paths relative to the source of PyTorch, sorted."""

    native: tuple[str, ...]
    """Compiled once."""
    capability: tuple[str, ...]
    """Compiled once for each CPU capability."""
    undefined: tuple[str, ...]
    """Kernels that no file was found for: most of them are in generated code, for tests to see."""


def find_kernel_files(
    source: Path,
    kernels: Mapping[str, Iterable[str]],
    *,
    extra: Iterable[str] = (),
    without: Iterable[str] = (),
) -> KernelFiles:
    """Find the files for `kernels`.

    Parameters
    ----------
    source : Path
        The source of PyTorch.
    kernels : mapping of str to iterable of str
        C++ functions by operator, from the generators.
    extra : iterable of str
        Further files of ``native``, whose stubs count too.
    without : iterable of str
        Files that do not count though they define a function of that name.

    Raises
    ------
    RecipeError
        When an extra file does not exist.
    """
    wanted = {name for names in kernels.values() for name in names}
    texts = {
        str(path.relative_to(source)): path.read_text(errors="replace")
        for path in sorted((source / _NATIVE).rglob("*.cpp"))
        if _is_for_cpu(path.relative_to(source / _NATIVE))
    }
    files: set[str] = set(extra)
    absent = sorted(files - texts.keys())
    if absent:
        raise RecipeError(f"PyTorch's source has no {absent[0]}", "mend selection.toml")
    left_out = set(without)
    seen: set[str] = set()
    for path, text in texts.items():
        if path in left_out or path.startswith(f"{_NATIVE}/cpu/"):
            continue
        names = defined_functions(text) & wanted
        if names:
            files.add(path)
            seen |= names
    stubs = {stub for path in files for stub in defined_stubs(texts[path])}
    capability = {
        path
        for path, text in texts.items()
        if path.startswith(f"{_NATIVE}/cpu/") and registered_stubs(text) & stubs
    }
    return KernelFiles(
        native=tuple(sorted(files - capability)),
        capability=tuple(sorted(capability)),
        undefined=tuple(sorted(wanted - seen)),
    )


def defined_functions(text: str) -> set[str]:
    """Return the names of functions that the C++ source `text` defines at its outer level.

    Names are those of `list_kernels`: ``meta NAME`` for the shape function of a structured
    kernel. ATen's files do not indent what is in a namespace.
    """
    names = set(re.findall(r"^TORCH_IMPL_FUNC\((\w+)\)", text, re.MULTILINE))
    shape = r"^TORCH_(?:PRECOMPUTE_)?META_FUNC2?\((\w+)"
    names |= {f"meta {name}" for name in re.findall(shape, text, re.MULTILINE)}
    for found in _FUNCTION.finditer(text):
        if _is_definition(text, found.end()):
            names.add(found.group(1))
    return names


def defined_stubs(text: str) -> set[str]:
    """Return the names of the dispatch stubs that `text` defines."""
    return set(re.findall(r"^\s*DEFINE_DISPATCH\((?:\w+::)*(\w+)\)", text, re.MULTILINE))


def registered_stubs(text: str) -> set[str]:
    """Return the names of the dispatch stubs that `text` registers kernels for."""
    return set(_REGISTERED.findall(text))


def _is_definition(text: str, start: int) -> bool:
    """Tell whether the parenthesis that opened before `start` closes before a body."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return re.match(r"\s*(?:const\s*)?(?:noexcept\s*)?\{", text[position + 1 :]) is not None
    return False


def _is_for_cpu(path: Path) -> bool:
    """Tell whether a file below ``native`` can be compiled for the CPU alone."""
    elsewhere = {"cuda", "cudnn", "hip", "miopen", "mps", "xpu", "vulkan", "metal", "quantized"}
    elsewhere |= {"ao_sparse", "nested", "xnnpack", "nnapi", "kleidiai"}
    return not elsewhere & set(path.parts)
