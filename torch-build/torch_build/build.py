"""Build the wheel: all stages after the trace, one after the other."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.commands import say
from torch_build import edits, unpack
from torch_build.compile import RECIPE, Includes, compile_objects
from torch_build.components import licence_expression, runtime_components, source_components
from torch_build.fetch import fetch
from torch_build.generate import VERSION, generate
from torch_build.licences import collect_licences
from torch_build.link import MODULE, link
from torch_build.packages import install
from torch_build.python_side import make_python_side
from torch_build.sbom import write_sbom
from torch_build.size_report import write_size_report
from torch_build.source_trees import provide_trees
from torch_build.sources import Sources, read_sources
from torch_build.toolchain import Toolchain, provide_toolchain
from torch_build.wheel import Metadata, make_wheel
from transcriber.errors import DependencyError
from transcriber.files import make_directory

LOCAL_VERSION = f"{VERSION}+whisper.cpu"
WHEEL = f"torch-{LOCAL_VERSION}-cp311-cp311-linux_x86_64.whl"
REPORTS = ("size-report.json", "size-report.md")


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
    TranscriberError
        When a stage fails.
    """
    sources = read_sources()
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
    with told("link"):
        module = link(objects, folders.work / "linked", tools)
    with told("wheel"):
        stage = folders.work / "stage"
        shutil.rmtree(stage, ignore_errors=True)
        make_python_side(folders.work / "source/pytorch", RECIPE / "python/torch", stage / "torch")
        shutil.copyfile(module, stage / "torch" / MODULE)
        (stage / "torch/lib").mkdir()
        library = stage / "torch/lib" / tools.sysroot.openmp_library.name
        shutil.copyfile(tools.sysroot.openmp_library, library)
        pack(folders, sources, stage, tools)


def provide_objects(folders: Folders, sources: Sources, tools: Toolchain) -> list[Path]:
    """Return the objects of ``torch/_C``, compiled as far as they are not yet."""
    trees, generated = folders.work / "source", folders.work / "generated"
    includes = _includes()
    forget_other_objects(folders.work / "objects", tools)
    with told("sources"):
        fetch(sources, folders.work / "archives", folders.cache)
        _unpack(sources, folders.work / "archives", trees)
    with told("generate"):
        generate(
            trees / "pytorch",
            RECIPE / "operators.yaml",
            RECIPE / "selection.toml",
            RECIPE / "native",
            generated,
        )
    with told("compile"):
        return compile_objects(
            trees,
            generated,
            folders.work / "objects",
            tools=tools,
            includes=includes,
            cache=folders.cache,
        )


def pack(folders: Folders, sources: Sources, stage: Path, tools: Toolchain) -> Path:
    """Make the wheel of the folder `stage`, and the size report."""
    components = (*source_components(sources.all), *runtime_components())
    metadata = Metadata(
        version=LOCAL_VERSION,
        licence=licence_expression(components),
        requires=("numpy", "typing-extensions>=4.10.0"),
    )
    licences, sbom = folders.work / "licences", folders.work / "sbom.json"
    collect_licences(
        components, licences, sources=folders.work / "source", system=tools.sysroot.root
    )
    write_sbom(sbom, components, metadata=metadata, stage=stage)
    make_directory(folders.output)
    wheel = make_wheel(stage, folders.output, metadata=metadata, licences=licences, sbom=sbom)
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
    for path in sorted(RECIPE.rglob("*")):
        inside = path.relative_to(RECIPE)
        if path.is_file() and _decides(inside):
            key.update(f"{inside}\n".encode())
            key.update(hashlib.sha256(path.read_bytes()).digest())
    return key.hexdigest()


def _decides(inside: Path) -> bool:
    """Tell whether a file of the recipe decides over the bytes of the wheel.

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
    provide_trees(sources.archives, archives, trees, edits.read_edits())
    for wheel in sources.wheels:
        unpack.unpack_wheel(wheel, archives / wheel.file, trees)


def _includes() -> Includes:
    import numpy as np  # noqa: PLC0415 - only this stage needs it

    python = Path(sysconfig.get_paths()["include"])
    if not (python / "Python.h").is_file():
        package = "libpython{}.{}-dev".format(*sys.version_info)
        say(f"installing the system package {package}")
        if not install([package]):
            raise DependencyError(
                f"{python} has no Python.h",
                f"install the system package {package} as root, then give the same command again",
            )
    return Includes(python=python, numpy=Path(np.get_include()))


@contextmanager
def told(stage: str) -> Iterator[None]:
    """Say how long a stage took."""
    start = time.monotonic()
    yield
    say(f"torch: {stage} took {time.monotonic() - start:.1f} s")
