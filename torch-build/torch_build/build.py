"""Build the wheel: all stages after the trace, one after the other."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import buildkit
from buildkit import edits, unpack
from buildkit.commands import say
from buildkit.components import licence_expression, runtime_components
from buildkit.errors import ToolError
from buildkit.fetch import fetch
from buildkit.files import make_directory
from buildkit.licences import collect_licences
from buildkit.sbom import write_sbom
from buildkit.source_trees import provide_trees
from buildkit.sources import Sources, read_sources
from buildkit.stages import stage
from buildkit.system_packages import install
from buildkit.toolchain import Toolchain, provide_toolchain
from buildkit.wheel import make_wheel
from torch_build.compile import Includes, compile_objects
from torch_build.components import PLACES, torch_components
from torch_build.generate import VERSION, generate
from torch_build.link import MODULE, link
from torch_build.metadata import torch_metadata
from torch_build.python_side import make_python_side
from torch_build.recipe import EDITS, RECIPE, SOURCES
from torch_build.size_report import write_size_report

LOCAL_VERSION = f"{VERSION}+whisper.cpu"
WHEEL = f"torch-{LOCAL_VERSION}-cp311-cp311-linux_x86_64.whl"
REPORTS = ("size-report.json", "size-report.md")

KIT = Path(buildkit.__file__).resolve().parent
"""What every build uses. All of it counts: what is forgotten would give an old wheel for a new."""


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where a build works and where its results go."""

    work: Path
    """Everything in between, hundreds of megabytes."""
    output: Path
    """The wheel and the size report."""
    cache: Path
    """Downloads and finished wheels; it outlives the checkout."""


def provide_wheel(folders: Folders) -> Path:
    """Return the wheel, from the cache when one was built of the same inputs.

    Raises
    ------
    BuildError
        When a stage fails.
    """
    sources = read_sources(SOURCES)
    tools = provide_toolchain(folders.cache)
    kept = folders.cache / "torch" / build_key(sources, tools)
    names = (WHEEL, *REPORTS)
    if not all((kept / name).is_file() for name in names):
        build(folders, sources, tools)
        _keep(folders.output, kept, names)
    make_directory(folders.output)
    for other in folders.output.glob("torch-*.whl"):
        if other.name != WHEEL:
            other.unlink()
    for name in names:
        shutil.copyfile(kept / name, folders.output / name)
    return folders.output / WHEEL


def _keep(output: Path, kept: Path, names: Sequence[str]) -> None:
    """Put the results into the cache: all or none, also when two checkouts do so at once."""
    make_directory(kept.parent)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=kept.parent) as incoming:
        whole = Path(incoming, "whole")
        whole.mkdir()
        for name in names:
            shutil.copyfile(output / name, whole / name)
        shutil.rmtree(kept, ignore_errors=True)
        # Another checkout, which built the same, may have been quicker.
        with contextlib.suppress(OSError):
            whole.rename(kept)


def build(folders: Folders, sources: Sources, tools: Toolchain) -> None:
    """Build the wheel and the size report into ``folders.output``."""
    objects = provide_objects(folders, sources, tools)
    with stage("torch: link"):
        module = link(objects, folders.work / "linked", tools)
    with stage("torch: wheel"):
        staged = folders.work / "stage"
        shutil.rmtree(staged, ignore_errors=True)
        make_python_side(folders.work / "source/pytorch", RECIPE / "python/torch", staged / "torch")
        shutil.copyfile(module, staged / "torch" / MODULE)
        (staged / "torch/lib").mkdir()
        library = staged / "torch/lib" / tools.sysroot.openmp_library.name
        shutil.copyfile(tools.sysroot.openmp_library, library)
        pack(folders, sources, staged, tools)


def provide_objects(folders: Folders, sources: Sources, tools: Toolchain) -> list[Path]:
    """Return the objects of ``torch/_C``, compiled as far as they are not yet."""
    trees, generated = folders.work / "source", folders.work / "generated"
    includes = _includes()
    forget_other_objects(folders.work / "objects", tools)
    with stage("torch: sources"):
        fetch(sources, folders.work / "archives", folders.cache)
        _unpack(sources, folders.work / "archives", trees)
    with stage("torch: generate"):
        generate(
            trees / "pytorch",
            RECIPE / "operators.yaml",
            RECIPE / "selection.toml",
            RECIPE / "native",
            generated,
        )
    with stage("torch: compile"):
        return compile_objects(
            trees,
            generated,
            folders.work / "objects",
            tools=tools,
            includes=includes,
            cache=folders.cache,
        )


def pack(folders: Folders, sources: Sources, staged: Path, tools: Toolchain) -> Path:
    """Make the wheel of the folder `staged`, and the size report."""
    components = (*torch_components(sources.all), *runtime_components())
    metadata = torch_metadata(LOCAL_VERSION, licence_expression(components))
    licences, sbom = folders.work / "licences", folders.work / "sbom.json"
    collect_licences(
        components,
        licences,
        sources=folders.work / "source",
        system=tools.sysroot.root,
        places=PLACES,
    )
    write_sbom(sbom, components, subject=metadata, stage=staged)
    make_directory(folders.output)
    wheel = make_wheel(staged, folders.output, metadata=metadata, licences=licences, sbom=sbom)
    report = write_size_report(
        wheel,
        folders.work / "linked/_C.map",
        folders.output,
        roots=(folders.work / "objects", folders.work, RECIPE.parent),
    )
    say(
        f"torch: {wheel.name}: {report.wheel:,} bytes, {report.packed:,} as a tar at xz -9, "
        f"{report.unpacked:,} unpacked"
    )
    return wheel


def build_key(sources: Sources, tools: Toolchain) -> str:
    """Return a digest of everything that decides over the bytes of the wheel."""
    key = hashlib.sha256()
    includes = _includes()
    numpy = (includes.numpy / "numpy/_numpyconfig.h").read_bytes()
    for part in (
        tools.toolchain_key(),
        platform.python_version(),
        *(source.sha256 for source in sources.all),
        *(word for archive in sources.archives for word in archive.digests),
    ):
        key.update(f"{part}\n".encode())
    key.update(numpy)
    for folder in (RECIPE, KIT):
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and _decides(inside):
                key.update(f"{folder.name}/{inside}\n".encode())
                key.update(hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()


def _decides(inside: Path) -> bool:
    """Tell whether a file of the recipe, or of the kit, decides over the bytes of the wheel.

    What traces and verifies does not, and of the CUDA add-on's folders what is exported for it.
    """
    if inside == Path("cuda/exports.txt"):
        return True
    others = ("cuda", "torch_build/cuda", "torch_build/trace", "torch_build/verify")
    beside = inside.suffix == ".md" or "__pycache__" in inside.parts
    return not beside and not any(inside.is_relative_to(other) for other in others)


def forget_other_objects(objects: Path, tools: Toolchain, more: str = "") -> None:
    """Delete objects that another compiler or another checkout made: ninja does not see that."""
    made_by = f"{tools.toolchain_key()}\n{tools.cxx}\n{objects}\n{more}"
    stamp = objects / "made-by.txt"
    if objects.is_dir() and (not stamp.is_file() or stamp.read_text() != made_by):
        shutil.rmtree(objects)
    objects.mkdir(parents=True, exist_ok=True)
    stamp.write_text(made_by)


def _unpack(sources: Sources, archives: Path, trees: Path) -> None:
    provide_trees(sources.archives, archives, trees, edits.read_edits(EDITS))
    for wheel in sources.wheels:
        unpack.unpack_wheel(wheel, archives / wheel.file, trees)


def _includes() -> Includes:
    import numpy as np  # noqa: PLC0415 - only this stage needs it

    python = Path(sysconfig.get_paths()["include"])
    if not (python / "Python.h").is_file():
        package = "libpython{}.{}-dev".format(*sys.version_info)
        say(f"installing the system package {package}")
        if not install([package]):
            raise ToolError(
                f"{python} has no Python.h",
                f"install the system package {package} as root, then give the same command again",
            )
    return Includes(python=python, numpy=Path(np.get_include()))
