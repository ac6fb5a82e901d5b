"""Describe the add-on: the licences of everything in it, and its bill of materials."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from buildkit.components import Component, Subject, runtime_components, source_components
from buildkit.licences import Texts, collect_licences
from buildkit.package_pins import read_pins
from buildkit.sbom import write_sbom
from buildkit.sources import read_sources
from torch_build.components import PLACES, torch_components
from torch_build.cuda.toolkit import PINS
from torch_build.generate import VERSION
from torch_build.metadata import NAME, SUMMARY
from torch_build.recipe import SOURCES as CORE_SOURCES

SOURCES = Path(__file__).resolve().parents[2] / "cuda/sources.toml"

INSIDE = "torch/lib/libtorch_cuda.so"

_CORE = ("pytorch", "fmt", "pybind11")
"""Sources of ``torch/_C`` whose code is in the add-on too."""

_PLACES = {
    "cutlass": Texts(source="cutlass", patterns=("*.dist-info/**/LICENSE*",)),
    "cuda-runtime": Texts(patterns=("licences/nvidia-cuda-dev.txt",)),
    "cccl": Texts(patterns=("licences/libcub-dev.txt",)),
}


@dataclass(frozen=True, kw_only=True)
class Origins:
    """Where the licence texts are.

    Attributes
    ----------
    core : Path
        The folder with the source trees of ``torch/_C``.
    own : Path
        The folder with the source trees of the add-on alone.
    toolkit : Path
        NVIDIA's toolkit.
    sysroot : Path
        The system that is compiled for.
    """

    core: Path
    own: Path
    toolkit: Path
    sysroot: Path


def describe(library: Path, output: Path, origins: Origins) -> None:
    """Write the folder ``licences`` and ``sbom.json`` into `output`.

    Raises
    ------
    ToolError
        When a text is missing or not that of the licence stated.
    """
    core = [one for one in torch_components(read_sources(CORE_SOURCES).all) if one.name in _CORE]
    own = source_components(read_sources(SOURCES).all)
    system = [one for one in runtime_components() if one.name == "gcc-runtime"]
    groups = (
        (tuple(core), origins.core, origins.sysroot, PLACES),
        (own, origins.own, origins.sysroot, _PLACES),
        (toolkit_components(), origins.own, origins.toolkit, _PLACES),
        (tuple(system), origins.core, origins.sysroot, PLACES),
    )
    licences = output / "licences"
    shutil.rmtree(licences, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="licences-") as temporary:
        for number, (components, sources, root, places) in enumerate(groups):
            part = Path(temporary, str(number))
            collect_licences(components, part, sources=sources, system=root, places=places)
            shutil.copytree(part, licences, dirs_exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stage-") as stage:
        copy = Path(stage, INSIDE)
        copy.parent.mkdir(parents=True)
        shutil.copyfile(library, copy)
        write_sbom(
            output / "sbom.json",
            tuple(one for components, *_ in groups for one in components),
            subject=Subject(
                name=NAME, version=f"{VERSION}+whisper.cuda", licence="", summary=SUMMARY
            ),
            stage=Path(stage),
        )


def toolkit_components() -> tuple[Component, ...]:
    """Return what of NVIDIA's packages is in the add-on."""
    packages = {package.name: package for package in read_pins(PINS).packages}
    runtime, templates = packages["nvidia-cuda-dev"], packages["libcub-dev"]
    return (
        Component(
            name="cuda-runtime",
            version=runtime.version,
            licence="LicenseRef-NVIDIA-CUDA-EULA",
            purpose="the CUDA runtime, linked statically, which its licence lets programs do",
            supplier="NVIDIA Corporation",
            sha256=runtime.sha256,
            purl=f"pkg:deb/debian/nvidia-cuda-toolkit@{runtime.version}?arch=source",
        ),
        Component(
            name="cccl",
            version=templates.version,
            licence="Apache-2.0 AND BSD-3-Clause",
            purpose="CUB, Thrust and libcu++: sorting and sums in the kernels",
            supplier="NVIDIA Corporation",
            sha256=templates.sha256,
            purl=f"pkg:deb/debian/cccl@{templates.version}?arch=source",
        ),
    )
