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
    """

    name: str
    selection: str
    compression: Compression

    @property
    def appimage(self) -> str:
        """The file name of its AppImage."""
        return f"transcriber-{self.name}-x86_64.AppImage"


ULTRA_LEAN = Edition(name="ultra-lean", selection="slim", compression=SMALLEST)
"""The smallest file that does the whole job."""

LEAN = Edition(name="lean", selection="wide", compression=QUICKEST)
"""Reads every format that the program lets ffmpeg open, and starts sooner."""

EDITIONS = {edition.name: edition for edition in (ULTRA_LEAN, LEAN)}
