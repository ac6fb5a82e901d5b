"""Find the compiler and the other build tools, or get them.

Order: what is on the machine; packages installed through apt, for root; the same packages
unpacked into the build cache, for everyone else. cmake and ninja come the same way as the
compiler, because every system that has the compiler has them too: one way instead of two.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.commands import Command, last_line, run_quietly
from torch_build.packages import install, unpack_packages
from torch_build.sysroot import Sysroot, provide_sysroot
from transcriber.errors import DependencyError, TranscriberError

RELEASE = "19"
"""The one release of LLVM that is accepted, in any of its bug-fix versions.

Debian 12 and 13 and Ubuntu 24.04 have it. Another release gives other bytes and other speed,
and the budgets and the digest of the wheel are those of this one.
"""


@dataclass(frozen=True, kw_only=True)
class _Tool:
    """A program: its name, the package that has it and the version that it must have."""

    program: str
    package: str
    version: str
    least: tuple[int, ...] = ()
    exactly: str = ""


TOOLS: Mapping[str, _Tool] = {
    "cc": _Tool(
        program=f"clang-{RELEASE}",
        package=f"clang-{RELEASE}",
        version=r"clang version (\S+(?: \(\S+\))?)",
        exactly=RELEASE,
    ),
    "cxx": _Tool(
        program=f"clang++-{RELEASE}",
        package=f"clang-{RELEASE}",
        version=r"clang version (\S+(?: \(\S+\))?)",
        exactly=RELEASE,
    ),
    "linker": _Tool(
        program=f"ld.lld-{RELEASE}",
        package=f"lld-{RELEASE}",
        version=r"LLD (\S+)",
        exactly=RELEASE,
    ),
    # GNU's serve for finished objects; LLVM's are in a package of eighty megabytes more.
    "nm": _Tool(program="nm", package="binutils", version=r"(\d\S*)$"),
    "size": _Tool(program="size", package="binutils", version=r"(\d\S*)$"),
    "strip": _Tool(program="strip", package="binutils", version=r"(\d\S*)$"),
    "ccache": _Tool(program="ccache", package="ccache", version=r"version (\S+)"),
    # What the recipe is written for; Debian 12 has it.
    "cmake": _Tool(program="cmake", package="cmake", version=r"version (\S+)", least=(3, 25)),
    # The first with dyndep, which cmake's generator asks for.
    "ninja": _Tool(program="ninja", package="ninja-build", version=r"^(\d\S*)", least=(1, 10)),
}
"""What is looked for, by the names of `Toolchain`."""

UNPACKED = f"toolchain-{RELEASE}"
"""Name of the folder in the build cache with unpacked packages."""

_PROBE = """\
#include <omp.h>
#include <string>
#include <vector>
int main() {
    std::vector<std::string> names(omp_get_max_threads());
#pragma omp parallel for
    for (int i = 0; i < int(names.size()); ++i) names[i] = "thread";
    return names.back() == "thread" ? 0 : 1;
}
"""


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """The tools that the build runs.

    Attributes
    ----------
    cc, cxx, linker, nm, size, strip, ccache, cmake, ninja : Path
        The programs.
    sysroot : Sysroot
        The C library and the compiler's libraries that results are linked with.
    environment : mapping of str to str
        What the programs need in their environment beside what this process has.
    versions : mapping of str to str
        By the names of the programs' attributes.
    """

    cc: Path
    cxx: Path
    linker: Path
    nm: Path
    size: Path
    strip: Path
    ccache: Path
    cmake: Path
    ninja: Path
    sysroot: Sysroot
    environment: Mapping[str, str]
    versions: Mapping[str, str]

    def toolchain_key(self) -> str:
        """Return the versions of what decides over the bytes of the result, as one line.

        Where the tools lie, and the version of what only starts them, is not in it.
        """
        deciding = ("cc", "cxx", "linker", "strip")
        versions = [f"{name}={self.versions[name]}" for name in deciding]
        return " ".join([*versions, f"sysroot={self.sysroot.root.name}"])


def provide_toolchain(cache: Path) -> Toolchain:
    """Return a tool chain that compiles, links and runs a program with OpenMP.

    Parameters
    ----------
    cache : Path
        The build cache, where the sysroot is, and packages that cannot be installed.

    Raises
    ------
    DependencyError
        When no way leads to one; the message names the packages.
    NetworkError
        When the sysroot's packages cannot be downloaded.
    """
    root = cache / UNPACKED
    sysroot = provide_sysroot(cache)

    def installed() -> None:
        if not install(missing_packages(None)):
            raise DependencyError("the packages cannot be installed")

    def unpacked() -> None:
        unpack_packages(missing_packages(None), root)

    ways: Sequence[tuple[Path | None, Callable[[], None] | None]] = (
        (None, None),
        (root, None),
        (None, installed),
        (root, unpacked),
    )
    reasons = []
    for place, prepare in ways:
        if place and not prepare and not place.is_dir():
            continue
        try:
            # Complete already: what the probe said about it will not change by more packages.
            if prepare and not missing_packages(None):
                continue
            if prepare:
                prepare()
            toolchain = find_toolchain(sysroot, place)
            check_toolchain(toolchain)
            return toolchain
        except TranscriberError as error:
            # With the remedy: that of the probe is another than the one below.
            reasons.append(str(error))
    raise DependencyError(
        f"no tool chain to build with: {'; '.join(dict.fromkeys(reasons))}",
        f"install {' '.join(_packages())} with the system's package manager",
    )


def find_toolchain(sysroot: Sysroot, root: Path | None = None) -> Toolchain:
    """Return the tool chain of the machine and, where given, of the unpacked packages in `root`.

    Raises
    ------
    DependencyError
        When something is missing or has a version that is not accepted.
    """
    environment = _environment(root)
    found: dict[str, Path] = {}
    versions: dict[str, str] = {}
    for name, tool in TOOLS.items():
        found[name], versions[name] = _find(tool, root, environment)
    return Toolchain(**found, sysroot=sysroot, environment=environment, versions=versions)


def missing_packages(root: Path | None = None) -> list[str]:
    """Return the packages whose programs are neither on the machine nor in `root`, each once."""
    environment = _environment(root)
    packages: dict[str, None] = {}
    for tool in TOOLS.values():
        try:
            _find(tool, root, environment)
        except DependencyError:
            packages[tool.package] = None
    return list(packages)


def check_toolchain(toolchain: Toolchain) -> None:
    """Compile, link and run a small program.

    Raises
    ------
    DependencyError
        When that fails, with the compiler's last line.
    """
    with tempfile.TemporaryDirectory(prefix="toolchain-") as temporary:
        source, program = Path(temporary, "probe.cpp"), Path(temporary, "probe")
        source.write_text(_PROBE)
        environment = _assignments(toolchain.environment)
        sysroot = toolchain.sysroot
        library = sysroot.openmp_library.parent
        compilation: list[str | Path] = [toolchain.cxx, *sysroot.flags, "-std=c++17", "-fopenmp"]
        compilation += [source, "-o", program, f"--ld-path={toolchain.linker}", "-static-libstdc++"]
        compilation += [f"-I{sysroot.openmp_include}", f"-L{library}", f"-Wl,-rpath,{library}"]
        steps: dict[str, list[str | Path]] = {
            "compile and link": compilation,
            "run what it compiled": [program],
        }
        for what, step in steps.items():
            command: Command = ["env", *environment, *step]
            code, output = run_quietly(command, limit=120)
            if code:
                reason = re.search(r"(?m)^.*error: .*$", output)
                raise DependencyError(
                    f"{toolchain.cxx} cannot {what}: "
                    f"{reason.group() if reason else last_line(output)}",
                    f"delete {sysroot.root}, then give the same command again",
                )


def _find(tool: _Tool, root: Path | None, environment: Mapping[str, str]) -> tuple[Path, str]:
    found = shutil.which(tool.program, path=_search_path(root))
    if found is None:
        raise DependencyError(f"there is no {tool.program}", f"install {tool.package}")
    code, output = run_quietly(["env", *_assignments(environment), found, "--version"], limit=60)
    match = re.search(tool.version, output, flags=re.MULTILINE)
    if code or match is None:
        raise DependencyError(f"{found} does not run: {last_line(output)}")
    version = match[1]
    numbers = tuple(int(part) for part in re.findall(r"\d+", version.split()[0])[:3])
    if (tool.exactly and str(numbers[0]) != tool.exactly) or numbers < tool.least:
        wanted = tool.exactly or ".".join(map(str, tool.least)) + " or newer"
        raise DependencyError(f"{found} has version {version}, wanted is {wanted}")
    return Path(found), version


def _search_path(root: Path | None) -> str:
    usual = os.environ.get("PATH", os.defpath)
    # In front: what was unpacked is what the machine lacks or has in a version not accepted.
    return f"{root}/usr/bin{os.pathsep}{usual}" if root else usual


def _environment(root: Path | None) -> dict[str, str]:
    """Return the variables with which programs unpacked in `root` find their libraries."""
    if root is None:
        return {}
    machine = f"{os.uname().machine}-linux-gnu"
    folders = [
        f"{root}/usr/lib/{machine}",
        f"{root}/lib/{machine}",
        f"{root}/usr/lib/llvm-{RELEASE}/lib",
        *filter(None, [os.environ.get("LD_LIBRARY_PATH")]),
    ]
    return {"LD_LIBRARY_PATH": os.pathsep.join(folders)}


def _assignments(environment: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environment.items()]


def _packages() -> list[str]:
    return list(dict.fromkeys(tool.package for tool in TOOLS.values()))
