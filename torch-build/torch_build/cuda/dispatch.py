"""Narrow ATen's dispatch over tensor types to those that a kernel is selected for.

The processor's build leaves types out by a condition that the compiler evaluates
(`torch_build.kernel_dtypes`). nvcc compiles the kernels behind such a condition all the same: it
collects them before. So the lists of types are cut in copies of the sources. A call such as
``AT_DISPATCH_FLOATING_TYPES_AND2(kHalf, kBFloat16, type, "gelu", lambda)`` becomes
``AT_DISPATCH_SWITCH(type, "gelu", AT_DISPATCH_CASE(at::ScalarType::Half, lambda) ...)``, whose
last case raises upstream's error, which names the kernel and the type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from buildkit.errors import RecipeError

_INTEGRAL = ("Byte", "Char", "Int", "Long", "Short")
_FLOATING = ("Double", "Float")
_COMPLEX = ("ComplexDouble", "ComplexFloat")

GROUPS = {
    "ALL_TYPES_AND_COMPLEX": (*_INTEGRAL, *_FLOATING, *_COMPLEX),
    "FLOATING_AND_COMPLEX_TYPES": (*_FLOATING, *_COMPLEX),
    "ALL_TYPES": (*_INTEGRAL, *_FLOATING),
    "INTEGRAL_TYPES": _INTEGRAL,
    "FLOATING_TYPES": _FLOATING,
    "COMPLEX_TYPES": _COMPLEX,
    "FLOAT8_TYPES": (),
    "BAREBONES_UNSIGNED_TYPES": (),
}
"""Types by the words in the macros' names, as ``ATen/Dispatch.h`` and ``Dispatch_v2.h`` have them.

None of the 8-bit and unsigned ones is ever selected.
"""

_GROUP = "|".join(GROUPS)
_CALL = re.compile(rf"\bAT_DISPATCH_(?:(CASE_)?({_GROUP})(_AND(?:_HALF|\d?))?|(V2)|(CASE))\(")
_QUANTIZED = re.compile(r"\bAT_DISPATCH_(QINT|BIT)\w*\(")
_SWITCH = re.compile(r"\bAT_DISPATCH_SWITCH\(")
_TYPE = re.compile(r"^(?:(?:at|c10)::)?(?:ScalarType::|k)(\w+)$")
_SKIPPED = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])\'', re.DOTALL)
"""What has commas and parentheses that are none: comments, strings and characters."""

Choose = Callable[[str], Iterable[str]]
"""Returns the types, by ATen's names, for a kernel's tag; the tag is empty where the source has a
variable in its place."""


def narrow(text: str, choose: Choose) -> str:
    """Return the C++ source `text` with every dispatch cut to the types that `choose` returns.

    Raises
    ------
    RecipeError
        When a dispatch has a form that is not known.
    """
    text = _replace_calls(text, _QUANTIZED, lambda match, arguments, tag: _no_cases(arguments))

    def rewrite(match: re.Match[str], arguments: list[str], tag: str) -> str:
        return _rewritten(match, arguments, choose, tag)

    return _replace_calls(text, _CALL, rewrite)


def _rewritten(match: re.Match[str], arguments: list[str], choose: Choose, enclosing: str) -> str:
    in_switch, group, more, version_two, one_case = match.groups()
    if version_two:
        kind, name, wrapped, *types = arguments
        chosen = _chosen(choose, _tag(name), _listed(types))
        cases = _cases(chosen, wrapped.strip().removeprefix("AT_WRAP(").removesuffix(")"))
        return f"AT_DISPATCH_SWITCH({kind}, {name}, {cases})"
    if one_case:
        kind, *body = arguments
        name = _type_name(kind)
        return _cases([name] if name in set(choose(enclosing)) else [], ",".join(body))
    added = {"": 0, "_AND_HALF": 0, "_AND": 1}.get(more or "")
    count = int((more or "0")[-1]) if added is None else added
    allowed = [*GROUPS[group], *map(_type_name, arguments[:count])]
    if more == "_AND_HALF":
        allowed.append("Half")
    if in_switch:
        return _cases(_chosen(choose, enclosing, allowed), ",".join(arguments[count:]))
    kind, name, *body = arguments[count:]
    cases = _cases(_chosen(choose, _tag(name), allowed), ",".join(body))
    return f"AT_DISPATCH_SWITCH({kind}, {name}, {cases})"


def _no_cases(arguments: Sequence[str]) -> str:
    kind, name, *_ = arguments
    return f"AT_DISPATCH_SWITCH({kind}, {name}, )"


def _chosen(choose: Choose, tag: str, allowed: Iterable[str]) -> list[str]:
    chosen = set(choose(tag))
    return [name for name in dict.fromkeys(allowed) if name in chosen]


def _cases(types: Iterable[str], body: str) -> str:
    return " ".join(f"AT_DISPATCH_CASE(at::ScalarType::{name}, {body})" for name in types)


def _listed(arguments: Iterable[str]) -> list[str]:
    """Return the types that the end of a call of version two lists."""
    types: list[str] = []
    for argument in arguments:
        group = re.fullmatch(r"AT_EXPAND\(AT_(\w+)\)", argument.strip())
        if group:
            types += GROUPS[group[1]]
        else:
            types.append(_type_name(argument))
    return types


def _type_name(argument: str) -> str:
    match = _TYPE.match(argument.strip())
    if not match:
        raise RecipeError(
            f"a dispatch of PyTorch's names the type {argument.strip()!r}",
            "teach torch_build/cuda/dispatch.py that form",
        )
    return match[1]


def _tag(argument: str) -> str:
    match = re.fullmatch(r'\s*"([^"]*)"\s*', argument)
    return match[1] if match else ""


def _replace_calls(
    text: str,
    pattern: re.Pattern[str],
    replacement: Callable[[re.Match[str], list[str], str], str],
) -> str:
    """Replace each call that `pattern` finds, the innermost first.

    The callable is given the match, the arguments, and the tag of the switch around it.
    """
    for match in reversed(list(pattern.finditer(text))):
        arguments, close = split_arguments(text, match.end())
        tag = _switch_around(text, match.start())
        text = text[: match.start()] + replacement(match, arguments, tag) + text[close:]
    return text


def _switch_around(text: str, position: int) -> str:
    """Return the tag of the innermost ``AT_DISPATCH_SWITCH`` around a position, or nothing."""
    for match in reversed(list(_SWITCH.finditer(text, 0, position))):
        arguments, close = split_arguments(text, match.end())
        if close > position:
            return _tag(arguments[1])
    return ""


def split_arguments(text: str, start: int) -> tuple[list[str], int]:
    """Cut the arguments of a macro's call at its commas, as the preprocessor does.

    Parameters
    ----------
    text : str
        A C++ source.
    start : int
        The position after the opening parenthesis.

    Returns
    -------
    list of str
        The arguments. Only parentheses hold commas together; braces do not.
    int
        The position after the closing parenthesis.

    Raises
    ------
    RecipeError
        When the parenthesis is not closed.
    """
    arguments: list[str] = []
    depth, begin, position = 0, start, start
    while position < len(text):
        found = _SKIPPED.match(text, position)
        if found:
            position = found.end()
            continue
        character = text[position]
        if character == "(":
            depth += 1
        elif character == ")" and depth:
            depth -= 1
        elif character == ")":
            return [*arguments, text[begin:position]], position + 1
        elif character == "," and not depth:
            arguments.append(text[begin:position])
            begin = position + 1
        position += 1
    raise RecipeError("a macro's call in PyTorch's source is not closed")
