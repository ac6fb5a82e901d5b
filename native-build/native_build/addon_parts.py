"""The CUDA add-on as PyTorch's recipe leaves it: a folder with three things, checked here.

``libtorch_cuda.so`` is the shared object, stripped; ``licences`` has a folder of licence texts for
each component in it; ``sbom.json`` is its bill of materials, CycloneDX as `buildkit.sbom` makes
it.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildkit.components import Component
from buildkit.elf_sections import elf_sections, read_dynamic
from buildkit.errors import InputError, ResultError
from native_build.prune import FOR_DEBUGGERS, SYSTEM_LIBRARIES

INSIDE = "torch/lib/libtorch_cuda.so"
"""Where the add-on is in a program or an environment that has it built in."""

ABI = "WHISPER_"
"""What the symbol versions begin with that our PyTorch exports, each build its own."""

_REMEDY = "build the add-on again, for this PyTorch"


@dataclass(frozen=True, kw_only=True)
class AddonParts:
    """The three things in the folder.

    Attributes
    ----------
    library : Path
        The shared object.
    licences : Path
        The folder of licence texts.
    bill : Path
        The bill of materials.
    """

    library: Path
    licences: Path
    bill: Path


def read_parts(folder: Path) -> AddonParts:
    """Return the parts in `folder`.

    Raises
    ------
    InputError
        When one of them is missing.
    """
    parts = AddonParts(
        library=folder / "libtorch_cuda.so", licences=folder / "licences", bill=folder / "sbom.json"
    )
    missing = [path for path in (parts.library, parts.bill) if not path.is_file()]
    if not any(parts.licences.glob("*/*")):
        missing.append(parts.licences)
    if missing:
        raise InputError(
            f"the CUDA add-on has no {missing[0]}", "build it with PyTorch's recipe, torch-build"
        )
    return parts


def check_addon(parts: AddonParts, torch: Path) -> str:
    """Check that the add-on can be loaded by the PyTorch in the wheel `torch`, on any system.

    Returns
    -------
    str
        The symbol version by which both know each other.

    Raises
    ------
    ResultError
        When it was made for another build, needs a library that not every system has, or has what
        only debuggers read.
    """
    content = parts.library.read_bytes()
    addon = read_dynamic(content)
    with zipfile.ZipFile(torch) as wheel:
        file = next(name for name in wheel.namelist() if name.startswith("torch/_C."))
        core = read_dynamic(wheel.read(file))
    asked = sorted(name for name in addon.needed if name.startswith(ABI))
    if len(asked) != 1:
        raise ResultError(
            f"{parts.library} asks for {len(asked)} symbol versions {ABI}* instead of one", _REMEDY
        )
    if asked[0] not in core.defined:
        offered = ", ".join(sorted(name for name in core.defined if name.startswith(ABI))) or "none"
        raise ResultError(
            f"{parts.library} was made for the PyTorch {asked[0]}, and {torch.name} is {offered}",
            _REMEDY,
        )
    for library in addon.libraries:
        # PyTorch's own is loaded already, from wherever it lies.
        if library not in SYSTEM_LIBRARIES and library not in (core.name, Path(file).name):
            raise ResultError(
                f"{parts.library} needs {library}, which not every system has",
                "link it statically",
            )
    for section in elf_sections(content):
        if section.name.startswith(FOR_DEBUGGERS):
            raise ResultError(f"{parts.library} has the section {section.name}", "strip it")
    return asked[0]


def install_addon(parts: AddonParts, torch: Path, program: Path) -> None:
    """Put the shared object into the folder of a program that has the PyTorch of the wheel `torch`.

    Raises
    ------
    ResultError
        As from `check_addon`.
    """
    check_addon(parts, torch)
    target = program / INSIDE
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(parts.library, target)


def addon_components(parts: AddonParts) -> tuple[Component, ...]:
    """Return what the add-on is made of, from its bill of materials.

    Raises
    ------
    InputError
        When it cannot be read, or names a component without a folder of licence texts.
    """
    try:
        entries = json.loads(parts.bill.read_bytes())["components"]
        components = tuple(_component(entry) for entry in entries)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(
            f"{parts.bill} is no bill of materials: {error!r}", "make it again"
        ) from error
    for component in components:
        if not any((parts.licences / component.name).glob("*")):
            raise InputError(
                f"{parts.licences} has no folder {component.name}", "put its licence texts there"
            )
    return components


def _component(entry: Mapping[str, Any]) -> Component:
    return Component(
        name=entry["name"],
        version=entry["version"],
        licence=entry["licenses"][0]["expression"],
        purpose=entry["description"],
        supplier=entry["supplier"]["name"],
        sha256=next((one["content"] for one in entry.get("hashes", [])), ""),
        purl=entry["purl"],
        cpe=entry.get("cpe", ""),
    )
