"""The lists of modules and data files that get into the native program."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from buildkit.errors import RecipeError

MODULES = Path(__file__).resolve().parent.parent / "modules.txt"
"""The modules of Python and of packages that the program imports, its own left out."""

FILES = MODULES.with_name("files.txt")
"""The data files of packages that the program opens, as paths below their common folder."""

_HEADER = """\
# What the program {verb}, from a trace: `make modules`. The native program has these {what}
# beside its own, and no other.
"""


def write_list(path: Path, names: Sequence[str]) -> None:
    """Write `MODULES` or `FILES`."""
    words = ("imports", "modules") if path.name == MODULES.name else ("opens", "data files")
    head = _HEADER.format(verb=words[0], what=words[1])
    path.write_text(head + "".join(f"{name}\n" for name in names))


def read_list(path: Path = MODULES) -> list[str]:
    """Return what `path`, `MODULES` or `FILES`, lists.

    Raises
    ------
    RecipeError
        When there is no list.
    """
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}", "make it with: make modules") from error
    return [line for line in lines if line and not line.startswith("#")]


def own_modules(program: Path) -> list[str]:
    """Return the names of the modules of the package at `program`, and of its folders of files.

    Python could import such a folder as a package, too, and Nuitka does.
    """
    names = []
    for path in sorted(program.rglob("*")):
        parts = path.relative_to(program.parent).with_suffix("").parts
        if path.suffix == ".py":
            names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
        elif path.is_dir() and path.name.isidentifier() and not (path / "__init__.py").exists():
            names.append(".".join(parts))
    return [name for name in names if "__pycache__" not in name]


def innermost(modules: Sequence[str], packages: Path) -> list[str]:
    """Return those of `modules` that have a file in `packages` and no other of `modules` in them.

    Nuitka finds by itself what an import statement names. Modules that are imported by a name
    computed at run time, or by a module in C, it must be told. A package comes along with its
    modules; to name it would mean all that is in it.
    """
    outer = {name.rpartition(".")[0] for name in modules}
    found = []
    for name in modules:
        place = packages.joinpath(*name.split("."))
        files = [place.with_name(f"{place.name}.py"), place / "__init__.py"]
        files += place.parent.glob(f"{place.name}.*.so")
        if name not in outer and any(file.is_file() for file in files):
            found.append(name)
    return found


def with_parents(modules: Sequence[str]) -> list[str]:
    """Return `modules` and the packages that they are in, each once."""
    names: dict[str, None] = {}
    for module in modules:
        parts = module.split(".")
        names.update({".".join(parts[:end]): None for end in range(1, len(parts) + 1)})
    return list(names)
