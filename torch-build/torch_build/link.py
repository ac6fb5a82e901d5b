"""Link the objects into the extension module ``torch/_C``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from buildkit.capture import capture
from buildkit.errors import RecipeError
from buildkit.files import write_if_different
from buildkit.toolchain import Toolchain
from torch_build.abi import EXPORTS, version_script
from torch_build.entry_points import undefined_symbols

MODULE = "_C.cpython-311-x86_64-linux-gnu.so"

_SLEEF = re.compile(r"\b(Sleef_\w+?(f8|d4|f16|d8)(_u\d+)?)$", re.MULTILINE)
_KERNEL = re.compile(r"12DispatchStub.*E(?:7DEFAULT|4AVX2|6AVX512)E$")
"""A kernel's entry in a dispatch stub, by CPU capability."""

_SLEEF_SUFFIX = {"f8": "avx2", "d4": "avx2", "f16": "avx512f", "d8": "avx512f"}


def link(objects: Sequence[Path], output: Path, tools: Toolchain, exports: Path = EXPORTS) -> Path:
    """Link `objects` into ``output/_C...so``, and return its path.

    Functions that only features outside this build need stay undefined in the objects. Where such
    a call survives the removal of dead code, it is led to a function that raises an error with
    the name of what is missing; ``absent.txt`` lists them.

    Parameters
    ----------
    objects : sequence of Path
        All of them become part of the link: registrations are static initialisers.
    output : Path
        A folder. Beside the module it gets ``_C.map``, the linker's map, and ``absent.txt``.
    exports : Path
        The list of symbols that the module exports besides its initialiser.

    Raises
    ------
    RecipeError
        When the linker fails, or when data or a class that is missing is needed.
    """
    script = version_script(exports)
    probe = _link_probe(objects, output, tools, script)
    absent = absent_symbols(probe, tools)
    stubs = output / "absent.S"
    write_if_different(stubs, stub_source(absent).encode())
    (output / "absent.txt").write_text("".join(f"{name}\n" for name in absent))
    compiled = output / "absent.o"
    capture(
        [tools.cc, *tools.sysroot.flags, "-c", "-o", compiled, stubs], environment=tools.environment
    )
    flags = _flags(objects, output, tools, script)
    flags += [f"-Wl,-Map={output / '_C.map'}", "-o", output / MODULE, compiled]
    capture(flags, environment=tools.environment)
    return output / MODULE


def live_undefined(objects: Sequence[Path], output: Path, tools: Toolchain) -> str:
    """Return the mangled names, a line each, that `objects` need after dead code was removed."""
    probe = _link_probe(objects, output, tools, version_script())
    return capture([tools.nm, "--dynamic", "--undefined-only", "--format=just-symbols", probe])


def _link_probe(objects: Sequence[Path], output: Path, tools: Toolchain, script: str) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    probe = output / "probe.so"
    capture([*_flags(objects, output, tools, script), "-o", probe], environment=tools.environment)
    return probe


def _flags(
    objects: Sequence[Path], output: Path, tools: Toolchain, script: str
) -> list[str | Path]:
    """Return the command that links `objects`, without an output."""
    (output / "exports").write_text(script)
    response = output / "objects.rsp"
    response.write_text("".join(f'"{path}"\n' for path in objects))
    aliases = sleef_aliases(undefined_symbols(tools.nm, objects))
    return [
        tools.cxx,
        *tools.sysroot.flags,
        "-shared",
        f"-fuse-ld={tools.linker}",
        "-fopenmp",
        f"-L{tools.sysroot.openmp_library.parent}",
        # No machine has to have a certain C++ library.
        "-static-libstdc++",
        "-static-libgcc",
        # Before glibc 2.34, shared memory and the loader were in libraries of their own.
        "-lrt",
        "-ldl",
        "-Wl,--gc-sections",
        "-Wl,--icf=all",
        "-Wl,-O2",
        "-Wl,--strip-all",
        "-Wl,--build-id=none",
        "-Wl,--hash-style=gnu",
        "-Wl,-z,relro",
        "-Wl,-z,now",
        "-Wl,-rpath,$ORIGIN/lib",
        # By this name, which is that of the file, the CUDA add-on asks for it.
        f"-Wl,-soname,{MODULE}",
        # What is exported stays bound inside: no call goes through a table for its sake.
        "-Wl,-Bsymbolic",
        # What is exported is never removed, and TORCH_API exports half of PyTorch.
        f"-Wl,--version-script={output / 'exports'}",
        "-Wl,--exclude-libs,ALL",
        *(f"-Wl,--defsym={name}={target}" for name, target in sorted(aliases.items())),
        # Python's own functions are in the interpreter that loads the module.
        "-Wl,-z,undefs",
        f"@{response}",
    ]


def sleef_aliases(undefined: str) -> dict[str, str]:
    """Return, for each of SLEEF's functions among the symbols, the one for the processor.

    The kernels call ``Sleef_expf8_u10``, behind which SLEEF has a function that looks at the
    processor at each call and forms for processors without AVX2. A kernel for AVX2 runs only
    where there is AVX2.
    """
    return {
        name: name + ("" if error else "_") + _SLEEF_SUFFIX[kind]
        for name, kind, error in _SLEEF.findall(undefined)
    }


def absent_symbols(probe: Path, tools: Toolchain) -> list[str]:
    """Return the C++ symbols that `probe` needs and that no object defines, sorted.

    Raises
    ------
    RecipeError
        When a class or data are among them, which cannot be replaced; a kernel's entry in a
        dispatch stub can.
    """
    undefined: list[str | Path] = [tools.nm, "--dynamic", "--undefined-only", "--no-sort"]
    mangled = capture([*undefined, "--format=just-symbols", probe]).splitlines()
    plain = capture([*undefined, "--format=just-symbols", "--demangle", probe]).splitlines()
    # Those of the C library and of OpenMP have a version.
    plain_names = [
        line.split()[-1]
        for line in capture([*undefined, probe]).splitlines()
        if line.split()[0] == "U" and "@" not in line
    ]
    stray = [name for name in plain_names if not re.match(r"_Z|_?Py", name)]
    if stray:
        raise RecipeError(
            f"no file defines {', '.join(sorted(stray))}",
            "add the file that does to selection.toml",
        )
    names = {
        name: readable
        for name, readable in zip(mangled, plain, strict=True)
        # _ZTH: the initialiser of a thread's own variable, which is called where there is one.
        if name.startswith("_Z") and not name.startswith("_ZTH") and "@" not in name
    }
    # A function's readable name has its parameters.
    data = [
        readable
        for name, readable in names.items()
        if "(" not in readable and not _KERNEL.search(name)
    ]
    if data:
        raise RecipeError(
            f"no file defines {', '.join(sorted(data))}", "add the file that does to selection.toml"
        )
    return sorted(names)


def stub_source(names: Iterable[str]) -> str:
    """Return assembly in which each of the functions `names` passes its name on and never returns.

    A call leaves its return address on the stack, so that an exception finds its handler as if
    the function itself had raised it. A kernel is a null pointer: ATen takes that of the next
    lower CPU capability, and raises an error when there is none.
    """
    lines = ["    .text"]
    strings = ['    .section .rodata.absent,"a",@progbits']
    for number, name in enumerate(names):
        if _KERNEL.search(name):
            strings += [
                f"    .globl {name}",
                f"    .hidden {name}",
                "    .balign 8",
                f"{name}:",
                "    .quad 0",
            ]
            continue
        lines += [f"    .globl {name}", f"    .hidden {name}", f"    .type {name},@function"]
        lines += [f"{name}:", f"    leaq .Lname{number}(%rip), %rdi", "    jmp torch_absent"]
        strings += [f".Lname{number}:", f'    .asciz "{name}"']
    return "\n".join([*lines, *strings, '    .section .note.GNU-stack,"",@progbits', ""])
