"""Find the compiler and the other build tools, or get them.

Order: what is on the machine; packages installed through apt, for root; the same packages
unpacked into the build cache, for everyone else. cmake and ninja come the same way as the
compiler, because every system that has the compiler has them too: one way instead of two.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.build_tools import (
    RELEASE,
    TOOLS,
    all_packages,
    assignments,
    find_tool,
    missing_packages,
    tool_environment,
)
from buildkit.commands import Command, last_line, run_quietly
from buildkit.errors import BuildError, ToolError
from buildkit.sysroot import Sysroot, provide_sysroot
from buildkit.system_packages import install, unpack_packages

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
    ToolError
        When no way leads to one; the message names the packages.
    SourceError
        When the sysroot's packages cannot be downloaded.
    """
    root = cache / UNPACKED
    sysroot = provide_sysroot(cache)

    def installed() -> None:
        if not install(missing_packages(None)):
            raise ToolError("the packages cannot be installed")

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
        except BuildError as error:
            # With the remedy: that of the probe is another than the one below.
            reasons.append(str(error))
    raise ToolError(
        f"no tool chain to build with: {'; '.join(dict.fromkeys(reasons))}",
        f"install {' '.join(all_packages())} with the system's package manager",
    )


def find_toolchain(sysroot: Sysroot, root: Path | None = None) -> Toolchain:
    """Return the tool chain of the machine and, where given, of the unpacked packages in `root`.

    Raises
    ------
    ToolError
        When something is missing or has a version that is not accepted.
    """
    environment = tool_environment(root)
    found: dict[str, Path] = {}
    versions: dict[str, str] = {}
    for name, tool in TOOLS.items():
        found[name], versions[name] = find_tool(tool, root, environment)
    return Toolchain(**found, sysroot=sysroot, environment=environment, versions=versions)


def check_toolchain(toolchain: Toolchain) -> None:
    """Compile, link and run a small program.

    Raises
    ------
    ToolError
        When that fails, with the compiler's last line.
    """
    with tempfile.TemporaryDirectory(prefix="toolchain-") as temporary:
        source, program = Path(temporary, "probe.cpp"), Path(temporary, "probe")
        source.write_text(_PROBE)
        environment = assignments(toolchain.environment)
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
                raise ToolError(
                    f"{toolchain.cxx} cannot {what}: "
                    f"{reason.group() if reason else last_line(output)}",
                    f"delete {sysroot.root}, then give the same command again",
                )
