"""Check what an answer to an advisory rests on against what was built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from buildkit.capture import capture
from buildkit.components import Component
from buildkit.edits import Edit
from buildkit.errors import InputError, RecipeError
from native_build.advisories import IDENTIFIER, Advisory

_WORD = re.compile(r"[A-Za-z_]\w*")
_OPERATOR = re.compile(r"\bname: (aten::\w+)")


@dataclass(frozen=True, kw_only=True)
class BuildFacts:
    """What is known of a program that was built.

    Attributes
    ----------
    versions : mapping of str to str
        Each component and its version.
    patches : mapping of str to frozenset of str
        Each component and Debian's patches that were applied to it.
    edits : frozenset of (str, str)
        A component, and the number of an advisory that an edit of ours mends in it.
    modules : frozenset of str
        The Python modules in the program.
    symbols : mapping of str to frozenset of str
        Each component that is linked from static libraries, and what those define.
    objects : frozenset of str
        The files that ffmpeg is made of, as ``libavcodec/cook.o``.
    configured : frozenset of str
        What ffmpeg was configured with, as ``COOK_DECODER``.
    operators : frozenset of str
        The operators of the stripped PyTorch, without their overloads.
    calls : mapping of str to frozenset of str
        Each library, and the functions in C that those who are linked with it may call.
    """

    versions: Mapping[str, str]
    patches: Mapping[str, frozenset[str]] = field(default_factory=dict)
    edits: frozenset[tuple[str, str]] = frozenset()
    modules: frozenset[str] = frozenset()
    symbols: Mapping[str, frozenset[str]] = field(default_factory=dict)
    objects: frozenset[str] = frozenset()
    configured: frozenset[str] = frozenset()
    operators: frozenset[str] = frozenset()
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)


def prove(one: Advisory, facts: BuildFacts) -> str:
    """Check what the answer to `one` rests on.

    Returns
    -------
    str
        What was found, for those who read the answer; empty when it rests on words alone.

    Raises
    ------
    InputError
        When the program is not as the answer says.
    """
    proofs = [
        _release(one, facts),
        _patches(one, facts),
        _edit(one, facts),
        _absent(one, "modules", facts.modules, "module in the program"),
        _absent(one, "symbols", facts.symbols.get(one.component), "function in its libraries"),
        _absent(one, "objects", facts.objects, "file among those that it is linked of"),
        _absent(one, "configured", facts.configured, "part of its configuration"),
        _absent(one, "operators", facts.operators, "operator of the stripped PyTorch"),
        _absent(one, "calls", facts.calls.get(one.component), "function that is called"),
    ]
    return " ".join(proof for proof in proofs if proof)


def _release(one: Advisory, facts: BuildFacts) -> str:
    if not one.release:
        return ""
    version = facts.versions[one.component]
    if _numbers(version) < _numbers(one.release):
        raise _refuted(one, f"it is mended in {one.release}, and {version} is pinned")
    return f"Mended in {one.release}; this is {version}."


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers at the head of a version, an epoch left out: 1:16.0.6-15 is 16, 0, 6."""
    head = re.match(r"(?:\d+:)?v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in head[1].split(".")) if head else ()


def _patches(one: Advisory, facts: BuildFacts) -> str:
    applied = facts.patches.get(one.component, frozenset())
    for name in one.patches:
        if name not in applied:
            raise _refuted(one, f"the patch {name} is not applied")
    return f"Mended by Debian's {', '.join(one.patches)}." if one.patches else ""


def _edit(one: Advisory, facts: BuildFacts) -> str:
    if not one.edit:
        return ""
    if (one.component, one.id) not in facts.edits:
        raise _refuted(one, f"no edit of {one.component} begins its reason with {one.id}")
    return "Mended by an edit that the build makes in the source."


def _absent(one: Advisory, key: str, there: frozenset[str] | None, what: str) -> str:
    """Check that nothing that is `there` matches what `one` says is absent."""
    patterns: tuple[str, ...] = getattr(one, key)
    if not patterns:
        return ""
    if not there:
        raise _refuted(one, f"nothing is known of its {key}")
    for pattern in patterns:
        found = [name for name in there if fnmatchcase(name, pattern)]
        if found:
            raise _refuted(one, f"{min(found)} is there, a {what}")
    return f"No {what} has the name {' or '.join(patterns)}."


def _refuted(one: Advisory, message: str) -> RecipeError:
    return RecipeError(
        f"the answer to {one.id} ({one.component}) does not hold: {message}",
        "look at it again and correct it in native-build/advisories.toml",
    )


def versions_of(components: Iterable[Component]) -> dict[str, str]:
    """Return the versions of `components` by their names."""
    return {component.name: component.version for component in components}


def mended_by_edits(edits: Iterable[Edit]) -> set[tuple[str, str]]:
    """Return which advisories `edits` mend in what, from the heads of their reasons.

    Examples
    --------
    >>> reason = "CVE-1999-0001: too long"
    >>> edit = Edit(source="x", path="a.c", anchor="one", replacement="two", reason=reason)
    >>> mended_by_edits([edit])
    {('x', 'CVE-1999-0001')}
    """
    numbers = ((edit.source, IDENTIFIER.match(edit.reason)) for edit in edits)
    return {(source, number[0]) for source, number in numbers if number}


def defined_symbols(nm: Path, archives: Iterable[Path]) -> frozenset[str]:
    """Return the names of the functions and data that static libraries define.

    Raises
    ------
    InputError
        When one cannot be read.
    """
    return frozenset(_symbols(nm, "--defined-only", archives))


def called_symbols(nm: Path, archives: Iterable[Path]) -> frozenset[str]:
    """Return the names that static libraries ask others for.

    Raises
    ------
    InputError
        When one cannot be read.
    """
    return frozenset(_symbols(nm, "--undefined-only", archives))


def words_of(sources: Iterable[Path]) -> frozenset[str]:
    """Return all names in sources in C, and all words of their comments with them."""
    return frozenset(word for path in sources for word in _WORD.findall(path.read_text()))


def _symbols(nm: Path, which: str, archives: Iterable[Path]) -> set[str]:
    names = set()
    for archive in archives:
        for line in capture([nm, which, "--format=posix", archive]).splitlines():
            # Lines that name a member end in a colon.
            if not line.endswith(":") and line.strip():
                names.add(line.split()[0])
    return names


def operator_names(path: Path) -> frozenset[str]:
    """Return the operators that a list of the stripped PyTorch's has, without their overloads."""
    return frozenset(_OPERATOR.findall(path.read_text()))


def lines_of(path: Path) -> frozenset[str]:
    """Return the lines of a list that a part has beside it.

    Raises
    ------
    InputError
        When it is not there.
    """
    try:
        return frozenset(path.read_text().split())
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", "build the part again") from error
