"""Stage python: CPython as a static library, with the modules in C that the program imports.

It is compiled once more as a program, on which Nuitka runs. Neither is trained with a profile nor
optimised across files: the one takes an hour, the other minutes, and the time of a transcription
is spent in torch.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from native_build.libraries import make, run_in

SETUP = Path(__file__).resolve().parent.parent / "Setup.local"
"""Which modules are a part of it."""

VERSION = "3.11"

_PREFIX = "/python"
"""What it is configured for. It finds its files by the place of its program, wherever that is."""

_UNUSED = (
    # Nothing that is built or run here imports them.
    *("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter", "turtledemo"),
    *("ctypes/test", "distutils/tests", "unittest/test", "tkinter/test", "turtle.py"),
    *("__phello__", "__pycache__"),
)

_FROZEN = ("importlib._bootstrap", "importlib._bootstrap_external", "zipimport", "abc", "__hello__")
"""The modules whose code is a part of the library as C.

The first three start the import system; the recipe wants one more for each of its other lists.
Upstream's fifteen take 1.5 MB, most of it addresses that the loader must correct at each start;
Nuitka brings what the program needs of them as bytecode.
"""

_FREEZE = """\
import sys
import freeze_modules

kept = sys.argv[1:]
freeze_modules.FROZEN = [
    (section, [spec for spec in specs if spec.split(":")[0].strip() in kept])
    for section, specs in freeze_modules.FROZEN
]
modules = list(freeze_modules.parse_frozen_specs())
freeze_modules.regen_makefile(modules)
freeze_modules.regen_frozen(modules, False)
"""


def build_python(
    tree: Path, work: Path, libraries: Path, *, environment: Mapping[str, str]
) -> Path:
    """Compile CPython.

    Parameters
    ----------
    tree : Path
        CPython's unpacked source.
    work : Path
        Folder for what is compiled; what it held is removed.
    libraries : Path
        The folder that `build_libraries` made.
    environment : mapping of str to str
        From `wrap_compiler`.

    Returns
    -------
    Path
        The prefix: ``bin/python3.11``, ``include/python3.11``, ``lib/python3.11`` and the archive
        ``lib/libpython3.11.a``. It may be moved.

    Raises
    ------
    ToolError
        When its recipe fails.
    """
    source, stage = work / "source", work / "stage"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # Compiled where the source is, because the recipe writes the way from the one to the other
    # into the library.
    shutil.copytree(tree, source, symlinks=True)
    freezer = [sys.executable, "-c", _FREEZE, *_FROZEN]
    run_in(source, {**environment, "PYTHONPATH": str(source / "Tools/scripts")}, *freezer)
    # For the same reason, a link instead of the libraries' own place.
    (source / "libraries").symlink_to(libraries)
    flags = {
        "CPPFLAGS": "-Ilibraries/include",
        "LDFLAGS": "-Llibraries/lib",
        # What Debian's Python has, without its information for debuggers.
        "OPT": "-DNDEBUG -fwrapv -O2",
        # It becomes a part of an executable, and of nothing else.
        "CFLAGS": "-fPIE",
    }
    run_in(
        source,
        {**environment, **flags},
        "./configure",
        *(f"--prefix={_PREFIX}", "--build=x86_64-linux-gnu", "--disable-shared"),
        *("--without-ensurepip", "--disable-test-modules", "--with-openssl=libraries"),
        # Of the machine that compiles, these ask; the sysroot answers the rest.
        *("ac_cv_file__dev_ptmx=yes", "ac_cv_file__dev_ptc=no", "PKG_CONFIG=false"),
    )
    shutil.copyfile(SETUP, source / "Modules/Setup.local")
    make(source, environment)
    made = ("altbininstall", "inclinstall", "oldsharedinstall")
    make(source, environment, *made, f"DESTDIR={stage}")
    prefix = stage / _PREFIX.lstrip("/")
    library = prefix / "lib" / f"python{VERSION}"
    shutil.copyfile(source / f"libpython{VERSION}.a", prefix / "lib" / f"libpython{VERSION}.a")
    shutil.copytree(source / "Lib", library, ignore=_unused(source / "Lib"), dirs_exist_ok=True)
    _copy_settings(source, library)
    _compile(prefix, library, environment)
    return prefix


def _unused(root: Path) -> Callable[[str, list[str]], set[str]]:
    """Return what tells `shutil.copytree` which files of the library below `root` stay out."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        place = Path(folder).relative_to(root)
        return {name for name in names if (place / name).as_posix() in _UNUSED or name in _UNUSED}

    return ignored


def _copy_settings(source: Path, library: Path) -> None:
    """Copy the settings that `sysconfig` tells, and take this machine's folders out of them."""
    build = source / (source / "pybuilddir.txt").read_text().strip()
    for path in build.glob("_sysconfigdata*.py"):
        text = path.read_text().replace(str(source), _PREFIX)
        (library / path.name).write_text(text)


def _compile(prefix: Path, library: Path, environment: Mapping[str, str]) -> None:
    """Compile the library's modules, so that Nuitka need not at each start."""
    # By hash and not by time, which no two builds have in common.
    mode = ("--invalidation-mode", "unchecked-hash", "-s", str(library), "-p", _PREFIX)
    words = ("-I", "-B", "-m", "compileall", "-q", "-f", *mode, str(library))
    run_in(prefix, environment, prefix / "bin" / f"python{VERSION}", *words)
