"""What of PyTorch a program uses: the reviewed file ``operators.yaml``, and how to compare two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from buildkit.errors import RecipeError
from buildkit.files import atomic_writer

DIRECT = "direct"
NESTED = "nested"

BINDING_GROUPS = ("torch", "Tensor", "nn", "fft", "linalg", "special", "sparse", "nested")
"""Python namespaces that torchgen writes bindings for; ``nn`` is ``torch._C._nn``."""

MODULE_GROUPS = ("executed", "imported")

_HEADER = """\
# What of PyTorch the program, openai-whisper and the tests use.
#
# Written by `make trace` from runs on stock PyTorch: of the version that is built, and (with --add)
# of the newest. The names of operators are those of the version that is built.
# Review a change before it is committed: an operator that is not listed is not built, and one that
# is listed costs bytes.
#
# operators: with the types of their tensors; `direct` ones were called by Python, `nested` ones
#   only by other operators; `sparse` ones met a sparse tensor.
# bindings: functions, methods and attributes that torchgen gives Python.
# extension: other functions of the module torch._C, and methods of its types.
# modules: torch's Python modules with a function that ran, and those that were imported meanwhile.
"""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One overload of an operator.

    Attributes
    ----------
    name : str
        With name space and overload, as in ``native_functions.yaml``: ``aten::add.Tensor``.
    dtypes : tuple of str
        Scalar types of its tensors, arguments and results: ``Float``, ``Half``; sorted.
    call : str
        ``direct`` when Python called it, ``nested`` when only other operators did.
    sparse : bool
        Whether one of its tensors was sparse, which needs a kernel of its own.
    """

    name: str
    dtypes: tuple[str, ...] = ()
    call: str = DIRECT
    sparse: bool = False


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What of PyTorch is used.

    Attributes
    ----------
    operators : tuple of Operator
        Sorted by name.
    bindings : mapping of str to tuple of str
        Names by namespace, see `BINDING_GROUPS`.
    extension : tuple of str
        What else of ``torch._C`` was called: ``_get_tracing_state``, ``Generator.manual_seed``.
    modules : mapping of str to tuple of str
        Names of Python modules under ``executed`` and ``imported``.
    """

    operators: tuple[Operator, ...] = ()
    bindings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extension: tuple[str, ...] = ()
    modules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def merge(parts: Iterable[Selection]) -> Selection:
    """Return what any of the parts uses."""
    dtypes: dict[str, set[str]] = {}
    direct: set[str] = set()
    sparse: set[str] = set()
    bindings: dict[str, set[str]] = {}
    modules: dict[str, set[str]] = {}
    extension: set[str] = set()
    for part in parts:
        for operator in part.operators:
            dtypes.setdefault(operator.name, set()).update(operator.dtypes)
            if operator.call == DIRECT:
                direct.add(operator.name)
            if operator.sparse:
                sparse.add(operator.name)
        for target, source in ((bindings, part.bindings), (modules, part.modules)):
            for group, names in source.items():
                target.setdefault(group, set()).update(names)
        extension.update(part.extension)
    # A module that ran need not be named a second time.
    modules.get("imported", set()).difference_update(modules.get("executed", set()))
    return Selection(
        operators=tuple(
            Operator(
                name=name,
                dtypes=tuple(sorted(dtypes[name])),
                call=DIRECT if name in direct else NESTED,
                sparse=name in sparse,
            )
            for name in sorted(dtypes)
        ),
        bindings={group: tuple(sorted(names)) for group, names in bindings.items() if names},
        extension=tuple(sorted(extension)),
        modules={group: tuple(sorted(names)) for group, names in modules.items() if names},
    )


def missing(fresh: Selection, reviewed: Selection) -> list[str]:
    """Return what `fresh` needs and `reviewed` lacks, one readable line each.

    Imported modules and calls into the rest of ``torch._C`` hang on PyTorch's version and on what
    was imported before, so that they don't count.

    Parameters
    ----------
    fresh : Selection
        What a new trace found.
    reviewed : Selection
        What the build takes from ``operators.yaml``.
    """
    known = {operator.name: operator for operator in reviewed.operators}
    lines = []
    for operator in fresh.operators:
        if operator.name not in known:
            lines.append(f"operator {operator.name} ({', '.join(operator.dtypes)})")
            continue
        lines += [
            f"operator {operator.name} for {dtype}"
            for dtype in operator.dtypes
            if dtype not in known[operator.name].dtypes
        ]
        if operator.call == DIRECT and known[operator.name].call != DIRECT:
            lines.append(f"operator {operator.name} called by Python")
        if operator.sparse and not known[operator.name].sparse:
            lines.append(f"operator {operator.name} on sparse tensors")
    for group, names in fresh.bindings.items():
        present = reviewed.bindings.get(group, ())
        lines += [f"binding {group}.{name}" for name in names if name not in present]
    executed = reviewed.modules.get("executed", ())
    lines += [
        f"module {name}" for name in fresh.modules.get("executed", ()) if name not in executed
    ]
    return lines


def read_operators(path: Path) -> Selection:
    """Read a file that `write_operators` wrote, perhaps edited since.

    Raises
    ------
    RecipeError
        When it cannot be read or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _wrong(path, str(error)) from error
    if not isinstance(content, dict):
        raise _wrong(path, "it is not a mapping")
    if unknown := content.keys() - {"operators", "bindings", "extension", "modules"}:
        raise _wrong(path, f"{min(map(str, unknown))} is no part of it")
    operators = content.get("operators") or []
    if not isinstance(operators, list):
        raise _wrong(path, "operators is not a list")
    read = tuple(_operator(entry, path) for entry in operators)
    if len({operator.name for operator in read}) != len(read):
        raise _wrong(path, "an operator is listed twice")
    return Selection(
        operators=tuple(sorted(read, key=lambda operator: operator.name)),
        bindings=_groups(content.get("bindings"), BINDING_GROUPS, "bindings", path),
        extension=_names(content.get("extension") or [], "extension", path),
        modules=_groups(content.get("modules"), MODULE_GROUPS, "modules", path),
    )


def write_operators(path: Path, selection: Selection) -> None:
    """Write a selection; the same selection gives the same bytes.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    lines = [_HEADER, "operators:"]
    lines += [
        f"- {{name: {_text(operator.name)}, dtypes: [{', '.join(sorted(operator.dtypes))}], "
        f"call: {operator.call}{', sparse: true' if operator.sparse else ''}}}"
        for operator in sorted(selection.operators, key=lambda operator: operator.name)
    ]
    lines += ["", "bindings:", *_group_lines(selection.bindings, BINDING_GROUPS)]
    lines += ["", "extension:", *(f"- {_text(name)}" for name in sorted(selection.extension))]
    lines += ["", "modules:", *_group_lines(selection.modules, MODULE_GROUPS)]
    with atomic_writer(path) as stream:
        stream.write(("\n".join(lines) + "\n").encode())


def _group_lines(groups: Mapping[str, tuple[str, ...]], order: tuple[str, ...]) -> list[str]:
    lines = []
    for group in order:
        if groups.get(group):
            lines.append(f"  {group}:")
            lines += [f"  - {_text(name)}" for name in sorted(groups[group])]
    return lines


def _text(name: str) -> str:
    """Return `name` so that YAML reads a string, and not a number or a boolean."""
    return name if yaml.safe_load(f"[{name}]") == [name] else f'"{name}"'


def _operator(entry: Any, path: Path) -> Operator:
    if not isinstance(entry, dict) or entry.keys() - {"sparse"} != {"name", "dtypes", "call"}:
        raise _wrong(path, f"{str(entry)[:80]} is not an operator with name, dtypes and call")
    name, call, sparse = entry["name"], entry["call"], entry.get("sparse", False)
    if not isinstance(name, str) or "::" not in name or call not in (DIRECT, NESTED):
        raise _wrong(path, f"{str(entry)[:80]} has no valid name or call")
    if not isinstance(sparse, bool):
        raise _wrong(path, f"sparse of {name} is neither true nor false")
    return Operator(name=name, dtypes=_names(entry["dtypes"], name, path), call=call, sparse=sparse)


def _groups(
    content: Any, known: tuple[str, ...], where: str, path: Path
) -> dict[str, tuple[str, ...]]:
    if content is None:
        return {}
    if not isinstance(content, dict) or not content.keys() <= set(known):
        raise _wrong(path, f"{where} has other parts than {', '.join(known)}")
    return {group: _names(names, f"{where}.{group}", path) for group, names in content.items()}


def _names(content: Any, where: str, path: Path) -> tuple[str, ...]:
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise _wrong(path, f"{where} is not a list of names")
    return tuple(sorted(set(content)))


def _wrong(path: Path, reason: str) -> RecipeError:
    return RecipeError(f"{path} is not a list of operators: {reason}", "make it again with a trace")
