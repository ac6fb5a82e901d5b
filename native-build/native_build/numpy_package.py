"""Stage numpy: the package without a BLAS, and only the compiled modules that are imported."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from buildkit.capture import capture
from buildkit.errors import RecipeError
from buildkit.toolchain import Toolchain

COMPILED = ("numpy._core._multiarray_umath",)
"""Modules in C++ that the program imports and uses; a test compares them with ``modules.txt``."""

_OURS = Path(__file__).resolve().parents[1] / "python"

REPLACED = {
    "numpy.linalg._umath_linalg": _OURS / "_umath_linalg.py",
}
"""Modules in C++ that are imported for nothing, and what of ours says so."""

SILENCED = {
    "numpy._core._add_newdocs": _OURS / "_add_newdocs.py",
    "numpy._core._add_newdocs_scalars": _OURS / "_add_newdocs.py",
}
"""Modules in Python that hold documentation alone, and what of ours says nothing."""

OPTIONS = (
    *("--buildtype=plain", "-Db_ndebug=true"),
    # 25 MB of OpenBLAS serve nothing: torch multiplies the matrices.
    *("-Dblas=none", "-Dlapack=none", "-Dallow-noblas=true"),
    # It runs on every x86-64 processor, as torch does. Each further instruction set is a copy of
    # the loops, which run over a few kilobytes here.
    *("-Dcpu-baseline=none", "-Dcpu-dispatch=none"),
    *("-Ddisable-svml=true", "-Ddisable-intel-sort=true", "-Ddisable-highway=true"),
)

_SPEED, _SIZE = " -O3", " -Os"
"""What numpy's recipe asks for, and what serves here: all that numpy does takes a hundredth of a
transcription, and fast loops for every type are a megabyte."""

_EXPORTS = "{ global: PyInit_*; local: *; };\n"
"""The linker's list of what others may use: else all templates stay, used or not."""

_SUFFIX = ".cpython-311-x86_64-linux-gnu.so"


def build_numpy(
    tree: Path,
    work: Path,
    build_packages: Path,
    *,
    tools: Toolchain,
    environment: Mapping[str, str],
    python: Path = Path(sys.executable),
) -> Path:
    """Compile numpy.

    Parameters
    ----------
    tree : Path
        numpy's unpacked source, with meson in it.
    work : Path
        Folder for what is compiled; what it held is removed.
    build_packages : Path
        The folder with Cython.
    tools : Toolchain
        For ninja and strip.
    environment : mapping of str to str
        From `wrap_compiler`.
    python : Path
        The Python that it is compiled for, which also runs its recipe.

    Returns
    -------
    Path
        A folder with the package ``numpy``.

    Raises
    ------
    RecipeError
        When its recipe fails.
    """
    objects, site = work / "objects", work / "site"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    exports = work / "exports.map"
    exports.write_text(_EXPORTS)
    _write_cython(work / "bin" / "cython", build_packages)
    variables = {
        **environment,
        "PATH": f"{work / 'bin'}{os.pathsep}{environment['PATH']}",
        "NINJA": str(tools.ninja),
        # An old system's libstdc++ may be older than the compiler's headers.
        "LDFLAGS": f"-static-libstdc++ -static-libgcc -Wl,--version-script={exports}",
        "PYTHONDONTWRITEBYTECODE": "1",
        # numpy's recipe keeps the order of some sets of its own.
        "PYTHONHASHSEED": "0",
    }
    meson = tree / "vendored-meson/meson/meson.py"
    capture((python, meson, "setup", objects, tree, *OPTIONS), environment=variables)
    _ask_for_size(objects / "build.ninja")
    modules = [f"{name.replace('.', '/')}{_SUFFIX}" for name in COMPILED]
    capture((tools.ninja, "-C", objects, *modules), environment=variables)
    for module in modules:
        (site / module).parent.mkdir(parents=True, exist_ok=True)
        files = ("-o", site / module, objects / module)
        capture([tools.strip, "--strip-unneeded", *files], environment=tools.environment)
    for place in (tree, objects):
        _copy_python(place, site)
    for name, ours in {**REPLACED, **SILENCED}.items():
        shutil.copyfile(ours, site / f"{name.replace('.', '/')}.py")
    _forget(site / "numpy/__config__.py", (python, python.resolve(), exports))
    return site


def _ask_for_size(recipe: Path) -> None:
    text = recipe.read_text()
    if _SPEED not in text:
        raise RecipeError(
            f"numpy's recipe does not ask for{_SPEED} any more",
            "look at what it asks for now, and correct native_build/numpy_package.py",
        )
    recipe.write_text(text.replace(_SPEED, _SIZE))


def _copy_python(place: Path, site: Path) -> None:
    """Copy the modules in Python; meson writes some of them into the folder of the objects."""
    for path in sorted((place / "numpy").rglob("*.py")):
        target = site / path.relative_to(place)
        if "tests" not in path.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _forget(settings: Path, places: Iterable[Path]) -> None:
    """Take the folders of this machine out of what `numpy.show_config` prints."""
    text = settings.read_text()
    for path in places:
        text = text.replace(str(path), path.name)
    settings.write_text(text)


def _write_cython(path: Path, packages: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(f'#!/bin/sh\nPYTHONPATH={packages} exec {sys.executable} -m cython "$@"\n')
    path.chmod(0o755)
