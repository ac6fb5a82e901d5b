"""Stage packages: gather what the program imports in one folder, as site-packages has it."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from importlib.metadata import Distribution, distributions
from pathlib import Path

from buildkit.capture import capture
from buildkit.edits import apply, by_path, read_edits
from buildkit.errors import InputError, RecipeError
from native_build.vocabularies import pack_vocabulary

BUILT = frozenset({"imageio-ffmpeg", "numpy"})
"""Requirements that do not come as they are: ffmpeg and numpy are built for this program."""

LEFT_OUT = frozenset({"regex"})
"""Requirements that are not there: tiktoken takes the standard library's `re` in its place."""

STAND_INS = {
    "tiktoken": Path(__file__).resolve().parents[1] / "python/_tiktoken.py",
}
"""Of a package, the module of ours in Python that takes the place of one in Rust, of that name."""

EDITS = Path(__file__).resolve().parents[1] / "package-edits.toml"
"""Our changes in the files of the packages."""


def gather_packages(
    requirements: Path, installed: Path, torch: Path, numpy: Path, output: Path, *, strip: Path
) -> Path:
    """Make the folder of packages.

    Parameters
    ----------
    requirements : Path
        The pinned requirements of the program.
    installed : Path
        A folder site-packages with exactly those.
    torch : Path
        The wheel of the stripped PyTorch.
    numpy : Path
        The folder that holds the package ``numpy`` without a BLAS.
    output : Path
        What it held is replaced.
    strip : Path
        GNU's program of that name. It runs here, because what comes later changes the files in
        a way that it does not always understand.

    Raises
    ------
    InputError
        When a required package is not installed, an edit does not fit, or a vocabulary has another
        form.
    """
    found = {_normal(one.name): one for one in distributions(path=[str(installed)])}
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=output.parent) as temporary:
        folder = Path(temporary, "whole")
        for name in required_names(requirements):
            if name not in found:
                raise InputError(f"{installed} has no {name}", "run: make setup")
            if name in LEFT_OUT:
                continue
            _copy(found[name], installed, folder, only_metadata=name in BUILT)
            if name in STAND_INS:
                _replace(folder / name, STAND_INS[name])
        shutil.copytree(numpy / "numpy", folder / "numpy")
        with zipfile.ZipFile(torch) as wheel:
            # zipfile itself takes absolute paths and parent folders out of the names.
            wheel.extractall(folder)
        _edit(folder)
        for vocabulary in folder.glob("whisper/assets/*.tiktoken"):
            vocabulary.write_bytes(pack_vocabulary(vocabulary.read_bytes()))
        for library in sorted(folder.rglob("*.so*")):
            capture([strip, "--strip-all", library])
        shutil.rmtree(output, ignore_errors=True)
        folder.rename(output)
    return output


def required_names(requirements: Path) -> list[str]:
    """Return the normalised names of the pinned requirements in a file."""
    names = re.findall(r"(?m)^([A-Za-z0-9._-]+)==", requirements.read_text())
    return [_normal(name) for name in names]


def _replace(package: Path, ours: Path) -> None:
    """Put `ours` in the place of the library of its name in the folder `package`.

    Raises
    ------
    RecipeError
        When there is no such library: then the package is made in another way now.
    """
    libraries = [*package.glob(f"{ours.stem}.*.so")]
    if not libraries:
        raise RecipeError(
            f"{package.name} has no library {ours.stem} any more",
            f"look whether {ours.name} may still stand in for what it has",
        )
    for library in libraries:
        library.unlink()
    shutil.copyfile(ours, package / ours.name)


def _edit(folder: Path) -> None:
    changes = read_edits(EDITS)
    for package in sorted({edit.source for edit in changes if (folder / edit.source).is_dir()}):
        for path, group in by_path(changes, package).items():
            file = folder / package / path
            file.write_text(apply(file.read_text(), group))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _copy(
    distribution: Distribution, installed: Path, output: Path, *, only_metadata: bool
) -> None:
    """Copy the files of a distribution that lie in `installed`; leave out compiled copies."""
    for file in distribution.files or ():
        if file.parts[0] == ".." or "__pycache__" in file.parts:
            continue
        if only_metadata and not file.parts[0].endswith(".dist-info"):
            continue
        target = output.joinpath(*file.parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(installed.joinpath(*file.parts), target)
