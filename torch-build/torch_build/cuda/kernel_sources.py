"""Find the source files with the CUDA kernels of the selected operators.

ATen has three layers here. A kernel function that a registration names is either in
``native/cuda`` or in a file of ``native`` that the processor's build compiles, too; the latter
calls a dispatch stub, for which a file of ``native/cuda`` registers a kernel. And a file of
``native/cuda`` calls functions of others: ``Sort.cpp`` those of ``Sort.cu``.

A file of ``native`` has dozens of stubs, of which one operator calls one. So what counts is which
function mentions a stub, not which file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import RecipeError
from torch_build.kernel_files import defined_functions, defined_stubs

NATIVE = "aten/src/ATen/native"
CUDA = f"{NATIVE}/cuda"

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_REGISTERED = re.compile(r"^\s*REGISTER(?:_CUDA)?_DISPATCH\(\s*(?:\w+::)*(\w+)", re.MULTILINE)
_WORD = re.compile(r"\b[A-Za-z_]\w+\b")
_CALL = re.compile(r"(?<![\w.:>])([A-Za-z_]\w+)\s*[(<]|<\s*(?:\w+::)*(\w+)\s*[,>]")
_TYPE = re.compile(r"^(?:template\s*<[^\n]*>\s*)?(?:struct|class)\s+(\w+)", re.MULTILINE)
_MACRO = re.compile(r"(?!DEFINE_|DECLARE_|REGISTER_|TORCH_)([A-Z][A-Z0-9_]+)\(([^()]*)\);?\s*\Z")
# What begins in the first column begins something; a brace or parenthesis there ends it.
_BEGINNING = re.compile(r"^[A-Za-z_].*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a file has at its outer level: a function, a class, or what a macro makes of one.

    Attributes
    ----------
    names : frozenset of str
        What it defines, as in `list_kernels`, and the arguments of a macro that writes definitions.
    words : frozenset of str
        All identifiers in it.
    calls : frozenset of str
        Those that are called, and neither as methods nor by a qualified name: ``self.add(other)``
        passes the dispatcher, where another operator begins.
    registers : frozenset of str
        Dispatch stubs that it gives a kernel.
    """

    names: frozenset[str]
    words: frozenset[str]
    calls: frozenset[str]
    registers: frozenset[str] = frozenset()


def find_sources(
    source: Path,
    kernels: Mapping[str, Iterable[str]],
    *,
    without: Iterable[str] = (),
) -> tuple[str, ...]:
    """Find the files of ``native/cuda`` for `kernels`.

    Parameters
    ----------
    source : Path
        The source of PyTorch.
    kernels : mapping of str to iterable of str
        C++ functions by operator, from the generators.
    without : iterable of str
        Files that are left out though something in them is called.

    Returns
    -------
    tuple of str
        Paths relative to `source`, sorted.

    Raises
    ------
    RecipeError
        When a named file does not exist.
    """
    shared = _texts(source, NATIVE, ("*.cpp", "sparse/*.cpp"))
    texts = _texts(source, CUDA, ("*.cpp", "*.cu"))
    left_out = frozenset(without)
    absent = sorted(left_out - texts.keys())
    if absent:
        raise RecipeError(f"PyTorch's source has no {absent[0]}", "mend cuda/selection.toml")
    wanted = frozenset(name for names in kernels.values() for name in names)
    stubs = called_stubs(shared.values(), wanted)
    parts = {
        path: tuple(split_definitions(text)) for path, text in texts.items() if path not in left_out
    }
    owners = _owners({path: texts[path] for path in parts}, shared.values())
    files: set[str] = set()
    names = wanted
    while True:
        calls: set[str] = set()
        for path, definitions in parts.items():
            begun = (one for one in definitions if one.names & names or one.registers & stubs)
            reached = reach(definitions, begun)
            if reached:
                files.add(path)
            calls |= {name for one in reached for name in one.calls}
        more = {name for name in calls if name in owners and owners[name] not in files}
        if not more:
            return tuple(sorted(files))
        names |= more


def called_stubs(texts: Iterable[str], wanted: Iterable[str]) -> set[str]:
    """Return the dispatch stubs that the functions `wanted` reach in their own files."""
    names = frozenset(wanted)
    found: set[str] = set()
    sources = list(texts)
    stubs = frozenset(stub for text in sources for stub in defined_stubs(text))
    for text in sources:
        definitions = tuple(split_definitions(text))
        for one in reach(definitions, (one for one in definitions if _makes(one, names))):
            found |= one.words & stubs
    return found


def reach(definitions: Iterable[Definition], begun: Iterable[Definition]) -> list[Definition]:
    """Return the definitions `begun`, and those of `definitions` that they call, and so on."""
    every, reached = list(definitions), list(begun)
    pending = list(reached)
    while pending:
        calls = pending.pop().calls
        more = [one for one in every if one.names & calls and one not in reached]
        reached += more
        pending += more
    return reached


def split_definitions(text: str) -> Iterator[Definition]:
    """Cut a C++ source into what begins in its first column.

    ATen's files indent nothing that is only inside of namespaces.
    """
    text = _COMMENT.sub("", text)
    starts = [found.start() for found in _BEGINNING.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = text[start:end]
        names = frozenset(defined_functions(piece)) | frozenset(_TYPE.findall(piece))
        words = set(_WORD.findall(piece))
        macro = _MACRO.match(piece)
        if macro:
            # It writes definitions, and joins its arguments with what upstream ends names in.
            arguments = frozenset(_WORD.findall(macro[2]))
            names |= arguments
            words |= {f"{argument}_stub" for argument in arguments}
        registers = frozenset(_REGISTERED.findall(piece))
        calls = frozenset(name for pair in _CALL.findall(piece) for name in pair) - names - {""}
        if registers:
            calls |= frozenset(words)
        yield Definition(names=names, words=frozenset(words), calls=calls, registers=registers)


def _makes(one: Definition, names: frozenset[str]) -> bool:
    """Tell whether a definition is of one of `names`, or a macro's for names that begin alike."""
    if one.names & names:
        return True
    begun = [name for name in one.names if f"{name}_stub" in one.words]
    return any(name.startswith(f"{begin}_") for begin in begun for name in names)


def _owners(texts: Mapping[str, str], shared: Iterable[str]) -> dict[str, str]:
    """Return the file of each function that one file of ``native/cuda`` alone defines."""
    owners: dict[str, str] = {}
    twice = {name for text in shared for name in defined_functions(text)}
    for path, text in texts.items():
        for name in defined_functions(text):
            if name in owners:
                twice.add(name)
            owners[name] = path
    return {name: path for name, path in owners.items() if name not in twice}


def _texts(source: Path, folder: str, patterns: Iterable[str]) -> dict[str, str]:
    return {
        str(path.relative_to(source)): path.read_text(errors="replace")
        for pattern in patterns
        for path in sorted((source / folder).glob(pattern))
    }
