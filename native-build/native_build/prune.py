"""Stage prune: keep the files of the frozen program that something opens, loads or imports.

Every file that stays has a reason, and the report tells it. What nothing asks for goes: Nuitka
takes along whatever lies beside a module, and the same library once more for each that needs it.
The files were stripped before Nuitka changed where they look for libraries: the other order has
broken libraries of others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from buildkit.duplicates import duplicate_files
from buildkit.elf_sections import elf_sections, is_elf, read_dynamic
from buildkit.errors import InputError, RecipeError, ResultError
from native_build.freeze import EXECUTABLE

SYSTEM_LIBRARIES = frozenset(
    {
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libdl.so.2",
        # Rust's and OpenMP's way to unwind; a part of every distribution's smallest system.
        "libgcc_s.so.1",
        "libm.so.6",
        "libpthread.so.0",
        "librt.so.1",
        "libutil.so.1",
    }
)
"""Libraries that every Linux with the GNU C library has. Never more than in the policy
manylinux_2_31 of PEP 600, which has them all."""

FOR_DEBUGGERS = (".symtab", ".debug")
"""What the sections begin with that only debuggers read."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What became of a file.

    Attributes
    ----------
    path : str
        Below the folder of the program, with slashes.
    size : int
        Its bytes.
    kept : bool
        Whether it stays.
    reason : str
        Why.
    """

    path: str
    size: int
    kept: bool
    reason: str


def prune(
    frozen: Path,
    output: Path,
    *,
    modules: Collection[str],
    files: Sequence[str],
) -> list[Decision]:
    """Copy to `output` what the program needs of the folder `frozen`.

    Parameters
    ----------
    frozen : Path
        What `freeze` made.
    output : Path
        What it held is replaced.
    modules : collection of str
        The modules that are imported.
    files : sequence of str
        The data files that are opened, below `frozen`.

    Returns
    -------
    list of Decision
        On each file of `frozen`, in the order of their paths.

    Raises
    ------
    BuildError
        When a library or data file is missing, a kept file has what only debuggers read, or two
        kept files are the same.
    """
    paths = {path.relative_to(frozen).as_posix(): path for path in _files(frozen)}
    missing = [name for name in files if name not in paths]
    if missing:
        raise RecipeError(
            f"the program opens {missing[0]}, which Nuitka left out",
            "name its package in nuitka.cfg",
        )
    reasons = dict.fromkeys(files, "opened: native-build/files.txt")
    reasons |= _loaded(frozen, paths, modules)
    reasons |= _needed(frozen, list(reasons))
    shutil.rmtree(output, ignore_errors=True)
    for name in sorted(reasons):
        target = output / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(paths[name], target)
    _check(output)
    return [
        Decision(
            path=name,
            size=path.stat().st_size,
            kept=name in reasons,
            reason=reasons.get(name, "nothing imports, loads or opens it"),
        )
        for name, path in sorted(paths.items())
    ]


def write_report(path: Path, decisions: Sequence[Decision]) -> None:
    """Write `decisions` as JSON."""
    path.write_text(json.dumps([asdict(one) for one in decisions], indent=1) + "\n")


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _loaded(frozen: Path, paths: Mapping[str, Path], modules: Collection[str]) -> dict[str, str]:
    """Return the reasons for the executable and the extension modules."""
    if EXECUTABLE not in paths:
        raise InputError(f"{frozen} has no {EXECUTABLE}", "run the stage freeze")
    reasons = {EXECUTABLE: "the program"}
    for name in paths:
        # As the import system names them: everything after the first dot says for what Python.
        module = name.partition(".")[0].replace("/", ".")
        if name.endswith(".so") and module in modules:
            reasons[name] = f"module {module}"
    return reasons


def _needed(frozen: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the reasons for the shared libraries that `names` and such libraries need."""
    reasons: dict[str, str] = {}
    waiting = [name for name in names if is_elf(frozen / name)]
    while waiting:
        name = waiting.pop()
        path = frozen / name
        needed = read_dynamic(path.read_bytes())
        for library in needed.libraries:
            beside = [place for place in needed.places(path.parent, library) if place.is_file()]
            if beside:
                found = beside[0].relative_to(frozen.resolve()).as_posix()
                if found not in reasons and found not in names:
                    reasons[found] = f"needed by {name}"
                    waiting.append(found)
            elif library not in SYSTEM_LIBRARIES:
                raise ResultError(
                    f"{name} needs {library}, which neither the program nor every system has",
                    "link it statically, or let the package bring it",
                )
    return reasons


def _check(folder: Path) -> None:
    for path in _files(folder):
        if not is_elf(path):
            continue
        useless = [
            section.name
            for section in elf_sections(path.read_bytes())
            if section.name.startswith(FOR_DEBUGGERS)
        ]
        if useless:
            raise ResultError(
                f"{path.name} has the section {useless[0]}", "strip it before it is frozen"
            )
    for group in duplicate_files(folder):
        names = ", ".join(path.relative_to(folder).as_posix() for path in group)
        raise ResultError(f"these files are the same: {names}", "keep one of them")
