"""Where the bytes of an AppImage are: of its runtime, and of the compressed files behind it."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.components import APPIMAGE_RUNTIME, component_totals, file_component
from benchmarks.sizes.linked import Piece, largest_first, of_file, section_sizes
from benchmarks.sizes.program import ProgramSizes
from benchmarks.sizes.squashfs import apportion, image_files, packed_weight
from buildkit.elf_sections import elf_sections
from buildkit.errors import InputError, ResultError
from native_build.app_dir import INSIDE
from torch_build.size_components import OTHER

FILE_SYSTEM = "file system's tables"
"""What belongs to no file."""


def measure_appimage(appimage: Path, folder: Path, program: ProgramSizes) -> ArtefactSizes:
    """Return the sizes of an AppImage.

    The bytes of a file in it are those of its compressed blocks, which the image's tables give.
    Where a block has parts of several components, it is divided by the `packed_weight` of each:
    such shares, and those of small files that were compressed together, are estimates.

    Parameters
    ----------
    appimage : Path
        The file.
    folder : Path
        The folder that was packed into it.
    program : ProgramSizes
        The sizes of that folder.

    Raises
    ------
    BuildError
        When the file is missing, or of another folder; or when it cannot be read.
    """
    try:
        content = appimage.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {appimage}: {error.strerror}", "run make") from error
    head = _elf_end(content)
    files: Counter[str] = Counter({APPIMAGE_RUNTIME: head})
    components: list[tuple[str, int]] = [(APPIMAGE_RUNTIME, head)]
    for one in image_files(content[head:]):
        name = one.path.removeprefix(f"{INSIDE}/")
        files[name] += sum(packed for _, packed in one.blocks)
        parts = program.pieces.get(name) if name != one.path else None
        if parts is not None and sum(part.size for part in parts) != one.size:
            raise ResultError(f"{appimage.name} was made of another {name}", "run make")
        if parts is None or len(parts) == 1:
            components.append((parts[0].origin if parts else file_component(name), files[name]))
        else:
            plain = (folder / name).read_bytes()
            components += _divided_blocks(plain, parts, one.blocks)
    rest = len(content) - files.total()
    return ArtefactSizes(
        bytes=len(content),
        components=component_totals([*components, (OTHER, rest)]),
        files=largest_first(files + Counter({FILE_SYSTEM: rest})),
        sections=of_file(APPIMAGE_RUNTIME, section_sizes(content[:head])),
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
) -> list[tuple[str, int]]:
    """Return the components of a file's compressed `blocks`, and their bytes."""
    result: list[tuple[str, int]] = []
    start = 0
    waiting = list(parts)
    for plain, packed in blocks:
        end = start + plain
        inside: dict[str, list[bytes]] = {}
        for part in waiting:
            first, last = max(start, part.offset), min(end, part.offset + part.size)
            if first < last:
                inside.setdefault(part.origin, []).append(content[first:last])
        waiting = [part for part in waiting if part.offset + part.size > end]
        weights = [packed_weight(b"".join(some)) for some in inside.values()]
        result += zip(inside, apportion(packed, weights), strict=True)
        start = end
    return result
