"""Find out what the program imports and opens: run it in all its ways and look.

``python -m native_build.module_trace --models DIR --checkpoints DIR --speech DIR`` writes the lists
that `freeze` and `prune` read. They are a reviewed part of the repository; tests fail when a
fresh trace finds other ones, and when the program imports what they lack.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import BuildError, ToolError
from native_build.module_list import FILES, MODULES, own_modules, write_list
from native_build.program_packages import LEFT_OUT
from native_build.traced_runs import Material, runs, served
from native_build.traced_service import ask_everything
from transcriber.errors import TranscriberError

RECORDER = Path(__file__).with_name("module_recorder")
PROGRAM = Path(__file__).resolve().parent.parent.parent / "transcriber"

NOT_THE_PROGRAMS = frozenset(
    {"__main__", "__mp_main__", "sitecustomize", "usercustomize", "site", "_distutils_hack"}
)
"""Modules of the traced process that a frozen program has no use for."""

RARE = (
    # http.client and urllib encode a host's name and a header with these, by name.
    "encodings.ascii",
    "encodings.idna",
    "encodings.latin_1",
    "stringprep",
    # zipfile decodes names without the UTF-8 mark with it.
    "encodings.cp437",
    # Of a terminal or a file system that is not set to UTF-8.
    "encodings.iso8859_1",
    "encodings.utf_8_sig",
    "encodings.utf_16",
    "encodings.utf_16_le",
    # Python itself when a warning or an uncaught error is shown.
    "linecache",
    "traceback",
    "tracemalloc",
    # Of a proxy with a password, and of an address with a number for a host.
    "base64",
    "getpass",
    "ipaddress",
    # Loaded when an error is worded, a date parsed or a closest name looked for.
    "_strptime",
    "difflib",
)
"""Modules that are imported where a trace does not get: each with when."""


@dataclass(frozen=True, kw_only=True)
class Used:
    """What the program used, each in alphabetical order.

    Attributes
    ----------
    modules : tuple of str
        The modules that it imported, its own left out.
    files : tuple of str
        The data files of packages that it opened: paths below site-packages, or below the
        folder that holds the program's package.
    """

    modules: tuple[str, ...]
    files: tuple[str, ...]


def trace_program(python: Path, material: Material) -> Used:
    """Run the program in all its ways and return what it used.

    Parameters
    ----------
    python : Path
        The interpreter of the environment with the program's packages.

    Raises
    ------
    ToolError
        When a run ends with another exit code than it should.
    """
    with tempfile.TemporaryDirectory(prefix="modules-") as temporary:
        notes, scratch = Path(temporary, "notes"), Path(temporary, "scratch")
        notes.mkdir()
        scratch.mkdir()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(RECORDER), str(PROGRAM.parent)]),
            "MODULE_RECORDER": str(notes),
            "XDG_CACHE_HOME": str(scratch / "cache"),
            "XDG_CONFIG_HOME": str(scratch / "config"),
            "XDG_DATA_HOME": str(scratch / "data"),
            **dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY"), ""),
        }
        with served(material.models) as mirror:
            for code, arguments in runs(material, scratch, mirror):
                command = [str(python), "-m", "transcriber", *arguments]
                done = subprocess.run(
                    command,
                    env=environment,
                    cwd=scratch,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if done.returncode != code:
                    raise ToolError(
                        f"transcriber {' '.join(arguments)} ended with exit code "
                        f"{done.returncode} instead of {code}: {done.stderr.strip()[-300:]}"
                    )
            ask_everything([str(python), "-m", "transcriber"], environment, material, scratch)
        return Used(
            modules=_modules(_noted(notes, "modules")),
            files=_data_files(_noted(notes, "files"), python),
        )


def _noted(notes: Path, kind: str) -> set[str]:
    return {line for note in notes.glob(f"*.{kind}") for line in note.read_text().splitlines()}


def _modules(seen: set[str]) -> tuple[str, ...]:
    without = {*own_modules(PROGRAM), *NOT_THE_PROGRAMS}
    kept = {
        name
        for name in seen - without
        if not name.startswith("__editable__") and name.partition(".")[0] not in LEFT_OUT
    }
    return tuple(sorted(kept | set(RARE)))


def _data_files(opened: set[str], python: Path) -> tuple[str, ...]:
    # Not resolved: the interpreter of a virtual environment is a link.
    (packages,) = python.parent.parent.glob("lib/python3*/site-packages")
    files = {
        str(path.relative_to(place))
        for path in map(Path, opened)
        for place, within in ((packages, packages), (PROGRAM.parent, PROGRAM))
        # A program is run, whoever looks into it before.
        if path.is_relative_to(within) and path.is_file() and not os.access(path, os.X_OK)
    }
    return tuple(sorted(name for name in files if _is_data(Path(name))))


def _is_data(path: Path) -> bool:
    """Whether the file at `path`, below site-packages, is neither code nor about a package."""
    about = path.parts[0].endswith((".dist-info", ".pth", ".egg-link"))
    return not about and path.suffix not in {".py", ".pyc", ".so"}


def main(words: Sequence[str] | None = None) -> int:
    """Trace, and write the list."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--speech", type=Path, required=True)
    given = parser.parse_args(words)
    recordings = sorted(given.speech.glob("*.wav"), key=lambda path: path.stat().st_size)
    material = Material(
        models=given.models.absolute(),
        checkpoints=given.checkpoints.absolute(),
        recordings=tuple(path.absolute() for path in recordings),
    )
    try:
        used = trace_program(Path(sys.executable), material)
        write_list(MODULES, used.modules)
        write_list(FILES, used.files)
    except (BuildError, TranscriberError) as error:
        print(f"native-build: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
