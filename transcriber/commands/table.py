"""The table of sub-commands: each is the module of its name in this package."""

from __future__ import annotations

from collections.abc import Mapping

SUBCOMMANDS: Mapping[str, str] = {
    "models": "The models: what there is, what is stored, and getting them.",
    "cuda": "The CUDA add-on, which lets the program use an NVIDIA GPU: getting it, and its state.",
    "doctor": "What was found on this machine, and what it means for transcribing.",
    "verify": "Whether files that were downloaded are what was published: their signatures.",
}
"""What each is for, as its help says it."""
