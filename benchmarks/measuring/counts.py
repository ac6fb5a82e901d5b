"""Count what makes a start slow or a package heavy, in numbers that no noise touches.

Files, shared libraries and relocations of what is given away, and the modules that Python imports
to tell the program's version: there, an import too many is seen before anybody feels it.
"""

from __future__ import annotations

import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.sizes.artefacts import WHEEL, folder_name
from buildkit.archive import read_folder, read_zip
from buildkit.commands import last_line, run_quietly
from buildkit.elf_sections import elf_sections
from buildkit.errors import InputError, ToolError
from buildkit.places import CHECKOUT
from native_build.editions import EDITIONS
from scripts.layout import PYTHON

_ELF = b"\x7fELF"
_RELOCATION_BYTES = 24
_RELOCATIONS = (".rela.dyn", ".rela.plt")
_SECONDS = 120.0

_RUNNER = """\
import runpy, sys
output, parent, libraries = sys.argv[1:4]
sys.path[:0] = [parent, libraries]
sys.argv[:4] = ["transcriber"]
try:
    runpy.run_module("transcriber", run_name="__main__", alter_sys=True)
finally:
    with open(output, "w") as stream:
        for name, module in sys.modules.items():
            print(name, getattr(module, "__file__", None), sep="\\t", file=stream)
"""
"""Runs the program as ``python -m`` does, and lists what was imported."""


def measure_counts(checkout: Path) -> list[Figure]:
    """Return the counts of all that was built in `checkout`, and of the program's modules there.

    Raises
    ------
    BuildError
        When something is not built, or the program does not run; or when a file cannot be read.
    """
    wheels = sorted((checkout / "dist").glob("torch-*.whl"))
    if len(wheels) != 1:
        raise InputError(f"there are {len(wheels)} wheels in {checkout / 'dist'}", "run make")
    figures = file_counts(WHEEL, read_zip(wheels[0]))
    for edition in EDITIONS:
        folder = checkout / "build/native/program" / edition
        if not folder.is_dir():
            raise InputError(f"there is no program in {folder}", "run make native")
        figures += file_counts(folder_name(edition), read_folder(folder))
    return [*figures, count_modules(package_parent=checkout)]


def file_counts(artefact: str, contents: Mapping[str, bytes]) -> list[Figure]:
    """Return the files, the shared libraries and the relocations of an artefact, by its paths."""
    programs = {name: content for name, content in contents.items() if content.startswith(_ELF)}
    counts = {
        "files": len(contents),
        "shared libraries": sum(".so" in Path(name).name for name in programs),
        "relocations": sum(map(count_relocations, programs.values())),
    }
    return [Figure(name=f"count/{artefact}/{what}", value=count) for what, count in counts.items()]


def count_relocations(content: bytes) -> int:
    """Return how many addresses the loader writes into an ELF file that it loads."""
    sections = elf_sections(content)
    return sum(one.size // _RELOCATION_BYTES for one in sections if one.name in _RELOCATIONS)


def count_modules(
    words: Sequence[str] = ("--version",), *, package_parent: Path = CHECKOUT
) -> Figure:
    """Return how many of `imported_modules` there are: ``count/--version/modules`` and so on."""
    modules = imported_modules(words, package_parent=package_parent)
    return Figure(name=f"count/{' '.join(words)}/modules", value=len(modules))


def imported_modules(
    words: Sequence[str] = ("--version",), *, package_parent: Path = CHECKOUT
) -> list[str]:
    """Return the modules that are imported when a command line of the program ends, sorted.

    Python runs without ``site`` and its settings, which import what they find on a machine. The
    program is the package ``transcriber`` in the folder `package_parent`.

    Raises
    ------
    BuildError
        When the program fails, or another copy of it was run.
    """
    prefix = str(PYTHON.parent.parent)
    libraries = sysconfig.get_path("purelib", vars={"base": prefix, "platbase": prefix})
    with tempfile.TemporaryDirectory(prefix="modules-") as temporary:
        output = Path(temporary, "modules")
        code, said = run_quietly(
            [PYTHON, "-I", "-S", "-c", _RUNNER, output, package_parent, libraries, *words],
            limit=_SECONDS,
        )
        if code or not output.is_file():
            raise ToolError(f"transcriber {' '.join(words)} failed: {last_line(said)}")
        modules = dict(line.split("\t") for line in output.read_text().splitlines())
    ours = Path(modules.get("transcriber", ""))
    if ours.parent.parent.resolve() != package_parent.resolve():
        raise InputError(f"the program ran from {ours.parent}", "give another folder")
    return sorted(modules)
