"""Stage addon: the CUDA add-on as it is given away, and what the program must know of it.

``python -m native_build.addon``, which ``make addon`` calls. The same shared object gives the same
bytes, with one version of liblzma.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import os
import sys
from pathlib import Path

from buildkit.commands import ending_in_one_line, say
from buildkit.errors import InputError
from buildkit.files import atomic_writer
from buildkit.places import CHECKOUT
from native_build.addon_parts import AddonParts, check_addon, read_parts
from native_build.addon_wheel import make_addon_wheel
from scripts.layout import DISTRIBUTION
from torch_build.build import WHEEL
from transcriber.cuda.addon import DESCRIPTION, Addon, addon_from
from transcriber.errors import TranscriberError

FOLDER = CHECKOUT / "build/torch-cuda/addon"
PROGRAM = CHECKOUT / "transcriber"

FILTERS = (
    {
        "id": lzma.FILTER_LZMA2,
        # Its extreme variant leaves 1 % less in 1.6 times the time.
        "preset": 9,
        # As much memory as unpacking takes; most of the add-on repeats itself within that.
        "dict_size": 64 << 20,
        # The instructions of a GPU have 16 bytes, at multiples of 16: 4 % fewer bytes than with
        # the usual figures, which are for text.
        "lc": 2,
        "lp": 2,
        "pb": 4,
    },
)

_BLOCK = 1 << 20

_HEADER = """\
# The CUDA add-on that belongs to the PyTorch of this program. native_build/addon.py writes this
# file where it packs one (`make addon`).
"""


def pack_addon(
    parts: AddonParts, torch: Path, output: Path, description: Path, *, address: str = ""
) -> Path:
    """Pack the shared object, and describe it for the program.

    Parameters
    ----------
    parts : AddonParts
        From `read_parts`.
    torch : Path
        The wheel of the PyTorch that it belongs to.
    output : Path
        The folder for the xz file.
    description : Path
        The file that the program has, ``transcriber/cuda/addon.toml``.
    address : str
        The web folder where the xz file will be; when empty, that of the present description.

    Returns
    -------
    Path
        The xz file.

    Raises
    ------
    InputError
        When the shared object does not belong to that PyTorch, or no system could load it.
    StorageError
        When a file cannot be written.
    """
    abi = check_addon(parts, torch)
    version = torch_version(torch)
    packed = output / f"libtorch_cuda-{version.partition('+')[0]}-x86_64.so.xz"
    size, digest = _compress(parts.library, packed)
    addon = Addon(
        name="CUDA add-on",
        address=address or _known_address(description),
        file=packed.name,
        torch=version,
        abi=abi,
        size=packed.stat().st_size,
        sha256=_sha256(packed),
        library_size=size,
        library_sha256=digest,
    )
    with atomic_writer(description) as stream:
        stream.write(describe(addon).encode())
    return packed


def describe(addon: Addon) -> str:
    """Return the TOML document that `transcriber.cuda.addon.addon_from` reads."""
    names = ("torch", "abi", "file", "size", "sha256", "library_size", "library_sha256", "address")
    values = ((name, getattr(addon, name)) for name in names)
    lines = [
        f"{name} = {value}" if isinstance(value, int) else f'{name} = "{value}"'
        for name, value in values
    ]
    return _HEADER + "\n".join(lines) + "\n"


def torch_version(wheel: Path) -> str:
    """Return the version of PyTorch that a wheel's name states."""
    name, version, *_ = wheel.name.split("-")
    if name != "torch":
        raise InputError(f"{wheel} is no wheel of PyTorch", "name that in dist/")
    return version


def _compress(library: Path, packed: Path) -> tuple[int, str]:
    """Return the size and the digest of the shared object that was packed."""
    digest = hashlib.sha256()
    compressor = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=FILTERS)
    with library.open("rb") as source, atomic_writer(packed) as stream:
        while block := source.read(_BLOCK):
            digest.update(block)
            stream.write(compressor.compress(block))
        stream.write(compressor.flush())
        return source.tell(), digest.hexdigest()


def _known_address(description: Path) -> str:
    known = addon_from(description.read_text()) if description.is_file() else None
    return known.address.removesuffix(f"/{known.file}") if known else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def main() -> int:
    """Pack the add-on, and make its wheel.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="native_build.addon", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--torch", type=Path, default=DISTRIBUTION / WHEEL)
    parser.add_argument("--output", type=Path, default=DISTRIBUTION)
    parser.add_argument("--description", type=Path, default=PROGRAM / DESCRIPTION)
    options = parser.parse_args()

    def work() -> int:
        parts = read_parts(options.folder)
        packed = pack_addon(
            parts,
            options.torch,
            options.output,
            options.description,
            address=os.environ.get("CUDA_ADDRESS", ""),
        )
        wheel = make_addon_wheel(parts, torch_version(options.torch), options.output)
        for path in (parts.library, packed, wheel):
            say(f"addon: {path.name} has {path.stat().st_size:,} bytes")
        say(f"addon: {options.description.name} describes it; build the program anew")
        return 0

    return ending_in_one_line("addon", work, TranscriberError)


if __name__ == "__main__":
    sys.exit(main())
