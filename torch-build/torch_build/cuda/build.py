"""Build the CUDA add-on: all stages, one after the other."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit import unpack
from buildkit.commands import say
from buildkit.fetch import fetch
from buildkit.files import make_directory
from buildkit.package_pins import read_pins
from buildkit.sources import read_sources
from buildkit.stages import stage
from buildkit.toolchain import Toolchain, provide_toolchain
from torch_build import build as core_build
from torch_build import link as core_link
from torch_build.abi import EXPORTS, abi_name
from torch_build.build import Folders
from torch_build.cuda import link as linking
from torch_build.cuda.compile import ARCHITECTURES, Places, compile_units
from torch_build.cuda.contents import write_report
from torch_build.cuda.description import SOURCES, Origins, describe
from torch_build.cuda.generate import Recipe, Units, generate
from torch_build.cuda.toolkit import PINS as TOOLKIT_PINS
from torch_build.cuda.toolkit import Toolkit, host_compiler_version, provide_toolkit
from torch_build.recipe import RECIPE
from torch_build.recipe import SOURCES as CORE_SOURCES

FOLDER = RECIPE / "cuda"

PARTS = ("libtorch_cuda.so", "sbom.json", "report.json")
"""What the add-on's folder has, beside the folder ``licences``."""


@dataclass(frozen=True, kw_only=True)
class CudaFolders:
    """Where a build of the add-on works and where its results go.

    Attributes
    ----------
    core : Folders
        Those of the build of the wheel, whose objects the add-on is linked against.
    work : Path
        Everything in between.
    output : Path
        The add-on: the library, its licences, its bill of materials and the report.
    """

    core: Folders
    work: Path
    output: Path


def provide_addon(folders: CudaFolders) -> Path:
    """Return the folder with the add-on, from the build cache when it has been built already.

    Raises
    ------
    BuildError
        When a stage fails.
    """
    cache = folders.core.cache
    tools = provide_toolchain(cache)
    kept = cache / "torch-cuda" / build_key(tools)
    if not all((kept / name).is_file() for name in PARTS):
        build(folders, tools)
        # The list of exports may have changed, and the key with it.
        kept = cache / "torch-cuda" / build_key(tools)
        _keep(folders.output, kept)
    shutil.rmtree(folders.output, ignore_errors=True)
    shutil.copytree(kept, folders.output)
    return folders.output


def _keep(output: Path, kept: Path) -> None:
    """Put the add-on into the cache: all or nothing, also when two checkouts do so at once."""
    make_directory(kept.parent)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=kept.parent) as incoming:
        whole = Path(incoming, "whole")
        shutil.copytree(output, whole)
        shutil.rmtree(kept, ignore_errors=True)
        # Another checkout, which built the same, may have been quicker.
        with contextlib.suppress(OSError):
            whole.rename(kept)


def build(folders: CudaFolders, tools: Toolchain) -> None:
    """Build the add-on into ``folders.output``; write ``exports.txt`` anew."""
    toolkit = provide_toolkit(folders.core.cache)
    sources = read_sources(SOURCES)
    core_objects = core_build.provide_objects(folders.core, read_sources(CORE_SOURCES), tools)
    with stage("torch: cuda: sources"):
        fetch(sources, folders.work / "archives", folders.core.cache)
        for wheel in sources.wheels:
            unpack.unpack_wheel(
                wheel, folders.work / "archives" / wheel.file, folders.work / "source"
            )
    places = Places(
        sources=folders.core.work / "source",
        generated=folders.work / "generated",
        cutlass=folders.work / "source/cutlass/cutlass_library/source/include",
        python=Path(sysconfig.get_paths()["include"]),
    )
    recipe = Recipe(
        operators=FOLDER / "operators.yaml",
        selection=FOLDER / "selection.toml",
        edits=FOLDER / "edits.toml",
        native=FOLDER / "native",
        absent=RECIPE / "native/absent.cpp",
    )
    with stage("torch: cuda: generate"):
        units = generate(places.sources / "pytorch", recipe, places.generated)

    def compiled(what: Units) -> list[Path]:
        return compile_units(
            what,
            places,
            folders.work / "objects",
            tools=tools,
            toolkit=toolkit,
            cache=folders.core.cache,
        )

    core_build.forget_other_objects(folders.work / "objects", tools, host_compiler_version())
    with stage("torch: cuda: compile"):
        objects = compiled(units)
        entries = linking.write_entry_points(
            places.generated,
            objects,
            folders.work / "linked",
            tools=tools,
            runtime=toolkit.runtime,
        )
        objects = compiled(Units(device=units.device, host=(*units.host, *entries)))
    with stage("torch: cuda: link"):
        library = link_addon(objects, core_objects, folders, tools=tools, toolkit=toolkit)
    with stage("torch: cuda: add-on"):
        shutil.rmtree(folders.output, ignore_errors=True)
        folders.output.mkdir(parents=True)
        shutil.copyfile(library, folders.output / library.name)
        # NVIDIA's program fails at an object without a kernel.
        kernels = [path for path in objects if path.name.endswith(".cu.o")]
        write_report(kernels, folders.output / "report.json", toolkit=toolkit)
        describe(
            library,
            folders.output,
            Origins(
                core=places.sources,
                own=folders.work / "source",
                toolkit=toolkit.root,
                sysroot=tools.sysroot.root,
            ),
        )


def link_addon(
    objects: Sequence[Path],
    core_objects: Sequence[Path],
    folders: CudaFolders,
    *,
    tools: Toolchain,
    toolkit: Toolkit,
) -> Path:
    """Link the add-on, and ``torch/_C`` with the exports that it needs; return the add-on."""
    needed = linking.find_needed(
        objects, core_objects, folders.work / "linked", tools=tools, runtime=toolkit.runtime
    )
    if linking.write_exports(EXPORTS, needed.exports):
        say(f"cuda: {EXPORTS.name} has changed: {abi_name()}; the wheel is to be built again")
    core = core_link.link(core_objects, folders.core.work / "linked", tools)
    return linking.link(
        objects,
        needed,
        core,
        folders.work / "linked",
        tools=tools,
        runtime=toolkit.runtime,
    )


def build_key(tools: Toolchain) -> str:
    """Return a digest of everything that decides over the bytes of the add-on."""
    key = hashlib.sha256()
    # Its symbols, and the modules and sources that both builds share.
    core = core_build.build_key(read_sources(CORE_SOURCES), tools)
    parts = [core, abi_name(), host_compiler_version(), read_pins(TOOLKIT_PINS).key()]
    parts += [*ARCHITECTURES, *(source.sha256 for source in read_sources(SOURCES).all)]
    for part in parts:
        key.update(f"{part}\n".encode())
    places = (FOLDER, Path(__file__).parent)
    for path in sorted(path for place in places for path in place.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md":
            key.update(f"{path.relative_to(RECIPE)}\n".encode())
            key.update(hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()
