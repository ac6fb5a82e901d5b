"""The native program, which needs no Python: built by the recipe in native-build/."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from buildkit.commands import last_line, run_quietly
from buildkit.errors import ToolError, UsageError
from buildkit.places import CHECKOUT
from scripts.detector_files import provide_detector
from scripts.environment import only_one, run_module
from scripts.layout import CHECKPOINTS, DISTRIBUTION, MODELS, SPEECH
from scripts.pins import read_pins
from scripts.torch_environments import not_built, provide_stripped_torch

NATIVE_PROGRAM = CHECKOUT / "build/native/program/ultra-lean/transcriber.bin"

SMALLEST_APPIMAGE = DISTRIBUTION / "transcriber-ultra-lean-x86_64.AppImage"

EDITIONS = ("ultra-lean", "lean")
"""The recipe's names of what is given away."""

ALL_EDITIONS = (*EDITIONS, "cuda")
"""With what is only built where it is named, since it needs the CUDA add-on."""


def provide_native_program() -> Path:
    """Build the native program, or as much of it as has changed.

    Returns
    -------
    Path
        Its executable.

    Raises
    ------
    BuildError
        When what it is built from cannot be had.
    ToolError
        When it cannot be built; what went wrong was printed.
    """
    _build()
    return NATIVE_PROGRAM


def provide_appimages(editions: Sequence[str] = EDITIONS) -> None:
    """Build the AppImages into the folder for what is given away.

    Raises
    ------
    BuildError
        When what they are built from cannot be had.
    ToolError
        When they cannot be built; what went wrong was printed.
    """
    _build("--appimages", *editions)


def pack_addon() -> None:
    """Pack the CUDA add-on that was built into the folder for what is given away.

    Raises
    ------
    BuildError
        When the wheel of PyTorch cannot be had.
    ToolError
        When there is no add-on, or it cannot be packed; what went wrong was printed.
    """
    wheel = provide_stripped_torch()
    with only_one():
        if run_module("native_build.addon", "--torch", wheel):
            raise ToolError(
                "the CUDA add-on could not be packed, the reason is above", "mend that, try again"
            )


def check_publishing(update_address: str, sign_key: str, minisign_key: str = "") -> None:
    """Check what only those give who publish; all may be empty.

    Raises
    ------
    UsageError
        When the address is none of a web folder, GnuPG has no secret key of that name, or minisign
        cannot sign with that file; the reason was printed.
    """
    check_address("UPDATE_ADDRESS", update_address)
    if re.search(r"[\s|]", update_address):
        raise UsageError("UPDATE_ADDRESS has a blank or a bar in it", "write them as %20 and %7C")
    if sign_key:
        code, output = run_quietly(["gpg", "--batch", "--list-secret-keys", "--", sign_key])
        if code:
            raise UsageError(f"SIGN_KEY={sign_key}: {last_line(output)}", "name another key")
    if minisign_key and not os.path.isfile(minisign_key):
        raise UsageError(f"MINISIGN_KEY={minisign_key} is no file", "name another file")
    # By this Python, as there may be no environment yet: it gets minisign, too.
    if minisign_key and run_module("native_build.minisign", minisign_key, python=sys.executable):
        raise UsageError(
            f"MINISIGN_KEY={minisign_key} cannot be used, the reason is above", "name another file"
        )


def check_address(name: str, address: str) -> None:
    """Check that the setting `name` is the address of a web folder, or empty.

    Raises
    ------
    UsageError
        When it is not.
    """
    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UsageError(
            f"{name}={address} is no address of a web folder", "give it as https://host/folder"
        )


def trace_modules() -> int:
    """Write the lists of modules and files that the program uses, and return the exit code."""
    places = ("--models", MODELS, "--checkpoints", CHECKPOINTS, "--speech", SPEECH)
    return run_module("native_build.module_trace", *places)


def _build(*words: str) -> None:
    provide_detector(read_pins().detector)
    wheel = provide_stripped_torch()
    # Two would empty the same folders.
    with only_one():
        if run_module("native_build", "--torch", wheel, *words):
            raise not_built("the native program")
