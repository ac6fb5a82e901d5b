"""List the kernels that the add-on's objects hold, and their bytes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from buildkit.capture import capture
from torch_build.cuda.toolkit import Toolkit

_SECTION = re.compile(
    r"^\s+[0-9a-f]+\s+[0-9a-f]+\s+(?P<size>[0-9a-f]+)\s.*\s\.text\.(?P<name>\S+)$", re.MULTILINE
)
_ARCHITECTURE = re.compile(r"^arch = sm_(\d+)\w*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """A kernel's machine code in an object.

    Attributes
    ----------
    name : str
        Mangled.
    architecture : str
        Compute capability without the dot.
    size : int
        Bytes, uncompressed.
    """

    name: str
    architecture: str
    size: int


def list_kernels(path: Path, *, toolkit: Toolkit) -> list[Kernel]:
    """Return the kernels in an object or a library."""
    printed = capture([toolkit.cuobjdump, "-elf", path], environment={"PATH": _path(toolkit)})
    kernels: list[Kernel] = []
    # It prints a part for each architecture, which begins with the architecture's name.
    parts = re.split(r"(?=^Fatbin elf code:$)", printed, flags=re.MULTILINE)
    for part in parts:
        found = _ARCHITECTURE.search(part)
        if found:
            kernels += [
                Kernel(name=one["name"], architecture=found[1], size=int(one["size"], 16))
                for one in _SECTION.finditer(part)
            ]
    return kernels


def write_report(objects: Sequence[Path], path: Path, *, toolkit: Toolkit) -> None:
    """Write a JSON file with every kernel, and the bytes of each architecture."""
    kernels = [one for each in objects for one in list_kernels(each, toolkit=toolkit)]
    content = {"bytes": by_architecture(kernels), "kernels": [asdict(one) for one in kernels]}
    path.write_text(json.dumps(content, indent=1) + "\n")


def by_architecture(kernels: Iterable[Kernel]) -> dict[str, int]:
    """Return the bytes of machine code by architecture."""
    sizes: Counter[str] = Counter()
    for kernel in kernels:
        sizes[kernel.architecture] += kernel.size
    return dict(sorted(sizes.items()))


def _path(toolkit: Toolkit) -> str:
    return f"{toolkit.root / 'bin'}:/usr/bin:/bin"
