"""The sources that a Python of the system runs: ours, and openai-whisper's.

Which they are follows from their import statements, beginning with `other_pythons.worker`. Where
the program runs from its own sources they are read as they lie there; the build packs them into a
file for the native program, which has none.
"""

from __future__ import annotations

import ast
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from transcriber.beside import native_executable
from transcriber.errors import DependencyError
from transcriber.machine.packages import module_file

MAIN = "transcriber.other_pythons.worker"
BOOTSTRAP = "transcriber.other_pythons.bootstrap"

BUNDLE = "transcriber/other_pythons/sources.zip"
"""The packed sources, below the native program's folder: beside this module."""

_PACKAGES = ("transcriber", "whisper")

STAND_INS = frozenset({"whisper.transcribe", "whisper.triton_ops"})
"""Parts of openai-whisper that the worker does without: a command line, and kernels for Triton."""

LEFT_TO_PARENT = frozenset({"transcriber.models.registry"})
"""What the worker's modules import for the program only: Python 3.8 could not run it."""

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip file can hold: the same sources are to be the same bytes."""

Places = Mapping[str, Path]


def read_sources() -> dict[str, str]:
    """Return the text of every module, by the module's path such as ``whisper/audio.py``."""
    if native_executable() is None:
        return gather(installed_places())
    # It is a plain file: zipfile takes no other that is not open.
    with (
        resources.files("transcriber.other_pythons")
        .joinpath(Path(BUNDLE).name)
        .open("rb") as stream,
        zipfile.ZipFile(stream) as bundle,
    ):
        return {name: bundle.read(name).decode() for name in bundle.namelist()}


def write_bundle(target: Path, places: Places) -> None:
    """Pack the sources for the native program.

    Stored, not compressed: the AppImage compresses them better together.

    Parameters
    ----------
    target : Path
        The file to write.
    places : mapping of str to Path
        The folders of the packages ``transcriber`` and ``whisper``.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as bundle:
        for name, text in gather(places).items():
            information = zipfile.ZipInfo(name, _DATE)
            bundle.writestr(information, without_docstrings(text))


def start_message(sources: Mapping[str, str], whisper: Path) -> bytes:
    """Return the first line that the bootstrap reads.

    Parameters
    ----------
    sources : mapping of str to str
        What `read_sources` returned.
    whisper : Path
        The folder of the package ``whisper``, in whose ``assets`` the vocabularies are.
    """
    modules = {}
    for path, text in sources.items():
        package, _, rest = path.partition("/")
        place = whisper / rest if package == "whisper" else Path(path)
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        modules[name] = (str(place), text)
    return json.dumps({"main": MAIN, "sources": modules}).encode() + b"\n"


def installed_places() -> dict[str, Path]:
    """Return the folders of the packages, as they are installed."""
    return {name: package_folder(name) for name in _PACKAGES}


def package_folder(name: str) -> Path:
    """Return the folder of an installed package.

    Raises
    ------
    DependencyError
        When it is not there.
    """
    file = module_file(name)
    if file is None:
        raise DependencyError(f"the package {name} is missing", "install the program again")
    return file.parent


def gather(places: Places) -> dict[str, str]:
    """Return the text of the modules that `MAIN` and the bootstrap import, and that of those."""
    found: dict[str, str] = {}
    waiting = [*_with_parents(MAIN), *_with_parents(BOOTSTRAP)]
    while waiting:
        name = waiting.pop()
        path = _file(name, places)
        key = _key(name, path, places) if path else ""
        if path is None or key in found or name in STAND_INS | LEFT_TO_PARENT:
            continue
        found[key] = path.read_text(encoding="utf-8")
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += imported(found[key], package)
    return dict(sorted(found.items()))


def imported(text: str, package: str) -> set[str]:
    """Return the names of the modules that a module may import, with the packages around them.

    Parameters
    ----------
    text : str
        Its source.
    package : str
        The package that it is in, which relative imports begin with.
    """
    names: set[str] = set()
    for node in _running(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = parts[: len(parts) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            # What is imported from a package may be a module of it.
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return {parent for name in names for parent in _with_parents(name)}


def without_docstrings(text: str) -> str:
    """Return a source without docstrings and comments: half of its bytes, which nobody reads."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            # A text of its own does nothing, be it the docstring or that of a constant.
            node.body = [  # type: ignore[attr-defined]
                one for one in body if not _is_text(one)
            ] or ([ast.Pass()] if body else [])
    return ast.unparse(tree) + "\n"


def _is_text(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through a tree, but not into what is for type checkers only."""
    yield node
    children: Sequence[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
        children = node.orelse
    for child in children:
        yield from _running(child)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[: count + 1]) for count in range(len(parts)))


def _file(name: str, places: Places) -> Path | None:
    package, *inner = name.split(".")
    if package not in places:
        return None
    path = places[package].joinpath(*inner)
    files = [path / "__init__.py", path.with_name(f"{path.name}.py")]
    return next((file for file in files if file.is_file()), None)


def _key(name: str, path: Path, places: Places) -> str:
    package = name.partition(".")[0]
    return f"{package}/{path.relative_to(places[package]).as_posix()}"
