"""Which programs the builds run, and how they are found."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import last_line, run_quietly
from buildkit.errors import ToolError

RELEASE = "19"
"""The one release of LLVM that is accepted, in any of its bug-fix versions.

Debian 12 and 13 and Ubuntu 24.04 have it. Another release gives other bytes and other speed,
and the budgets and the digest of the wheel are those of this one.
"""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A program: its name, the package that has it and the version that it must have."""

    program: str
    package: str
    version: str
    least: tuple[int, ...] = ()
    exactly: str = ""


TOOLS: Mapping[str, Tool] = {
    "cc": Tool(
        program=f"clang-{RELEASE}",
        package=f"clang-{RELEASE}",
        version=r"clang version (\S+(?: \(\S+\))?)",
        exactly=RELEASE,
    ),
    "cxx": Tool(
        program=f"clang++-{RELEASE}",
        package=f"clang-{RELEASE}",
        version=r"clang version (\S+(?: \(\S+\))?)",
        exactly=RELEASE,
    ),
    "linker": Tool(
        program=f"ld.lld-{RELEASE}",
        package=f"lld-{RELEASE}",
        version=r"LLD (\S+)",
        exactly=RELEASE,
    ),
    # GNU's serve for finished objects; LLVM's are in a package of eighty megabytes more.
    "nm": Tool(program="nm", package="binutils", version=r"(\d\S*)$"),
    "size": Tool(program="size", package="binutils", version=r"(\d\S*)$"),
    "strip": Tool(program="strip", package="binutils", version=r"(\d\S*)$"),
    "ccache": Tool(program="ccache", package="ccache", version=r"version (\S+)"),
    # What the recipe is written for; Debian 12 has it.
    "cmake": Tool(program="cmake", package="cmake", version=r"version (\S+)", least=(3, 25)),
    # The first with dyndep, which cmake's generator asks for.
    "ninja": Tool(program="ninja", package="ninja-build", version=r"^(\d\S*)", least=(1, 10)),
}
"""What is looked for, by the names of `Toolchain`."""


def missing_packages(root: Path | None = None) -> list[str]:
    """Return the packages whose programs are neither on the machine nor in `root`, each once."""
    environment = tool_environment(root)
    packages: dict[str, None] = {}
    for tool in TOOLS.values():
        try:
            find_tool(tool, root, environment)
        except ToolError:
            packages[tool.package] = None
    return list(packages)


def find_tool(tool: Tool, root: Path | None, environment: Mapping[str, str]) -> tuple[Path, str]:
    """Return the program of `tool` and its version.

    Parameters
    ----------
    tool : Tool
        What is looked for.
    root : Path or None
        Where packages were unpacked, which is looked at first.
    environment : mapping of str to str
        From `tool_environment`.

    Raises
    ------
    ToolError
        When it is missing, does not run or has another version.
    """
    found = shutil.which(tool.program, path=_search_path(root))
    if found is None:
        raise ToolError(f"there is no {tool.program}", f"install {tool.package}")
    code, output = run_quietly(["env", *assignments(environment), found, "--version"], limit=60)
    match = re.search(tool.version, output, flags=re.MULTILINE)
    if code or match is None:
        raise ToolError(f"{found} does not run: {last_line(output)}")
    version = match[1]
    numbers = tuple(int(part) for part in re.findall(r"\d+", version.split()[0])[:3])
    if (tool.exactly and str(numbers[0]) != tool.exactly) or numbers < tool.least:
        wanted = tool.exactly or ".".join(map(str, tool.least)) + " or newer"
        raise ToolError(f"{found} has version {version}, wanted is {wanted}")
    return Path(found), version


def _search_path(root: Path | None) -> str:
    usual = os.environ.get("PATH", os.defpath)
    # In front: what was unpacked is what the machine lacks or has in a version not accepted.
    return f"{root}/usr/bin{os.pathsep}{usual}" if root else usual


def tool_environment(root: Path | None) -> dict[str, str]:
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


def assignments(environment: Mapping[str, str]) -> list[str]:
    """Return the variables as ``env`` takes them."""
    return [f"{name}={value}" for name, value in environment.items()]


def all_packages() -> list[str]:
    """Return every package that has a tool, each once."""
    return list(dict.fromkeys(tool.package for tool in TOOLS.values()))
