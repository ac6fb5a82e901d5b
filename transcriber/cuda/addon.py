"""The CUDA add-on as it is published: what it is called, and what its bytes must be."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources

from transcriber.download.published import PublishedFile
from transcriber.errors import DependencyError

VARIABLE = "TORCH_CUDA_ADDON"
"""Names the add-on that PyTorch loads."""

MIRROR_VARIABLE = "TRANSCRIBER_CUDA_MIRROR"
"""Names addresses that the add-on is fetched from."""

DESCRIPTION = "cuda/addon.toml"
"""The file in the package ``transcriber`` that says which add-on belongs to this program."""


@dataclass(frozen=True, kw_only=True)
class Addon(PublishedFile):
    """The add-on that belongs to this program: a shared object, published as an xz file.

    Attributes
    ----------
    file : str
        Name of the xz file, whose size and sha256 are those of `PublishedFile`.
    torch : str
        Version of the PyTorch that it is made for, such as ``2.6.0+whisper.cpu``.
    abi : str
        The ELF symbol version by which it asks for that build of it.
    library_size : int
        Length of the shared object in bytes.
    library_sha256 : str
        Its digest, in hexadecimal.
    """

    file: str
    torch: str
    abi: str
    library_size: int
    library_sha256: str

    @property
    def file_name(self) -> str:
        """The name that it is published under."""
        return self.file

    @property
    def library_name(self) -> str:
        """The name of what is unpacked from it, as ``xz --decompress`` gives it."""
        return self.file.removesuffix(".xz")

    @property
    def title(self) -> str:
        """What it is, within a sentence."""
        return "the CUDA add-on"

    @property
    def needed_space(self) -> int:
        """Bytes of the file and of the shared object, which lie side by side for a moment."""
        return self.size + self.library_size

    @property
    def source_advice(self) -> str:
        """What to do where no source brings it."""
        return "check the network, or name another source with --cuda_mirror"


@functools.cache
def published_addon() -> Addon | None:
    """Return the add-on that belongs to this program, or None where none was made for it."""
    text = resources.files("transcriber").joinpath(DESCRIPTION).read_text("utf-8")
    return addon_from(text)


def addon_from(text: str) -> Addon | None:
    """Return the add-on that the TOML document `text` describes; an empty one describes none."""
    fields = tomllib.loads(text)
    if not fields:
        return None
    folder = fields.pop("address").rstrip("/")
    address = f"{folder}/{fields['file']}" if folder else ""
    return Addon(name="CUDA add-on", address=address, **fields)


def require_addon() -> Addon:
    """Return the add-on that belongs to this program.

    Raises
    ------
    DependencyError
        When none was made for it.
    """
    addon = published_addon()
    if addon is None:
        raise DependencyError(
            "this program was built without a CUDA add-on",
            f"build both anew from the source (`make addon`), or name a fitting one in {VARIABLE}",
        )
    return addon
