"""Where the bytes of what is given away are: of the wheel, the program's folders, the AppImages.

The components of an artefact add up to its bytes, as do its files. Both count what the bytes are
there: compressed in the wheel and in an AppImage, as they are in a folder. Sections, object files
and symbols are of the files as they are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.appimage import measure_appimage
from benchmarks.sizes.program import find_executable_map, measure_folder
from benchmarks.sizes.wheel import EXTENSION_START, measure_wheel, object_roots
from buildkit.errors import InputError
from buildkit.places import build_cache
from native_build.editions import EDITIONS
from native_build.freeze import EXECUTABLE

WHEEL = "wheel"


def folder_name(edition: str) -> str:
    """Return the artefact's name: the folder of an edition's program."""
    return f"{edition} folder"


def appimage_name(edition: str) -> str:
    """Return the artefact's name: the AppImage of an edition."""
    return f"{edition} AppImage"


def measure_sizes(checkout: Path) -> dict[str, ArtefactSizes]:
    """Return the sizes of all that was built in `checkout`, by the artefacts' names.

    Raises
    ------
    InputError
        When something is not built, or not of what lies beside it.
    BuildError
        When a file cannot be read.
    """
    linked, roots = checkout / "build/torch/linked", object_roots(checkout)
    wheels = sorted((checkout / "dist").glob("torch-*.whl"))
    if len(wheels) != 1:
        raise InputError(f"there are {len(wheels)} wheels in {checkout / 'dist'}", "run make")
    sizes = {WHEEL: measure_wheel(wheels[0], linked, roots)}
    for name, edition in EDITIONS.items():
        folder = checkout / "build/native/program" / name
        executable_map = find_executable_map(
            folder / EXECUTABLE,
            [checkout / "build/native/frozen/transcriber.dist", *_kept_parts()],
        )
        program = measure_folder(folder, executable_map, linked, roots)
        sizes[folder_name(name)] = program.sizes
        appimage = checkout / "dist" / edition.appimage
        sizes[appimage_name(name)] = measure_appimage(appimage, folder, program)
    return sizes


def lacks_details(sizes: Mapping[str, ArtefactSizes]) -> bool:
    """Tell whether the wheel, or the folder of a program, has no symbols of PyTorch's module.

    So it is where PyTorch came from the build cache: the linker's map is beside what was linked.
    """
    looked_into = {WHEEL, *map(folder_name, EDITIONS)}
    return any(
        not any(name.startswith(EXTENSION_START) for name in one.symbols)
        for artefact, one in sizes.items()
        if artefact in looked_into
    )


def _kept_parts() -> list[Path]:
    return sorted((build_cache() / "native").glob("frozen-*"))
