"""Where the add-on is: named by the user, in the program, beside it, or in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from transcriber.beside import appimage_file, native_executable
from transcriber.cuda.addon import VARIABLE, Addon, published_addon
from transcriber.cuda.store import damage, stored_path
from transcriber.machine.packages import module_file, package_version

INSIDE = "torch/lib/libtorch_cuda.so"
"""Where it is in a program or an environment that has it built in."""

STRIPPED = "+whisper"
"""What the version of our own PyTorch has in it. Any other one has its CUDA built in or has none,
and cannot load an add-on."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was found.

    Attributes
    ----------
    path : Path or None
        The shared object.
    origin : str
        Where it was found, in words; where nothing was, why.
    packed : Path or None
        The xz file beside the program, where there is nothing unpacked.
    damaged : tuple of str
        Files of the right name that were passed over, each with the reason.
    wanted : bool
        Whether fetching the add-on would help.
    """

    path: Path | None = None
    origin: str = ""
    packed: Path | None = None
    damaged: tuple[str, ...] = ()
    wanted: bool = False


def find_addon(environment: Mapping[str, str] = os.environ, *, remembered: bool = True) -> Search:
    """Look for the add-on; nothing is loaded.

    A file that the user names, or that is a part of the program, is taken as it is. Any other one
    must have the size and the sha256 that this program was built with.

    Parameters
    ----------
    environment : mapping
        Where the user may name a file.
    remembered : bool
        Whether a digest that was computed before may be used while the file looks unchanged.
    """
    named = environment.get(VARIABLE, "")
    if named:
        there = os.path.isfile(named)
        return Search(
            path=Path(named) if there else None,
            origin=f"named by {VARIABLE}" if there else f"{VARIABLE} names no file: {named}",
        )
    version = package_version("torch", "torch") or ""
    if STRIPPED not in version:
        return Search(origin=f"not for this PyTorch, {version or 'which is missing'}")
    inside = _inside()
    if inside and inside.is_file():
        return Search(path=inside, origin="a part of the program")
    addon = published_addon()
    if addon is None:
        return Search(origin="this program was built without an add-on")
    if addon.torch != version:
        return Search(origin=f"made for PyTorch {addon.torch}, and this is {version}")
    return _find_published(addon, remembered=remembered)


def _find_published(addon: Addon, *, remembered: bool) -> Search:
    """Look for `addon` where it may have been put or fetched to."""
    damaged: list[str] = []
    for path, origin in _places(addon):
        if path.is_file():
            reason = damage(path, addon, remembered=remembered)
            if not reason:
                return Search(path=path, origin=origin, damaged=tuple(damaged))
            damaged.append(f"{path}: {reason}")
    beside = program_folder()
    packed = beside / addon.file_name if beside else None
    return Search(
        origin="not fetched yet",
        packed=packed if packed and packed.is_file() else None,
        damaged=tuple(damaged),
        wanted=True,
    )


def in_words(found: Search) -> list[str]:
    """Return what was found as lines: where the add-on is or how to get it, and what is damaged."""
    if found.path:
        state = f"here: {found.path} ({found.origin})"
    elif found.packed:
        state = f"here, and unpacked at the next use: {found.packed}"
    else:
        remedy = "; `transcriber cuda fetch` gets it" if found.wanted else ""
        state = f"not here: {found.origin}{remedy}"
    return [state, *(f"damaged: {line}" for line in found.damaged)]


def with_addon(environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """Return `environment` with the add-on that was found in it, for PyTorch to load.

    The environment of this process is changed itself, because PyTorch will read it here, too.
    """
    found = find_addon(environment)
    if found.path is None or environment.get(VARIABLE):
        return environment
    if environment is os.environ:
        os.environ[VARIABLE] = str(found.path)
        return environment
    return {**environment, VARIABLE: str(found.path)}


def program_folder() -> Path | None:
    """Return the folder where a user would put something beside the program.

    That is where the AppImage is, or the executable; Python's has other things in it.
    """
    program = appimage_file() or native_executable()
    return program.parent if program else None


def _inside() -> Path | None:
    executable = native_executable()
    if executable:
        return executable.parent / INSIDE
    torch = module_file("torch")
    return torch.parents[1] / INSIDE if torch else None


def _places(addon: Addon) -> Iterator[tuple[Path, str]]:
    beside = program_folder()
    if beside:
        yield beside / addon.library_name, "beside the program"
    yield stored_path(addon), "in the cache"
