"""The editions of the program: what one has and the other has not."""

from __future__ import annotations

from dataclasses import dataclass

from native_build.pack import QUICKEST, SMALLEST, Compression


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What makes an edition.

    Attributes
    ----------
    name : str
        As files are named after it.
    selection : str
        Which recordings ffmpeg reads, a part of ``ffmpeg.toml``.
    compression : Compression
        How its AppImage is compressed.
    addon : bool
        Whether it has the CUDA add-on built in.
    """

    name: str
    selection: str
    compression: Compression
    addon: bool = False

    @property
    def appimage(self) -> str:
        """The file name of its AppImage."""
        return f"transcriber-{self.name}-x86_64.AppImage"


ULTRA_LEAN = Edition(name="ultra-lean", selection="slim", compression=SMALLEST)
"""The smallest file that does the whole job."""

LEAN = Edition(name="lean", selection="wide", compression=QUICKEST)
"""Reads every format that the program lets ffmpeg open, and starts sooner."""

CUDA = Edition(name="cuda", selection="wide", compression=SMALLEST, addon=True)
"""The lean one with the CUDA add-on in it, for those who have an NVIDIA GPU and no network.

It is a file of its own, because the add-on is several times as large as all the rest: built into
the lean one, everybody would fetch it, and most have no use for it. GPU code repeats itself at
a distance, so that the large blocks matter: 65 MB left 8.0, and 9.7 in those of the lean one.
"""

EDITIONS = {edition.name: edition for edition in (ULTRA_LEAN, LEAN)}
"""What is built unless another is named."""

ALL_EDITIONS = {**EDITIONS, CUDA.name: CUDA}
"""With those that need more than the recipe makes by itself."""
