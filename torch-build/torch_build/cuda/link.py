"""Link the objects into ``libtorch_cuda.so``, and find what that needs of ``torch/_C``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.capture import capture, run_with_input
from buildkit.commands import say
from buildkit.errors import RecipeError, ResultError, ToolError
from buildkit.files import write_if_different
from buildkit.toolchain import Toolchain
from torch_build import entry_points
from torch_build.link import MODULE, stub_source

LIBRARY = "libtorch_cuda.so"

_HEADER = """\
# What the CUDA add-on needs of torch/_C, which exports it: mangled names.
#
# Written by `make cuda` from the add-on's objects. A change here changes the ABI's name, so that
# an add-on and a module of different builds do not meet.
"""

_OTHERS = re.compile(r"_?Py|_ZTH")
"""What the interpreter has, and initialisers of a thread's variables, called where there is one."""


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What the add-on's live code needs and does not have.

    Attributes
    ----------
    exports : tuple of str
        What an object of ``torch/_C`` defines.
    absent : tuple of str
        Functions of features that neither has.
    """

    exports: tuple[str, ...]
    absent: tuple[str, ...]


def find_needed(
    objects: Sequence[Path],
    core: Sequence[Path],
    output: Path,
    *,
    tools: Toolchain,
    runtime: Path,
) -> Needed:
    """Find the symbols that `objects` leave undefined once dead code is removed.

    Parameters
    ----------
    objects : sequence of Path
        Those of the add-on, entry points among them.
    core : sequence of Path
        Those of ``torch/_C``.
    output : Path
        A folder for the linker's files.
    runtime : Path
        The archive with the CUDA runtime.

    Raises
    ------
    RecipeError
        When something is missing that cannot be replaced by a function that raises.
    """
    undefined = live_undefined(objects, output, tools=tools, runtime=runtime)
    defined = defined_symbols(core, tools)
    hidden = defined_symbols(core, tools, hidden=True)
    names = [name for name in undefined if not _OTHERS.match(name)]
    exports = tuple(sorted(name for name in names if name in defined))
    unreachable = sorted(name for name in names if name in hidden - defined)
    absent = tuple(sorted(set(names) - set(exports)))
    readable = dict(zip(absent, _demangled(absent, tools), strict=True))
    # A function's readable name has its parameters.
    data = [name for name in readable.values() if "(" not in name]
    if unreachable or data:
        raise RecipeError(
            f"the add-on needs {', '.join([*unreachable, *data])}, which torch/_C does not offer",
            "add the file that defines it to cuda/selection.toml",
        )
    return Needed(exports=exports, absent=absent)


def write_exports(path: Path, exports: Sequence[str]) -> bool:
    """Write the list of symbols to `path`; return whether it changed."""
    text = _HEADER + "".join(f"{name}\n" for name in exports)
    return write_if_different(path, text.encode())


def write_entry_points(
    generated: Path, objects: Sequence[Path], output: Path, *, tools: Toolchain, runtime: Path
) -> list[Path]:
    """Write the entry points of operators that the add-on's code calls; return the sources.

    ``torch/_C`` has those that its own code calls. What they do is to ask the dispatcher, so that
    it does not matter who has one.
    """
    undefined = live_undefined(objects, output, tools=tools, runtime=runtime)
    called = entry_points.called_operators("\n".join(undefined))
    entry_points.write_entry_points(generated, called)
    return entry_points.entry_point_files(generated)


def link(
    objects: Sequence[Path],
    needed: Needed,
    core: Path,
    output: Path,
    *,
    tools: Toolchain,
    runtime: Path,
) -> Path:
    """Link the add-on.

    Parameters
    ----------
    objects : sequence of Path
        All of them become part of it.
    needed : Needed
        Of `find_needed`.
    core : Path
        ``torch/_C``, which exports ``needed.exports``.
    output : Path
        A folder. Beside the library it gets ``libtorch_cuda.map`` and ``absent.txt``.
    runtime : Path
        The archive with the CUDA runtime.

    Returns
    -------
    Path
        The library.

    Raises
    ------
    ToolError
        When the linker fails.
    """
    output.mkdir(parents=True, exist_ok=True)
    (output / "absent.txt").write_text("".join(f"{name}\n" for name in needed.absent))
    stubs, compiled = output / "absent.S", output / "absent.o"
    write_if_different(stubs, stub_source(needed.absent).encode())
    command: list[str | Path] = [tools.cc, *tools.sysroot.flags, "-c", "-o", compiled, stubs]
    capture(command, environment=tools.environment)
    library = output / LIBRARY
    flags = _flags([*objects, compiled], output, tools, runtime)
    flags += [core, f"-Wl,-Map={output / 'libtorch_cuda.map'}", "-o", library]
    capture(flags, environment=tools.environment)
    _check(library, tools)
    say(f"cuda: {library.name}: {library.stat().st_size:,} bytes")
    return library


def live_undefined(
    objects: Sequence[Path], output: Path, *, tools: Toolchain, runtime: Path
) -> list[str]:
    """Return the C++ and Python symbols that are undefined once dead code is removed."""
    output.mkdir(parents=True, exist_ok=True)
    probe = output / "probe.so"
    command = [*_flags(objects, output, tools, runtime), "-Wl,-z,undefs", "-o", probe]
    capture(command, environment=tools.environment)
    printed = capture([tools.nm, "--dynamic", "--undefined-only", "--no-sort", probe])
    # Those of the C library have a version.
    names = [line.split()[-1] for line in printed.splitlines() if "@" not in line]
    return [name for name in names if name.startswith(("_Z", "Py", "_Py"))]


def defined_symbols(
    objects: Sequence[Path], tools: Toolchain, *, hidden: bool = False
) -> frozenset[str]:
    """Return the symbols that `objects` define for other libraries to see, or `hidden` ones."""
    readelf = capture([tools.nm, "--defined-only", "--extern-only", "--no-sort", *objects])
    names = {parts[2] for line in readelf.splitlines() if len(parts := line.split()) == 3}
    if hidden:
        return frozenset(names)
    return frozenset(names - _hidden(objects, tools))


def _hidden(objects: Sequence[Path], tools: Toolchain) -> set[str]:
    """Return the symbols that are hidden in an object."""
    reader = tools.nm.with_name("readelf")
    printed = capture([reader, "--syms", "--wide", *objects])
    found = re.findall(
        r"^\s*\d+: \S+\s+\d+ \w+\s+(?:GLOBAL|WEAK|UNIQUE)\s+HIDDEN\s+(?!UND)\S+ (\S+)",
        printed,
        flags=re.MULTILINE,
    )
    return set(found)


def _flags(
    objects: Sequence[Path], output: Path, tools: Toolchain, runtime: Path
) -> list[str | Path]:
    script, response = output / "exports", output / "objects.rsp"
    script.write_text("{ global: PyInit__cuda; local: *; };\n")
    response.write_text("".join(f'"{path}"\n' for path in objects))
    return [
        tools.cxx,
        *tools.sysroot.flags,
        "-shared",
        f"-fuse-ld={tools.linker}",
        "-static-libstdc++",
        "-static-libgcc",
        "-Wl,--gc-sections",
        # Not --icf: a kernel is known by the address of a function of the processor's, and those of
        # different kernels may have the same instructions.
        "-Wl,-O2",
        "-Wl,--strip-all",
        "-Wl,--build-id=none",
        "-Wl,--hash-style=gnu",
        "-Wl,-z,relro",
        f"-Wl,-soname,{LIBRARY}",
        f"-Wl,--version-script={script}",
        "-Wl,--exclude-libs,ALL",
        # Python's functions are in the interpreter that loads the library.
        "-Wl,-z,undefs",
        f"@{response}",
        runtime,
        *("-lpthread", "-ldl", "-lrt"),
    ]


def _check(library: Path, tools: Toolchain) -> None:
    """Check that nothing but the C library, Python and ``torch/_C`` is needed.

    Raises
    ------
    ResultError
        When something else is.
    """
    printed = capture([tools.nm, "--dynamic", "--undefined-only", "--no-sort", library])
    stray = [
        name
        for line in printed.splitlines()
        if (parts := line.split())[0] == "U"
        and "@" not in (name := parts[-1])
        and not re.match(r"_?Py", name)
    ]
    reader = capture([tools.nm.with_name("readelf"), "--dynamic", "--wide", library])
    needed: Collection[str] = re.findall(r"\(NEEDED\).*\[(.*)\]", reader)
    system = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", MODULE}
    system.add("ld-linux-x86-64.so.2")
    stray += sorted(set(needed) - system)
    if stray:
        raise ResultError(f"the add-on needs {', '.join(stray)}", "see cuda/link.py")


def _demangled(names: Sequence[str], tools: Toolchain) -> list[str]:
    """Return the readable forms of mangled names."""
    if not names:
        return []
    code, printed = run_with_input([tools.nm.with_name("c++filt")], "\n".join(names))
    if code:
        raise ToolError(f"c++filt failed: {printed}")
    return printed.splitlines()
