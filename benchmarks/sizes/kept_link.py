"""What PyTorch's module was linked of, for checkouts whose wheel comes from the build cache."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from buildkit.files import copy_whole, make_directory
from torch_build.link import MODULE

LINKED_MAP = "_C.map"
"""The linker's map of the extension module, beside it."""

_CHECKOUT = "checkout.txt"


@dataclass(frozen=True, kw_only=True)
class Link:
    """A folder with the module and its map, and the checkout that the map's paths are of."""

    folder: Path
    checkout: Path


def find_link(library: bytes, checkout: Path, kept: Path) -> Link:
    """Return where a library was linked, and keep what is there.

    Parameters
    ----------
    library : bytes
        The wheel's extension module.
    checkout : Path
        The present one.
    kept : Path
        Where the last link is kept, outside of any checkout.

    Returns
    -------
    Link
        That of `checkout`, unless only the kept one is of the same module.
    """
    here = Link(folder=checkout / "build/torch/linked", checkout=checkout)
    place = kept / hashlib.sha256(library).hexdigest()[:16]
    made, found = here.folder / MODULE, (place / MODULE).is_file()
    if made.is_file() and made.read_bytes() == library:
        if not found:
            shutil.rmtree(kept, ignore_errors=True)
            make_directory(place)
            (place / _CHECKOUT).write_text(str(checkout))
            # The module last: whoever finds it has all.
            for name in (LINKED_MAP, MODULE):
                copy_whole(here.folder / name, place / name)
        return here
    return Link(folder=place, checkout=Path((place / _CHECKOUT).read_text())) if found else here
