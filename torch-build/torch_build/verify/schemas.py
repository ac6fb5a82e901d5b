"""The schemas of operators, as stock PyTorch has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A parameter of an operator.

    Attributes
    ----------
    kind : str
        Its type without the mark of an alias: ``Tensor``, ``Tensor?``, ``int[]``, ``Scalar``.
    required : bool
        Whether it has no default.
    written : bool
        Whether the operator changes it.
    """

    name: str
    kind: str
    required: bool
    keyword: bool
    written: bool


@dataclass(frozen=True, kw_only=True)
class Schema:
    """One overload of an operator.

    Attributes
    ----------
    operator, overload : str
        ``add`` and ``Tensor``; an overload without a name is the empty string.
    """

    operator: str
    overload: str
    parameters: tuple[Parameter, ...]

    @property
    def base(self) -> str:
        """The operator's name without the underscore of an in-place variant."""
        if self.operator.startswith("__"):
            return self.operator
        return self.operator.removesuffix("_")

    def has(self, name: str) -> bool:
        """Return whether there is a parameter of that name."""
        return any(parameter.name == name for parameter in self.parameters)


def read_schema(name: str) -> Schema:
    """Return the schema of an overload.

    Parameters
    ----------
    name : str
        As in ``operators.yaml``: ``aten::add.Tensor``.

    Raises
    ------
    LookupError
        When this build of PyTorch has no such overload.
    """
    operator, _, overload = name.removeprefix("aten::").partition(".")
    try:
        schema = torch._C._get_schema(f"aten::{operator}", overload)
    except RuntimeError as error:
        raise LookupError(f"the stock build has no operator {name}") from error
    return Schema(
        operator=operator,
        overload=overload,
        parameters=tuple(_parameter(argument) for argument in schema.arguments),
    )


def _parameter(argument: Any) -> Parameter:
    return Parameter(
        name=argument.name,
        kind=_kind(str(argument.real_type)),
        required=not argument.has_default_value(),
        keyword=argument.kwarg_only,
        written=argument.alias_info is not None and argument.alias_info.is_write,
    )


def _kind(text: str) -> str:
    for long in ("Optional", "List"):
        if text.startswith(f"{long}["):
            inner = _kind(text[len(long) + 1 : -1])
            return inner + ("?" if long == "Optional" else "[]")
    return {"number": "Scalar", "SymInt": "int"}.get(text, text)
