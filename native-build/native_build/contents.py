"""Stage contents: the licences and the bill of materials of what is in the program."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import quote

from buildkit.archive import read_folder
from buildkit.components import (
    Component,
    Subject,
    licence_expression,
    runtime_components,
    source_components,
)
from buildkit.errors import RecipeError
from buildkit.licences import PHRASES, Texts, check_texts, collect_licences, identifiers
from buildkit.places import CHECKOUT
from buildkit.sbom import make_sbom, package_url
from buildkit.sources import PythonWheel, Source
from native_build.addon_parts import AddonParts, addon_components
from scripts.layout import DETECTOR
from scripts.pins import Package
from torch_build.components import torch_components
from transcriber import __version__

BILL = "transcriber.cdx.json"
"""Name of the bill of materials."""

LICENCES: Mapping[str, str] = {
    # Their metadata have a name in words, or none.
    "ffmpeg-python": "Apache-2.0",
    "tiktoken": "MIT",
    # What of it gets into the executable is under its exception for that.
    "nuitka": "AGPL-3.0-or-later WITH AdditionRef-Nuitka-Runtime-1.0",
}
"""SPDX expressions of Python packages that do not state one."""

PLACES: Mapping[str, Texts] = {
    # It brings the texts of all licences that it could have, were it configured otherwise.
    "ffmpeg": Texts(source="ffmpeg", patterns=("LICENSE.md", "COPYING.LGPLv2.1")),
    # The set-up took it from the package, beside the weights.
    "silero-vad": Texts(source=str(CHECKOUT / DETECTOR), patterns=("detector-licence.txt",)),
    # Not that of the tools that its own tests are built with.
    "libffi": Texts(source="libffi", patterns=("LICENSE",)),
    "xz": Texts(source="xz", patterns=("COPYING", "COPYING.0BSD")),
}
"""Of an archive's name to the place of its licence texts, where they are not all at its top."""

_TEXT = re.compile(r"LICEN[CS]E|COPYING|NOTICE", flags=re.IGNORECASE)

_SUMMARY = "Speech to text on Linux with OpenAI's Whisper"


@dataclass(frozen=True, kw_only=True)
class TextFolders:
    """Where licence texts are.

    Attributes
    ----------
    trees : Path
        The unpacked sources.
    sysroot : Path
        The files of Debian's packages, which the compiler's libraries are of.
    """

    trees: Path
    sysroot: Path


def write_contents(
    program: Path,
    *,
    archives: Iterable[Source],
    torch_sources: Iterable[Source],
    packages: Path,
    others: Iterable[Distribution],
    texts: TextFolders,
    addon: AddonParts | None = None,
) -> tuple[Component, ...]:
    """Write the folder ``licences`` and the file `BILL` into the folder of the program.

    Parameters
    ----------
    program : Path
        The folder with all other files.
    archives, torch_sources : iterable of Source
        What this recipe's part is made of, and what PyTorch's.
    packages : Path
        A folder like site-packages; everything that is installed there is in the program.
    others : iterable of Distribution
        Further packages of which something is in the program.
    texts : TextFolders
        Where the licence texts of what was compiled are.
    addon : AddonParts, optional
        The CUDA add-on, if it is in the program.

    Returns
    -------
    tuple of Component
        What the bill has.

    Raises
    ------
    RecipeError
        When a licence or its text is missing.
    """
    folder = program / "licences"
    built = source_components(archives)
    collect_licences(built, folder, sources=texts.trees, system=texts.sysroot, places=PLACES)
    names = {component.name for component in built} | {"torch", "imageio-ffmpeg"}
    python = []
    for distribution in (*distributions(path=[str(packages)]), *others):
        if _name(distribution) not in names:
            python.append(python_component(distribution))
            _copy_texts(distribution, python[-1], folder / python[-1].name)
    # PyTorch's recipe has checked them.
    for copied in packages.glob("torch-*.dist-info/licenses/*"):
        shutil.copytree(copied, folder / copied.name)
    if addon:
        # What both are made of has the same texts.
        shutil.copytree(addon.licences, folder, dirs_exist_ok=True)
    components: dict[str, Component] = {}
    for component in (
        *built,
        *python,
        *torch_components(torch_sources),
        *runtime_components(),
        *(addon_components(addon) if addon else ()),
    ):
        # PyTorch's FFT is a file of numpy's archive.
        components.setdefault(package_url(component), component)
    everything = tuple(components.values())
    subject = Subject(
        name="whisper-transcriber",
        version=__version__,
        summary=_SUMMARY,
        licence=f"MIT AND {licence_expression(everything)}",
    )
    bill = make_sbom(everything, subject, read_folder(program), kind="application")
    (program / BILL).write_bytes(bill)
    return everything


def detector_source(package: Package) -> PythonWheel:
    """Return the source of the weights of the speech detector.

    Parameters
    ----------
    package : Package
        The pinned one.
    """
    return PythonWheel(
        name=package.name,
        version=package.version,
        licence="MIT",
        purpose="weights of the network that hears where somebody speaks",
        ships=True,
        supplier="Silero Team",
        file="",
        size=0,
        sha256=package.sha256,
        package=package.name,
    )


def python_component(distribution: Distribution) -> Component:
    """Return the component that a Python package is, from what it says of itself.

    Raises
    ------
    RecipeError
        When it states no licence that is known here.
    """
    name = _name(distribution)
    stated = LICENCES.get(name) or _first_field(distribution, "License-Expression", "License")
    if not set(identifiers(stated)) <= set(PHRASES) or not stated:
        raise RecipeError(
            f"the package {name} states the licence {stated!r}, which is not known here",
            "add it to LICENCES in native_build/contents.py",
        )
    supplier = _first_field(
        distribution, "Author", "Maintainer", "Author-email", "Maintainer-email"
    )
    return Component(
        name=name,
        version=distribution.version,
        licence=stated,
        purpose=_first_field(distribution, "Summary"),
        supplier=re.sub(r"\s*<[^>]*>", "", supplier).strip('"'),
        purl=f"pkg:pypi/{name}@{quote(distribution.version, safe='')}",
    )


def _name(distribution: Distribution) -> str:
    return re.sub(r"[-_.]+", "-", distribution.name).lower()


def _first_field(distribution: Distribution, *names: str) -> str:
    """Return the first of the named metadata that a package states."""
    fields = distribution.metadata
    stated = [fields[name] for name in names if name in fields]
    return next(filter(None, stated), "")


def _copy_texts(distribution: Distribution, component: Component, folder: Path) -> None:
    """Copy the licence texts that a Python package brings.

    Raises
    ------
    RecipeError
        When they are not those of the component's licence.
    """
    texts = {}
    for file in distribution.files or ():
        if file.parts[0].endswith(".dist-info") and _TEXT.match(file.name):
            texts[file.name] = Path(str(file.locate())).read_text(encoding="utf-8")
    check_texts(component, texts, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
