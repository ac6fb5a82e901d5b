"""Run PyTorch's own code generators for a selection of operators; `generate.py` starts this.

A program of its own, because the generators (torchgen and tools.autograd) are imported from the
unpacked source of PyTorch, of which there is one for each version. It patches what the
generators offer no option for, each patch where its reason is given.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any


def main() -> None:
    """Read the request of `generate.py` from standard input and write the files."""
    request = json.load(sys.stdin)
    source, generated = Path(request["source"]), Path(request["generated"])
    sys.path.insert(0, str(source))
    operators = frozenset(request["operators"])
    bindings = {kind: frozenset(names) for kind, names in request["bindings"].items()}
    kernels = list_kernels(source, operators, request["back_ends"])
    (generated / "kernels.json").write_text(json.dumps(kernels, indent=1) + "\n")
    generate_aten(source, generated, Path(request["yaml"]), request["back_ends"])
    generate_bindings(source, generated, operators, bindings)


def list_kernels(
    source: Path, operators: frozenset[str], back_ends: dict[str, list[str] | None]
) -> dict[str, list[str]]:
    """Return the C++ functions behind each operator, by its name with overload.

    A structured kernel is written ``NAME`` for ``TORCH_IMPL_FUNC(NAME)``, with its shape function
    as ``meta NAME``.

    Raises
    ------
    ValueError
        When the source has no such operator.
    """
    from torchgen import gen, model  # noqa: PLC0415 - from the source of PyTorch

    native = source / "aten/src/ATen/native"
    parsed = gen.parse_native_yaml(str(native / "native_functions.yaml"), str(native / "tags.yaml"))
    functions = {str(f.func.name): f for f in parsed.native_functions}
    unknown = sorted(operators - functions.keys())
    if unknown:
        raise ValueError(f"this version of PyTorch has no operator {', '.join(unknown)}")
    keys = [
        model.DispatchKey.CompositeImplicitAutograd,
        model.DispatchKey.CompositeExplicitAutograd,
        model.DispatchKey.CompositeExplicitAutogradNonFunctional,
        *(model.DispatchKey.parse(name) for name in back_ends),
    ]
    kernels: dict[str, list[str]] = {}
    for name in sorted(operators):
        function = functions[name]
        found = set()
        if function.structured_delegate is not None:
            function = functions[str(function.structured_delegate)]
        if function.structured:
            # The two macros write an overload as another argument or after an underscore.
            found.add(f"meta {function.func.name.name!s}")
        for key in keys:
            metadata = parsed.backend_indices[key].get_kernel(function)
            limited = back_ends.get(str(key))
            if metadata is not None and (limited is None or name in limited):
                found.add(metadata.kernel)
        kernels[name] = sorted(found)
    return kernels


def generate_aten(
    source: Path, generated: Path, selection: Path, back_ends: dict[str, list[str] | None]
) -> None:
    """Write the headers of all operators, and the registrations of the selected ones.

    The headers stay whole: ATen's own files include those of operators that they mention and
    that are never called. Unused declarations cost no byte of the result.

    Parameters
    ----------
    back_ends : dict
        Dispatch keys to register kernels for; a list limits the key to these operators.
    """
    from torchgen import gen  # noqa: PLC0415 - from the source of PyTorch

    whole = gen.parse_native_yaml

    def parse(*arguments: Any, **options: Any) -> Any:
        parsed = whole(*arguments, **options)
        indices = dict(parsed.backend_indices)
        for key, index in indices.items():
            wanted = back_ends.get(str(key))
            if wanted is not None:
                kept = {name: kernel for name, kernel in index.index.items() if str(name) in wanted}
                indices[key] = replace(index, index=kept)
        return parsed._replace(backend_indices=indices)

    gen.parse_native_yaml = parse
    root = generated / "aten/src/ATen"
    sys.argv = [
        "torchgen",
        *("--source-path", str(source / "aten/src/ATen"), "--install-dir", str(root)),
        *("--aoti-install-dir", str(generated / "unused")),
        *("--per-operator-headers", "--op-selection-yaml-path", str(selection)),
        *("--backend-whitelist", *back_ends),
        *("--generate", "headers", "sources"),
    ]
    gen.main()


def generate_bindings(
    source: Path, generated: Path, operators: frozenset[str], bindings: dict[str, frozenset[str]]
) -> None:
    """Write the Python bindings of the selected functions, and the headers of autograd.

    Parameters
    ----------
    operators : frozenset of str
        Names with overloads, without ``aten::``.
    bindings : dict
        Names of Python functions by kind: ``torch``, ``Tensor`` and ``nn``.
    """
    from tools.autograd import (  # noqa: PLC0415 - from the source of PyTorch
        gen_autograd_functions,
        gen_python_functions,
        gen_variable_factories,
        gen_variable_type,
        gen_view_funcs,
        load_derivatives,
    )

    native = str(source / "aten/src/ATen/native/native_functions.yaml")
    tags = str(source / "aten/src/ATen/native/tags.yaml")
    autograd = source / "tools/autograd"
    templates = str(autograd / "templates")
    output = generated / "torch/csrc/autograd/generated"
    output.mkdir(parents=True, exist_ok=True)

    # variable.cpp mentions the derivative of as_strided, for views that a training step changes.
    derivatives, keys = load_derivatives.load_derivatives(
        str(autograd / "derivatives.yaml"), native, tags
    )
    strided = {
        schema: {key: info for key, info in infos.items() if info.name == "as_strided"}
        for schema, infos in derivatives.items()
        if any(info.name == "as_strided" for info in infos.values())
    }
    gen_autograd_functions.gen_autograd_functions_lib(str(output), strided, templates)
    gen_view_funcs.gen_view_funcs(str(output), [], templates)
    gen_variable_type.gen_variable_type(str(output), native, tags, [], templates, keys)
    gen_variable_factories.gen_variable_factories(str(output), native, tags, templates)

    required = referenced_bindings(autograd / "templates/python_variable_methods.cpp")
    may_bind = gen_python_functions.should_generate_py_binding

    def is_wanted(function: Any) -> bool:
        name = str(function.func.name.name)
        if not may_bind(function):
            return False
        if name in required and not function.func.is_out_fn():
            return True
        kind = "nn" if function.python_module == "nn" else "torch"
        named = name in bindings[kind] or (kind == "torch" and name in bindings["Tensor"])
        # What has no dispatch is called without passing the dispatcher, where a trace listens.
        return named and (function.manual_cpp_binding or str(function.func.name) in operators)

    gen_python_functions.should_generate_py_binding = is_wanted
    # Deprecated orders of arguments are for programs written for PyTorch 1.4 and older.
    deprecated = generated / "deprecated.yaml"
    deprecated.write_text("[]\n")
    gen_python_functions.gen(str(output), native, tags, str(deprecated), templates)


def referenced_bindings(template: Path) -> frozenset[str]:
    """Return the names of bindings that a template's table mentions and does not define.

    They are the operators behind Python's number protocol, ``a + b`` and the like: the template
    does not compile without them.
    """
    text = template.read_text()
    mentioned = set(re.findall(r"THPVariable_(\w+)", text))
    defined = set(re.findall(r"^(?:static )?PyObject ?\* ?THPVariable_(\w+)\(", text, re.MULTILINE))
    return frozenset(mentioned - defined)


if __name__ == "__main__":
    main()
