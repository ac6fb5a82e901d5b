"""Where the bytes of an AppImage are: of its runtime, and of the compressed files behind it."""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.components import APPIMAGE_RUNTIME, component_totals, file_component
from benchmarks.sizes.linked import Piece, largest_first, sections_of
from benchmarks.sizes.squashfs import apportion, image_files, packed_weight
from buildkit.elf_sections import elf_sections
from buildkit.errors import ResultError
from native_build.app_dir import INSIDE
from torch_build.size_components import OTHER

FILE_SYSTEM = "file system's tables"
"""What belongs to no file."""


def measure_appimage(
    appimage: Path, folder: Path, pieces: Mapping[str, Sequence[Piece]]
) -> ArtefactSizes:
    """Return the sizes of an AppImage.

    The bytes of a file in it are those of its compressed blocks, which the image's tables give.
    Where a block has parts of several components, it is divided by the `packed_weight` of each:
    such shares, and those of small files that were compressed together, are estimates.

    Parameters
    ----------
    appimage, folder : Path
        The file, and the folder that was packed into it.
    pieces : mapping of str to sequence of Piece
        Of each file in the folder, its parts with their components.

    Raises
    ------
    BuildError
        When the file is of another folder, or no AppImage.
    """
    content = appimage.read_bytes()
    runtime = content[: _elf_end(content)]
    files = Counter({APPIMAGE_RUNTIME: len(runtime)})
    components = [(APPIMAGE_RUNTIME, len(runtime))]
    for one in image_files(content[len(runtime) :]):
        name = one.path.removeprefix(f"{INSIDE}/")
        files[name] += sum(packed for _, packed in one.blocks)
        parts = pieces.get(name, ()) if name != one.path else ()
        if parts and sum(part.size for part in parts) != one.size:
            raise ResultError(f"{appimage.name} was made of another {name}", "run make")
        if len(parts) > 1:
            components += _divided_blocks((folder / name).read_bytes(), parts, one.blocks)
        else:
            component = parts[0].origin if parts else file_component(name)
            components.append((component, files[name]))
    rest = len(content) - files.total()
    return ArtefactSizes(
        bytes=len(content),
        components=component_totals([*components, (OTHER, rest)]),
        files=largest_first({**files, FILE_SYSTEM: rest}),
        sections=sections_of({APPIMAGE_RUNTIME: runtime}),
        objects={},
        symbols={},
    )


def _elf_end(content: bytes) -> int:
    """Return where an ELF file ends: its section headers are the last of it."""
    elf_sections(content)
    (table,) = struct.unpack_from("<Q", content, 0x28)
    size, count = struct.unpack_from("<HH", content, 0x3A)
    return int(table + size * count)


def _divided_blocks(
    content: bytes, parts: Iterable[Piece], blocks: Iterable[tuple[int, int]]
) -> Iterator[tuple[str, int]]:
    """Yield the components of a file's compressed `blocks`, and their bytes."""
    start = 0
    waiting = list(parts)
    for plain, packed in blocks:
        end = start + plain
        inside: dict[str, bytes] = defaultdict(bytes)
        for part in waiting:
            first, last = max(start, part.offset), min(end, part.offset + part.size)
            if first < last:
                inside[part.origin] += content[first:last]
        waiting = [part for part in waiting if part.offset + part.size > end]
        yield from zip(
            inside, apportion(packed, list(map(packed_weight, inside.values()))), strict=True
        )
        start = end
