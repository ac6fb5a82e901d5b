"""The table of sub-commands: each is a module in `transcriber.commands`."""

from __future__ import annotations

from collections.abc import Mapping

SUBCOMMANDS: Mapping[str, str] = {
    "ui": "The page in your browser: drop recordings, read, listen, correct.",
    "serve": "The server: OpenAI's interface for other programs, and the page.",
    "jobs": "The queue of a running service: list, add, cancel, pause, export.",
    "watch": "Folders: what arrives in them is transcribed once it is whole.",
    "live": "Captions of the microphone, of what is played, or of a pipe.",
    "dictate": "Dictation: what you say is in the clipboard, or where you write.",
    "models": "The models: list, fetch, verify, import, remove, path.",
    "cuda": "The add-on for NVIDIA GPUs: status, fetch, import, remove.",
    "doctor": "What was found on this machine, and what it means.",
    "verify": "Whether files that were downloaded are what was published.",
    "self-update": "A newer AppImage, signed, in the place of this one.",
    "completion": "The script that completes command lines in bash, zsh or fish.",
    "man": "The manual.",
}
"""What each is for, as its help says it."""


def module_of(name: str) -> str:
    """Return the name of the module of a sub-command."""
    return f"transcriber.commands.{name.replace('-', '_')}"
