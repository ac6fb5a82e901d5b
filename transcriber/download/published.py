"""A file that is published somewhere, known by its size and its sha256 before it is fetched."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """What a download brings: one of OpenAI's models, or the program's CUDA add-on.

    Attributes
    ----------
    name : str
        What it is called in lines about its download.
    address : str
        Where its publisher serves it; empty where that is not known.
    size : int
        Length in bytes.
    sha256 : str
        Digest of its content, in hexadecimal.
    """

    name: str
    address: str
    size: int
    sha256: str

    @property
    def file_name(self) -> str:
        """The last part of its address, which it is stored under."""
        return self.address.rsplit("/", 1)[1]

    @property
    def title(self) -> str:
        """What it is, within a sentence."""
        return self.name

    @property
    def needed_space(self) -> int:
        """Bytes that the disk needs for the whole of it, and for what is made of it."""
        return self.size

    @property
    def space_advice(self) -> str:
        """What to do where they are not free."""
        return "free some space"

    @property
    def source_advice(self) -> str:
        """What to do where no source brings it."""
        return "check the network, or name another source"
