"""What was carried to the machine with the GPU: found in a folder, and made ready to run."""

from __future__ import annotations

import lzma
import os
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.manifest import Speech, read_manifest
from buildkit.errors import InputError
from buildkit.places import CHECKOUT

ADDON = "libtorch_cuda.so"


class UnavailableError(Exception):
    """A part cannot be run here; the message says why, and what would let it."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What there is to measure: what the command line names, and what was found.

    `site` is a folder with the stripped ``torch``, `addon` the unpacked add-on, `program` an
    AppImage or the native program, and `work` a folder for what comes in between.
    """

    python: Path
    site: Path
    addon: Path
    program: Path | None = None
    models: Path | None = None
    speech: Path | None = None
    model: str = "base"
    stock: Path | None = None
    ctranslate2: Path | None = None
    rounds: int = 6
    work: Path

    def ours(self) -> dict[str, str]:
        """Return the variables with which `python` has the stripped PyTorch and the add-on.

        What the program remembers of a GPU, and what its user chose, has no part in it.
        """
        paths = (self.site, CHECKOUT / "torch-build", CHECKOUT)
        return {
            "PYTHONPATH": ":".join(map(str, paths)),
            "TORCH_CUDA_ADDON": str(self.addon),
            "XDG_CACHE_HOME": str(self.work / "cache"),
            "XDG_CONFIG_HOME": str(self.work / "config"),
        }

    def needed_models(self) -> Path:
        """Return the store of weights; `UnavailableError` where it lacks the model."""
        if self.models is None or not (self.models / f"{self.model}.pt").is_file():
            raise UnavailableError(f"no weights of {self.model}: name their folder with --models")
        return self.models

    def needed_speech(self) -> list[Speech]:
        """Return the recordings; `UnavailableError` where there are none."""
        if self.speech is None or not (self.speech / "manifest.tsv").is_file():
            raise UnavailableError("no recordings: name a folder with a manifest.tsv with --speech")
        return read_manifest(self.speech)

    def needed_stock(self) -> Path:
        """Return the interpreter with stock PyTorch; `UnavailableError` where none was named."""
        if self.stock is None or not self.stock.is_file():
            raise UnavailableError("no Python with stock PyTorch: name one with --stock")
        return self.stock


def find_torch(built: Path, work: Path) -> Path:
    """Return a folder with the stripped ``torch``: unpacked from a wheel, or there already."""
    if wheels := sorted(built.rglob("torch-*.whl")):
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(work / "site")
        return work / "site"
    if folders := sorted(path.parent for path in built.rglob("torch/__init__.py")):
        return folders[0].parent
    raise InputError(f"{built} has no torch-*.whl", "`make torch` builds it, and `make cuda`")


def find_addon(built: Path, work: Path) -> Path:
    """Return the add-on, unpacked where it is compressed."""
    if plain := sorted(built.rglob(ADDON)):
        return plain[0].resolve()
    packed = sorted(built.rglob(f"*{ADDON}*.xz"))
    if not packed:
        raise InputError(f"{built} has no {ADDON} or {ADDON}.xz", "`make cuda` builds it")
    target = work / ADDON
    try:
        with lzma.open(packed[0]) as source, target.open("wb") as unpacked:
            shutil.copyfileobj(source, unpacked)
    except (lzma.LZMAError, EOFError) as error:
        raise InputError(f"{packed[0]} cannot be unpacked: {error}", "carry it again") from error
    return target


def find_program(built: Path) -> Path | None:
    """Return an AppImage or the native program, where there is one."""
    found = [*sorted(built.rglob("*.AppImage")), *sorted(built.rglob("transcriber.bin"))]
    return next((path.resolve() for path in found if os.access(path, os.X_OK)), None)


def child_variables(
    more: Mapping[str, str], environment: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of a child: this one without Python's own settings, and `more`."""
    kept = {name: value for name, value in environment.items() if not name.startswith("PYTHON")}
    return {**kept, **more}
